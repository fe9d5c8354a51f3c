package crash

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/executors/sim/openstack"
	"yardmaster/executors/sim/rabbit"
	"yardmaster/tests/harness"
	"yardmaster/tests/notices"
)

// stack is a cloud that notifies a RabbitMQ, and a server that consumes from it with the file of a StackTach worker.
type stack struct {
	*harness.Server
	t      *testing.T
	rabbit *harness.Rabbit
	client *client.Client
	all    []notices.Notice
	to     *notices.Publisher

	publishing chan error // of what is published in the background
}

// newStack has n notifications ready to be published. The server is not started.
func newStack(t *testing.T, n int) *stack {
	t.Helper()
	// All of it lies within the last day, so that the server tells of all requests.
	cloud := openstack.New(openstack.Options{Seed: 21, Start: time.Now().Add(-20 * time.Hour).Truncate(time.Minute), Pace: 8 * time.Second})
	s := &stack{t: t, rabbit: harness.StartRabbit(t), all: notices.Take(cloud, n)}
	topology := notices.TopologyOf(s.all)
	s.to = &notices.Publisher{URL: s.rabbit.URL(), Topology: topology}
	dir := t.TempDir()
	file := filepath.Join(dir, "stacktach.json")
	writeFile(t, file, topology.StackTach(s.rabbit.Host, s.rabbit.Port, rabbit.User, rabbit.Password))
	s.Server = harness.New(t, harness.Options{Dir: dir, YAML: "log: {level: info}\nheketi: {executor: sim}\nsim: {nodes: 1, devices_per_node: 1}\n",
		Env: []string{"STACKTACH_DEPLOYMENTS_FILE=" + file}})
	s.client = client.New(s.URL, "admin", harness.AdminKey)
	return s
}

// publish begins to publish some of the notifications, behind those that are under way.
func (s *stack) publish(some []notices.Notice) {
	s.t.Helper()
	s.published()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	s.publishing = done
	go func() { done <- s.to.Publish(ctx, some) }()
	s.t.Cleanup(cancel)
}

// published waits until the broker has confirmed all that was begun.
func (s *stack) published() {
	s.t.Helper()
	if s.publishing == nil {
		return
	}
	if err := <-s.publishing; err != nil {
		s.t.Fatal(err)
	}
	s.publishing = nil
}

// noticed waits until the broker knows that the server that was killed is gone. What that one had in hand is back in its place then:
// a server that comes before would be given what follows on it first.
func (s *stack) noticed() {
	s.t.Helper()
	harness.Eventually(s.t, time.Minute, "the broker has noticed the end of the server", func() bool {
		q, err := s.to.Look()
		return err == nil && q.Consumers == 0
	})
}

// eventStats is what the server tells of its events.
type eventStats struct {
	Stored     map[string]int
	Duplicates int
	Dead       int `json:"dead_letters"`
	Faults     int
	Kept       map[string]struct{ Events int }
}

func (s *stack) stats() (e eventStats) {
	s.t.Helper()
	s.get("/events/stats", &e)
	return e
}

// kept is how many notifications are stored.
func (e eventStats) kept() (n int) {
	for service, k := range e.Kept {
		if service != "yard" {
			n += k.Events
		}
	}
	return n
}

func (s *stack) get(path string, out any) {
	s.t.Helper()
	if err := s.client.Get(s.t.Context(), path, out); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
}

// silence is how long nothing may come until nothing is expected to.
const silence = 10 * time.Second

// drained waits until so many notifications are stored, or no more come, and then requires that nothing is left at the broker.
func (s *stack) drained(n int) {
	s.t.Helper()
	s.published()
	last, since := 0, time.Now()
	harness.Eventually(s.t, 10*time.Minute, "no more notifications come", func() bool {
		kept := s.stats().kept()
		if kept != last {
			last, since = kept, time.Now()
		}
		return kept >= n || time.Since(since) > silence
	})
	s.settled()
}

// settled waits until nothing comes from the broker any more, restarts the server and requires that nothing is left there: what is in
// hand at a stop may come again.
func (s *stack) settled() {
	s.t.Helper()
	last, since := eventStats{}, time.Now()
	harness.Eventually(s.t, time.Minute, "no message waits, nor is one in hand", func() bool {
		q, err := s.to.Look()
		now := s.stats()
		if err != nil || q.Waiting > 0 || now.kept() != last.kept() || now.Duplicates != last.Duplicates || now.Dead != last.Dead {
			last, since = now, time.Now()
		}
		return time.Since(since) > time.Second
	})
	s.Stop()
	if q, err := s.to.Look(); err != nil || q.Waiting > 0 {
		s.t.Errorf("%d messages are never acknowledged, %v", q.Waiting, err)
	}
	s.Start()
}

// finish stops the server in order and has it look at its own records.
func (s *stack) finish() {
	s.t.Helper()
	s.Stop()
	s.Check()
}
