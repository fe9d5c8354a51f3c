package backend

import (
	"fmt"
	"strconv"
	"strings"
)

// The bounds of what may be asked for.
const (
	maxTopicName    = 249
	maxPartitions   = 10_000
	maxReplication  = 32
	maxKeyspaceName = 48
	maxShown        = 64 // bytes of a bad name that an error repeats
)

// CheckTopic says why a topic may not have this name. Names that begin with two underscores belong to the broker.
func CheckTopic(name string) error {
	switch {
	case name == "" || len(name) > maxTopicName:
		return fmt.Errorf("%w: topic %s: a name has 1 to %d bytes", ErrInvalid, shown(name), maxTopicName)
	case !every(name, "._-"):
		return fmt.Errorf("%w: topic %s: a name has letters, digits, '.', '_' and '-'", ErrInvalid, shown(name))
	case name == "." || name == "..":
		return fmt.Errorf("%w: topic %s: not a name", ErrInvalid, shown(name))
	case strings.HasPrefix(name, "__"):
		return fmt.Errorf("%w: topic %s: such names are the broker's own", ErrInvalid, shown(name))
	}
	return nil
}

// CheckSize says why a topic may not be this large.
func CheckSize(partitions int32, replication int16) error {
	switch {
	case partitions < 1 || partitions > maxPartitions:
		return fmt.Errorf("%w: partitions %d: not within 1 to %d", ErrInvalid, partitions, maxPartitions)
	case replication != BrokerDefault && (replication < 1 || replication > maxReplication):
		return fmt.Errorf("%w: replication %d: neither within 1 to %d nor %d for the broker's default",
			ErrInvalid, replication, maxReplication, BrokerDefault)
	}
	return nil
}

// CheckKeyspace says why a keyspace may not have this name. Names that begin with "system" belong to the cluster.
func CheckKeyspace(name string) error {
	switch {
	case name == "" || len(name) > maxKeyspaceName:
		return fmt.Errorf("%w: keyspace %s: a name has 1 to %d bytes", ErrInvalid, shown(name), maxKeyspaceName)
	case !every(name, "_"):
		return fmt.Errorf("%w: keyspace %s: a name has letters, digits and '_'", ErrInvalid, shown(name))
	}
	if lower := strings.ToLower(name); lower == "system" || strings.HasPrefix(lower, "system_") {
		return fmt.Errorf("%w: keyspace %s: such names are the cluster's own", ErrInvalid, shown(name))
	}
	return nil
}

// every says that a name has ASCII letters, digits and the others only.
func every(name, others string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

func shown(name string) string {
	if len(name) > maxShown {
		return strconv.Quote(strings.ToValidUTF8(name[:maxShown], "")) + "..."
	}
	return strconv.Quote(name)
}
