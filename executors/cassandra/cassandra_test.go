package cassandra_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"go.uber.org/goleak"

	"yardmaster/executors/backend"
	"yardmaster/executors/backend/backendtest"
	"yardmaster/executors/cassandra"
)

// TestMain waits a little longer than others for goroutines to end: the driver's heartbeat beats once a second.
func TestMain(m *testing.M) {
	code := m.Run()
	err := goleak.Find()
	for range 4 {
		if err != nil {
			err = goleak.Find() // each looks for a while
		}
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const (
	secret  = "canary-password-0815"
	timeout = 2 * time.Second
)

// admin is the one under test.
func admin(t *testing.T, o cassandra.Options) *cassandra.Admin {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Timeout == 0 {
		o.Timeout = timeout
	}
	a, err := cassandra.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func simple() map[string]string {
	return map[string]string{"class": "SimpleStrategy", "replication_factor": "1"}
}

func TestAClusterKeepsThePromises(t *testing.T) {
	backendtest.Keyspaces(t, func(t *testing.T) backendtest.KeyspaceWorld {
		c := newCluster(t)
		c.user, c.password = "yard", secret
		o := cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, User: "yard", Password: secret}
		return backendtest.KeyspaceWorld{
			Server:    backendtest.Server{Timeout: timeout, Down: c.cut, Hang: c.hang, Forbid: c.forbid, Secrets: []string{secret}},
			Keyspaces: admin(t, o), Other: admin(t, o),
		}
	})
}

// YARDMASTER_TEST_CASSANDRA names a node without TLS and without users, whose keyspaces the test may make and drop.
func TestARealClusterKeepsThePromises(t *testing.T) {
	named := os.Getenv("YARDMASTER_TEST_CASSANDRA")
	if named == "" {
		t.Skip("this world has no Cassandra; YARDMASTER_TEST_CASSANDRA names one")
	}
	backendtest.Keyspaces(t, func(t *testing.T) backendtest.KeyspaceWorld {
		o := cassandra.Options{Hosts: []string{named}, Plaintext: true, Timeout: time.Minute}
		return backendtest.KeyspaceWorld{Server: backendtest.Server{Timeout: time.Minute, Patient: true}, Keyspaces: admin(t, o), Other: admin(t, o)}
	})
}

func TestWhatIsSaid(t *testing.T) {
	c := newCluster(t)
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true})
	for range 2 {
		if err := a.EnsureKeyspace(t.Context(), "Mt_7", map[string]string{"us-east": "3", "class": "NetworkTopologyStrategy", "dc1": "2"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.DropKeyspace(t.Context(), "Mt_7"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`CREATE KEYSPACE IF NOT EXISTS "Mt_7" WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': '2', 'us-east': '3'} AND durable_writes = true`,
		`DROP KEYSPACE IF EXISTS "Mt_7"`,
	}
	if got := c.statements(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestNothingConnectsUntilSomethingIsAskedNorStaysConnected(t *testing.T) {
	c := newCluster(t)
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true})
	connections := func() (open, seen int) {
		c.set(func() { open, seen = len(c.conns), c.seen })
		return open, seen
	}
	if _, seen := connections(); seen != 0 {
		t.Errorf("%d connections", seen)
	}
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		open, seen := connections()
		if open == 0 && seen > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d connections are open", open, seen)
		}
	}
}

func TestAnswersOfANodeAreSorted(t *testing.T) {
	for _, tt := range []struct {
		name string
		code int
		want error
	}{
		{"unauthorized", gocql.ErrCodeUnauthorized, backend.ErrForbidden},
		{"invalid", gocql.ErrCodeInvalid, backend.ErrInvalid},
		{"configuration", gocql.ErrCodeConfig, backend.ErrInvalid},
		{"syntax", gocql.ErrCodeSyntax, backend.ErrInvalid},
		{"overloaded", gocql.ErrCodeOverloaded, backend.ErrUnavailable},
		{"bootstrapping", gocql.ErrCodeBootstrapping, backend.ErrUnavailable},
		{"server", gocql.ErrCodeServer, backend.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.user, c.password = "yard", secret
			c.refuse = func(string) *refusal { return &refusal{tt.code, "because so:\n" + secret} }
			a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, User: "yard", Password: secret})
			err := a.EnsureKeyspace(t.Context(), "mt", simple())
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "ensure keyspace mt") || !strings.Contains(err.Error(), "because so") {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it tells too much: %v", err)
			}
		})
	}
}

func TestWhoSignsInWrongIsRefusedAndItsPasswordIsToldNobody(t *testing.T) {
	for _, tt := range []struct {
		name, user, password string
		want                 error
	}{
		{"right", "yard", secret, nil},
		{"wrong", "yard", secret + "!", backend.ErrForbidden},
		{"nobody", "", "", backend.ErrForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.user, c.password = "yard", secret
			var logged bytes.Buffer
			a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, User: tt.user, Password: tt.password,
				Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			err := a.EnsureKeyspace(t.Context(), "mt", simple())
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.password != "" && (err != nil && strings.Contains(err.Error(), tt.password) || strings.Contains(logged.String(), tt.password)) {
				t.Errorf("the password is told: %v\n%s", err, &logged)
			}
		})
	}
}

func TestTheConnectionIsVerified(t *testing.T) {
	s := httptest.NewTLSServer(nil) // for its certificate, for 127.0.0.1
	s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c := newCluster(t)
	c.config = &tls.Config{Certificates: s.TLS.Certificates}
	node := c.listen()
	for _, tt := range []struct {
		name string
		o    cassandra.Options
		word string // of the error; "" for none
	}{
		{"by the system's roots by default", cassandra.Options{}, "certificate"},
		{"by roots that are given", cassandra.Options{TLS: &tls.Config{RootCAs: pool}}, ""},
		{"by name", cassandra.Options{TLS: &tls.Config{RootCAs: pool, ServerName: "elsewhere.test"}}, "elsewhere.test"},
		{"not at all if asked so", cassandra.Options{TLS: &tls.Config{InsecureSkipVerify: true}}, ""},
		{"and plain text is not taken for it", cassandra.Options{Plaintext: true}, "keyspace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Hosts = []string{node}
			err := admin(t, tt.o).EnsureKeyspace(t.Context(), "mt", simple())
			if tt.word == "" && err != nil {
				t.Error(err)
			}
			if tt.word != "" && (!errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), tt.word)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheFirstNodeThatAnswersIsAsked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	silent, elsewhere, busy, good := newCluster(t), newCluster(t), newCluster(t), newCluster(t)
	hosts := []string{closed, silent.listen(), elsewhere.listen(), busy.listen(), good.listen()}
	silent.hang(t)
	elsewhere.dc = "dc9"
	busy.refuse = func(string) *refusal { return &refusal{gocql.ErrCodeOverloaded, "busy"} }
	a := admin(t, cassandra.Options{Hosts: hosts,
		Plaintext: true, Datacenter: "dc1", Timeout: 15 * time.Second})
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); err != nil {
		t.Fatal(err)
	}
	if len(good.statements()) != 1 || len(elsewhere.statements()) > 0 {
		t.Error("it was made elsewhere")
	}
	if err := admin(t, cassandra.Options{Hosts: hosts[2:3], Plaintext: true, Datacenter: "dc1"}).
		DropKeyspace(t.Context(), "mt"); !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), `"dc9"`) {
		t.Errorf("in no datacenter of ours: %v", err)
	}
}

func TestAPortWhereNobodyListensIsToldAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	a := admin(t, cassandra.Options{Hosts: []string{addr}, Plaintext: true, Timeout: time.Minute})
	start := time.Now()
	err = a.EnsureKeyspace(t.Context(), "mt", simple())
	if !errors.Is(err, backend.ErrUnavailable) || !strings.Contains(err.Error(), "refused") || time.Since(start) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestAllNodesKnowOfAKeyspaceWhenItIsThere(t *testing.T) {
	c := newCluster(t)
	c.disagree = 4 // looks at the peers: the first is the driver's, to learn of the ring
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, Timeout: time.Minute})
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); err != nil {
		t.Fatal(err)
	}
	c.set(func() {
		if c.disagree != 0 {
			t.Errorf("it was not waited for: %d", c.disagree)
		}
	})
}

func TestANodeThatNeverHearsOfAKeyspaceIsToldTheLog(t *testing.T) {
	c := newCluster(t)
	c.disagree = -1
	var logged bytes.Buffer
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); err != nil || !strings.Contains(logged.String(), "not all nodes know") {
		t.Errorf("got %v\n%s", err, &logged)
	}
}

func TestAnotherReplicationIsToldTheLogAndLeft(t *testing.T) {
	topology := map[string]string{"class": "org.apache.cassandra.locator.NetworkTopologyStrategy", "dc1": "3", "dc2": "3"}
	for _, tt := range []struct {
		name        string
		has, wanted map[string]string
		warns       bool
	}{
		{"the same", simple(), simple(), false},
		{"another count", simple(), map[string]string{"class": "SimpleStrategy", "replication_factor": "2"}, true},
		{"another class", topology, simple(), true},
		{"the same datacenters", topology, map[string]string{"class": "NetworkTopologyStrategy", "dc1": "3", "dc2": "3"}, false},
		{"one more datacenter", topology, map[string]string{"class": "NetworkTopologyStrategy", "dc1": "3"}, true},
		{"a factor for all datacenters", topology, map[string]string{"class": "NetworkTopologyStrategy", "replication_factor": "3"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t)
			c.keyspaces["mt"] = tt.has
			var logged bytes.Buffer
			a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
			if err := a.EnsureKeyspace(t.Context(), "mt", tt.wanted); err != nil {
				t.Fatal(err)
			}
			if said := c.statements(); len(said) > 0 || strings.Contains(logged.String(), "in another way") != tt.warns {
				t.Errorf("said %q, logged %s", said, &logged)
			}
		})
	}
}

func TestAUserWithRightsOnOneKeyspaceOnlyMayMakeAndDropItTwice(t *testing.T) {
	c := newCluster(t)
	c.keyspaces["mt"] = simple()
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true})
	c.refuse = func(statement string) *refusal {
		if strings.HasPrefix(statement, "DROP") && c.keyspaces["mt"] != nil {
			return nil
		}
		return &refusal{gocql.ErrCodeUnauthorized, "User yard has no permission"}
	}
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := a.DropKeyspace(t.Context(), "mt"); err != nil {
			t.Error(err)
		}
	}
	if err := a.EnsureKeyspace(t.Context(), "mt", simple()); !errors.Is(err, backend.ErrForbidden) {
		t.Errorf("made anew: %v", err)
	}
}

func TestOneChangeIsMadeAtATime(t *testing.T) {
	c := newCluster(t)
	under, most := 0, 0
	c.refuse = func(string) *refusal {
		under++
		most = max(most, under)
		c.mu.Unlock() // let another in, if there is one
		time.Sleep(5 * time.Millisecond)
		c.mu.Lock()
		under--
		return nil
	}
	a := admin(t, cassandra.Options{Hosts: []string{c.listen()}, Plaintext: true, Timeout: time.Minute})
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			if err := a.EnsureKeyspace(t.Context(), name, simple()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d at a time", most)
	}
}

func TestOptionsAreRefusedByName(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*cassandra.Options)
		word   string
	}{
		{"good", func(*cassandra.Options) {}, ""},
		{"no hosts", func(o *cassandra.Options) { o.Hosts = nil }, "hosts"},
		{"a bad host", func(o *cassandra.Options) { o.Hosts = []string{"a:b:c"} }, `"a:b:c"`},
		{"a bad port", func(o *cassandra.Options) { o.Port = 1 << 16 }, "port"},
		{"a bad time", func(o *cassandra.Options) { o.Timeout = -1 }, "timeout"},
		{"no password", func(o *cassandra.Options) { o.User = "yard" }, "password"},
		{"no user", func(o *cassandra.Options) { o.Password = secret }, "user"},
		{"both", func(o *cassandra.Options) { o.Plaintext, o.TLS = true, &tls.Config{} }, "TLS"},
	} {
		o := cassandra.Options{Hosts: []string{"cassandra", "[::1]:9142"}, Logger: slog.New(slog.DiscardHandler)}
		tt.change(&o)
		a, err := cassandra.New(o)
		if err == nil {
			a.Close()
		}
		if tt.word == "" && err != nil || tt.word != "" && (!errors.Is(err, backend.ErrInvalid) || !strings.Contains(err.Error(), tt.word)) ||
			err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
