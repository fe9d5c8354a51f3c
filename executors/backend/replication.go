package backend

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a replication.
const (
	maxOptions    = 64 // about a datacenter each
	maxOptionName = 128
)

// locator is the package that Cassandra takes a class from if none is named.
const locator = "org.apache.cassandra.locator."

// CheckReplication says why a keyspace may not be replicated so: it has a class, and at least one count.
func CheckReplication(replication map[string]string) error {
	class := replication["class"]
	switch {
	case class == "" || len(class) > maxOptionName || !every(class, "."):
		return fmt.Errorf("%w: replication class %s: not a class", ErrInvalid, shown(class))
	case len(replication) < 2:
		return fmt.Errorf("%w: replication: says nowhere how many replicas", ErrInvalid)
	case len(replication) > maxOptions:
		return fmt.Errorf("%w: replication: %d options, of at most %d", ErrInvalid, len(replication), maxOptions)
	}
	for _, option := range slices.Sorted(maps.Keys(replication)) {
		if option == "class" {
			continue
		}
		if option == "" || len(option) > maxOptionName || !every(option, "._- ") {
			return fmt.Errorf("%w: replication option %s: neither replication_factor nor a datacenter", ErrInvalid, shown(option))
		}
		if !isCount(replication[option]) {
			return fmt.Errorf("%w: replication %s %s: not a count of 0 to %d", ErrInvalid, option, shown(replication[option]), maxReplication)
		}
	}
	return nil
}

// isCount knows "3", and "3/1" where one of them is transient.
func isCount(text string) bool {
	all, transient, some := strings.Cut(text, "/")
	n, err := strconv.ParseUint(all, 10, 16)
	if err != nil || n > maxReplication {
		return false
	}
	if !some {
		return true
	}
	t, err := strconv.ParseUint(transient, 10, 16)
	return err == nil && t < n
}

// ShortClass is a copy of a replication whose class has lost Cassandra's own package.
func ShortClass(replication map[string]string) map[string]string {
	out := maps.Clone(replication)
	if class, named := out["class"]; named {
		out["class"] = strings.TrimPrefix(class, locator)
	}
	return out
}
