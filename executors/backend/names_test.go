package backend

import (
	"errors"
	"maps"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNamesAreTakenOrRefusedByTheirRule(t *testing.T) {
	for _, tt := range []struct {
		name            string
		topic, keyspace bool
	}{
		{"mdm", true, true},
		{"mdm_2_main", true, true},
		{"Mdm-2.main", true, false},
		{"9lives", true, true},
		{"_hidden", true, true},
		{strings.Repeat("k", 48), true, true},
		{strings.Repeat("k", 49), true, false},
		{strings.Repeat("t", 249), true, false},
		{strings.Repeat("t", 250), false, false},
		{"", false, false},
		{".", false, false},
		{"..", false, false},
		{"...", true, false},
		{"__consumer_offsets", false, true},
		{"system", true, false},
		{"System_Auth", true, false},
		{"systems", true, true},
		{"a b", false, false},
		{"a\"; DROP KEYSPACE b; --", false, false},
		{"a'b", false, false},
		{"a\nb", false, false},
		{"müll", false, false},
		{"\xff", false, false},
	} {
		if err := CheckTopic(tt.name); (err == nil) != tt.topic || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("topic %q: %v", tt.name, err)
		}
		if err := CheckKeyspace(tt.name); (err == nil) != tt.keyspace || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("keyspace %q: %v", tt.name, err)
		}
	}
}

func TestSizesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		partitions  int32
		replication int16
		word        string // of the error; "" for none
	}{
		{1, 1, ""}, {10_000, 32, ""}, {8, BrokerDefault, ""},
		{0, 1, "partitions 0"}, {-1, 1, "partitions -1"}, {10_001, 1, "partitions 10001"},
		{1, 0, "replication 0"}, {1, -2, "replication -2"}, {1, 33, "replication 33"},
	} {
		err := CheckSize(tt.partitions, tt.replication)
		if tt.word == "" && err != nil || tt.word != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.word)) {
			t.Errorf("%d x %d: %v", tt.partitions, tt.replication, err)
		}
	}
}

func TestReplicationNamesAClassAndItsCounts(t *testing.T) {
	many := map[string]string{"class": "NetworkTopologyStrategy"}
	for i := range maxOptions {
		many[strings.Repeat("d", i+1)] = "1"
	}
	for _, tt := range []struct {
		name string
		in   map[string]string
		word string // of the error; "" for none
	}{
		{"one factor", map[string]string{"class": "SimpleStrategy", "replication_factor": "3"}, ""},
		{"datacenters", map[string]string{"class": "NetworkTopologyStrategy", "us-east": "3", "eu west.1": "0"}, ""},
		{"transient", map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "3/1"}, ""},
		{"nothing", nil, "class"},
		{"no class", map[string]string{"replication_factor": "1"}, "class"},
		{"no count", map[string]string{"class": "SimpleStrategy"}, "how many"},
		{"quote in the class", map[string]string{"class": "S'", "dc": "1"}, "class"},
		{"quote in an option", map[string]string{"class": "S", "d'c": "1"}, "option"},
		{"empty option", map[string]string{"class": "S", "": "1"}, "option"},
		{"no number", map[string]string{"class": "S", "dc1": "three"}, "dc1"},
		{"too many replicas", map[string]string{"class": "S", "dc1": "33"}, "dc1"},
		{"negative", map[string]string{"class": "S", "dc1": "-1"}, "dc1"},
		{"all transient", map[string]string{"class": "S", "dc1": "3/3"}, "dc1"},
		{"quote in a count", map[string]string{"class": "S", "dc1": "1'"}, "dc1"},
		{"too many options", many, "options"},
	} {
		err := CheckReplication(tt.in)
		if tt.word == "" && err != nil || tt.word != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tt.word)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestWhatAServerToldHoldsNoSecretAndNoEnd(t *testing.T) {
	got := Told("user yard:\n  password s3cret is \xff wrong "+strings.Repeat("ä", maxText), "s3cret", "")
	if strings.Contains(got, "s3cret") || strings.Contains(got, "\n") || len(got) > maxText+3 || !utf8.ValidString(got) {
		t.Errorf("got %q", got)
	}
	if !strings.HasPrefix(got, "user yard: password (hidden) is wrong") {
		t.Errorf("got %q", got)
	}
}

var (
	topicRule    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)
	keyspaceRule = regexp.MustCompile(`^[A-Za-z0-9_]{1,48}$`)
)

func FuzzNames(f *testing.F) {
	for _, seed := range []string{"mdm", "", "..", "__x", "system_auth", "a\"b", strings.Repeat("x", 250), "\xff\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckTopic(name) == nil && !topicRule.MatchString(name) {
			t.Errorf("topic %q was taken", name)
		}
		if CheckKeyspace(name) == nil && !keyspaceRule.MatchString(name) {
			t.Errorf("keyspace %q was taken", name)
		}
	})
}

func FuzzReplication(f *testing.F) {
	f.Add("SimpleStrategy", "replication_factor", "3")
	f.Add("Network'TopologyStrategy", "dc'1", "3/1")
	f.Fuzz(func(t *testing.T, class, option, count string) {
		in := map[string]string{"class": class, option: count}
		before := maps.Clone(in)
		err := CheckReplication(in)
		if err == nil && strings.ContainsAny(in["class"]+option+count, "'\"\\{}\n;") {
			t.Errorf("%q was taken", in)
		}
		if err != nil && !errors.Is(err, ErrInvalid) || !maps.Equal(in, before) {
			t.Errorf("%v of %q", err, in)
		}
	})
}
