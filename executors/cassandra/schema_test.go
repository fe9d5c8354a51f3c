package cassandra_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

const (
	selectReplication = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?"
	preparedID        = "p1"
)

var (
	createRule = regexp.MustCompile(`^CREATE KEYSPACE IF NOT EXISTS "([A-Za-z0-9_]+)" WITH replication = \{(.*)\} AND durable_writes = true$`)
	dropRule   = regexp.MustCompile(`^DROP KEYSPACE IF EXISTS "([A-Za-z0-9_]+)"$`)
	optionRule = regexp.MustCompile(`^'([^']+)': '([^']+)'$`)
)

// query answers a statement. What the yard is not to say is an error.
func (c *cluster) query(statement string) ([]byte, error) {
	switch statement {
	case "SELECT * FROM system.local WHERE key='local'":
		row := host(1, c.dc)
		return rows(row, row), nil
	case "SELECT schema_version FROM system.local WHERE key='local'":
		row := []column{{"schema_version", out{}.short(typeUUID), uuid(1)}}
		return rows(row, row), nil
	case "SELECT * FROM system.peers":
		return c.peers(), nil
	}
	if c.refuse != nil {
		if r := c.refuse(statement); r != nil {
			return nil, r
		}
	}
	c.said = append(c.said, statement)
	if m := createRule.FindStringSubmatch(statement); m != nil {
		return c.create(m[1], m[2])
	}
	if m := dropRule.FindStringSubmatch(statement); m != nil {
		return c.change("DROPPED", m[1], c.keyspaces[m[1]] != nil, func() { delete(c.keyspaces, m[1]) }), nil
	}
	return nil, &refusal{gocql.ErrCodeSyntax, "no viable alternative at " + statement}
}

func (c *cluster) create(name, options string) ([]byte, error) {
	replication := map[string]string{}
	for _, o := range strings.Split(options, ", ") {
		m := optionRule.FindStringSubmatch(o)
		if m == nil {
			return nil, &refusal{gocql.ErrCodeSyntax, "no option: " + o}
		}
		replication[m[1]] = m[2]
	}
	if class := replication["class"]; !strings.Contains(class, ".") { // a Cassandra stores it so
		replication["class"] = "org.apache.cassandra.locator." + class
	}
	return c.change("CREATED", name, c.keyspaces[name] == nil, func() { c.keyspaces[name] = replication }), nil
}

// change changes the schema, if there is something to change.
func (c *cluster) change(how, name string, changes bool, do func()) []byte {
	if !changes {
		return out{}.int(resultVoid)
	}
	do()
	return out{}.int(resultSchemaChange).str(how).str("KEYSPACE").str(name)
}

// host is a row about a node.
func host(n byte, dc string) []column {
	return []column{
		{"host_id", out{}.short(typeUUID), uuid(n)},
		text("data_center", dc),
		text("rack", "r1"),
		text("release_version", "3.11.17"),
		text("partitioner", "org.apache.cassandra.dht.Murmur3Partitioner"),
		{"rpc_address", out{}.short(typeInet), []byte{192, 0, 2, n}}, // which nobody can reach
		{"tokens", out{}.short(typeSet).short(typeText), out{}.int(1).texts(fmt.Sprint(n))},
		{"schema_version", out{}.short(typeUUID), uuid(1)},
	}
}

func uuid(n byte) []byte {
	id := make([]byte, 16)
	id[6], id[8], id[15] = 0x40, 0x80, n
	return id
}

// peers tells of one peer, which may not have heard of the last change.
func (c *cluster) peers() []byte {
	row := host(2, c.dc)
	if c.disagree != 0 {
		c.disagree--
		row[len(row)-1].value = uuid(9)
	}
	return rows(row, row)
}

func prepare(statement string) ([]byte, error) {
	if statement != selectReplication {
		return nil, &refusal{gocql.ErrCodeSyntax, "not to be prepared: " + statement}
	}
	o := out{}.int(resultPrepared).str(preparedID)
	o = o.int(1).int(1).int(1).short(0).str("system_schema").str("keyspaces").str("keyspace_name").short(typeText)
	return o.describe([]column{replicationColumn(nil)}), nil
}

func (c *cluster) execute(b *in) ([]byte, error) {
	id := b.take(b.short())
	b.short() // consistency
	flags := b.take(1)
	values := b.short()
	name := b.bytes()
	if b.err != nil || string(id) != preparedID || flags[0]&1 == 0 || values != 1 {
		return nil, fmt.Errorf("not to be executed: %q with %d values: %w", id, values, b.err)
	}
	replication, there := c.keyspaces[string(name)]
	if !there {
		return rows([]column{replicationColumn(nil)}), nil
	}
	row := []column{replicationColumn(replication)}
	return rows(row, row), nil
}

func replicationColumn(m map[string]string) column {
	o := out{}.int(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		o = o.texts(k, m[k])
	}
	return column{"replication", out{}.short(typeMap).short(typeText).short(typeText), o}
}
