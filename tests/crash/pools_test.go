package crash

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// crowdFor makes a long run of the crowds: go test ./tests/crash -run GivenTwice -timeout 30m -crowd 10m
var crowdFor = flag.Duration("crowd", 0, "let each crowd take and give back for so long, instead of a number of times")

// queueCounts is what /status counts.
type queueCounts struct{ Pending, Ready, Running, Completed, Total int }

// yardStatus is what a crowd reads of /status.
type yardStatus struct {
	Queue       queueCounts
	Pools       map[string]queueCounts
	Clone, Boot struct{ Count struct{ Total int } }
}

func (c *crowd) status() (s yardStatus, err error) {
	code, body, err := c.send(http.MethodGet, "/api/v1/status", nil)
	if err != nil || code != http.StatusOK {
		return s, errors.Join(err, fmt.Errorf("status: %d", code))
	}
	return s, json.Unmarshal(body, &s)
}

// settled waits until every pool is full and nothing is on its way any more.
func (c *crowd) settled() (s yardStatus) {
	c.t.Helper()
	harness.Eventually(c.t, 3*time.Minute, "the pools have settled", func() bool {
		var err error
		s, err = c.status()
		return err == nil && s.Queue.Ready == 20 && s.Queue.Pending == 0 && s.Queue.Completed == 0
	})
	var sum queueCounts
	for _, p := range s.Pools {
		sum.Ready += p.Ready
		sum.Running += p.Running
		sum.Pending += p.Pending
	}
	sum.Total = sum.Ready + sum.Running + sum.Pending
	if sum != s.Queue {
		c.t.Errorf("the pools add up to %+v, and the queue to %+v", sum, s.Queue)
	}
	return s
}

// finish waits until the clients have been served, gives back what nobody learned of, and holds what must then be true.
func (c *crowd) finish() yardStatus {
	c.t.Helper()
	c.work.Wait()
	_, lost := c.agreed()
	if most := 3 * c.lost; len(lost) > most {
		c.t.Errorf("%d machines are running of which nobody knows, and %d answers got lost", len(lost), c.lost)
	}
	for _, name := range lost {
		if code, body, err := c.send(http.MethodDelete, "/api/v1/vm/"+name, nil); err != nil || code != http.StatusOK {
			c.t.Errorf("return of %s: %d %s %v", name, code, body, err)
		}
	}
	last, left := c.agreed()
	if len(left) > 0 {
		c.t.Errorf("machines are left: %v", left)
	}
	if made := last.Boot.Count.Total; c.sameDay() && made < len(c.given)+len(lost)+20 {
		c.t.Errorf("%d machines became ready today, and %d were given, %d lost, 20 are there", made, len(c.given), len(lost))
	}
	c.Stop()
	c.Check()
	c.t.Logf("%d checkouts of %d machines; %d answers lost, %d machines with them", c.served, len(c.given), c.lost, len(lost))
	return last
}

// agreed waits until machines and records are the same, and gives the machines that are checked out. It looks again where they
// differ: a machine that waits may seem broken just then, and be replaced.
func (c *crowd) agreed() (s yardStatus, running []string) {
	c.t.Helper()
	var faults []string
	until := time.Now().Add(recovery)
	for {
		s = c.settled()
		running, faults = c.differences(s.Queue)
		if len(faults) == 0 {
			return s, running
		}
		if time.Now().After(until) {
			break
		}
		pause(c.t.Context(), 100*time.Millisecond)
	}
	for _, f := range faults {
		c.t.Error(f)
	}
	return s, running
}

// differences holds the simulator's file against the records, machine by machine. None may be one that a client had: all of those
// were given back.
func (c *crowd) differences(q queueCounts) (running, faults []string) {
	c.t.Helper()
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	there, half := c.machines()
	if len(half) > 0 {
		fault("machines are half made: %v", half)
	}
	if len(there) != q.Total {
		fault("%d machines are there, and the records know of %d", len(there), q.Total)
	}
	for _, name := range there {
		if client, had := c.given[name]; had {
			fault("machine %s was given back by %d, and is there", name, client)
		}
		switch state := c.state(name); state {
		case "running":
			running = append(running, name)
		case "ready", "pending": // one that was not looked at again is said to be pending
		default:
			fault("machine %s is there, and its record: %s", name, state)
		}
	}
	if len(running) != q.Running {
		fault("%d machines are running, and /status says %d", len(running), q.Running)
	}
	return running, faults
}

// state is what the records say of a machine, in a word or in the words of a refusal.
func (c *crowd) state(name string) string {
	code, body, err := c.send(http.MethodGet, "/api/v1/vm/"+name, nil)
	var answer map[string]json.RawMessage
	var vm struct{ State string }
	if err != nil || code != http.StatusOK || json.Unmarshal(body, &answer) != nil || json.Unmarshal(answer[name], &vm) != nil {
		return fmt.Sprintf("%d %s %v", code, body, err)
	}
	return vm.State
}

// machines are the names in the simulator's file, and those of them whose making was cut off.
func (c *crowd) machines() (names, half []string) {
	c.t.Helper()
	raw, err := os.ReadFile(c.file)
	if err != nil {
		c.t.Fatal(err)
	}
	var world struct {
		Machines []struct {
			Name string
			Half bool
		}
	}
	if err := json.Unmarshal(raw, &world); err != nil {
		c.t.Fatal(err)
	}
	for _, m := range world.Machines {
		names = append(names, m.Name)
		if m.Half {
			half = append(half, m.Name)
		}
	}
	return names, half
}

// sameDay says whether the counts of today are those of the whole test.
func (c *crowd) sameDay() bool { return c.began.UTC().YearDay() == time.Now().UTC().YearDay() }

// lets runs clients until each was served so often, or for as long as the flag says.
func (c *crowd) lets(clients, rounds int) {
	if *crowdFor == 0 {
		c.begin(clients, rounds)
		return
	}
	c.begin(clients, 1<<30)
	pause(c.t.Context(), *crowdFor)
	close(c.end)
}

func TestNoMachineIsGivenTwiceOverHTTP(t *testing.T) {
	c := startCrowd(t, crowdOptions{})
	c.lets(64, times(12))
	s := c.finish()
	if c.lost > 0 {
		t.Errorf("%d requests were not answered", c.lost)
	}
	if c.served < 64*times(12) {
		t.Errorf("%d checkouts were served", c.served)
	}
	if made := len(c.given) + 20; c.sameDay() && (s.Clone.Count.Total != made || s.Boot.Count.Total != made) {
		t.Errorf("%d machines were given and 20 are there; counted are %d clones and %d boots", len(c.given), s.Clone.Count.Total, s.Boot.Count.Total)
	}
}

func TestNoMachineIsGivenTwiceThoughTheServerIsKilled(t *testing.T) {
	c := startCrowd(t, crowdOptions{failPercent: 20})
	c.begin(64, 1<<30)
	dice := rand.New(rand.NewPCG(3, 3))
	end := time.Now().Add(*crowdFor)
	for killed := 0; killed < times(20) || time.Now().Before(end); killed++ {
		pause(t.Context(), time.Duration(20+dice.IntN(600))*time.Millisecond)
		c.KillAndStart()
	}
	close(c.end)
	c.finish()
	if c.served == 0 {
		t.Error("nobody was served")
	}
}

// TestAPoolIsFilledByWorkersOverRedis has no worker in the server: two processes beside it run the operations, and one of them is
// killed in the middle of making machines.
func TestAPoolIsFilledByWorkersOverRedis(t *testing.T) {
	redis := harness.StartRedis(t)
	c := startCrowd(t, crowdOptions{clone: 500 * time.Millisecond,
		yaml: fmt.Sprintf("redis: {url: %q}\nworkers: {concurrency: 0}\n", redis.URL)})
	worker := func(name string) *harness.Process {
		w := c.Worker(name, "YARDMASTER_WORKERS_CONCURRENCY=4")
		if err := w.Start(); err != nil {
			t.Fatal(err)
		}
		return w
	}
	first := worker("first")
	harness.Eventually(t, time.Minute, "the first machines are ready, and others are made", func() bool {
		s, err := c.status()
		return err == nil && s.Queue.Ready > 2 && s.Queue.Pending > 4
	})
	first.Kill()
	second := worker("second")
	c.begin(4, 5)
	c.finish()
	if c.served != 20 {
		t.Errorf("%d checkouts were served, want 20", c.served)
	}
	second.Stop()
}
