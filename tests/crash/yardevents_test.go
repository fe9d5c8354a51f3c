package crash

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/tests/harness"
	"yardmaster/tests/inventory"
)

// stored is what GET /events shows of an event.
type stored struct {
	ID         int64
	Type       string
	RoutingKey string `json:"routing_key"`
	Instance   *string
	MessageID  string `json:"message_id"`
	When       time.Time
}

// eventsOf is every event of a service, in the order of arrival.
func eventsOf(t *testing.T, c *client.Client, service string) (all []stored) {
	t.Helper()
	for {
		var page struct{ Events []stored }
		if err := c.Get(t.Context(), fmt.Sprintf("/events?service=%s&limit=1000&offset=%d", service, len(all)), &page); err != nil {
			t.Fatal(err)
		}
		if all = append(all, page.Events...); len(page.Events) < 1000 {
			slices.SortFunc(all, func(a, b stored) int { return cmp.Compare(a.ID, b.ID) })
			return all
		}
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// operations are all that there are.
func operations(t *testing.T, c *client.Client) (all []client.Operation) {
	t.Helper()
	for after := ""; ; {
		var page struct {
			Operations []client.Operation
			Next       string
		}
		if err := c.Get(t.Context(), "/operations?limit=1000&after="+url.QueryEscape(after), &page); err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Operations...)
		if after = page.Next; after == "" {
			return all
		}
	}
}

// TestOperationsAreEventsOnceThoughTheServerIsKilled has machines be made and thrown away, some of them in vain, while the server is
// cut off at random moments: an operation and the events of it lie in two files that no transaction spans.
func TestOperationsAreEventsOnceThoughTheServerIsKilled(t *testing.T) {
	y := startCrowd(t, crowdOptions{failPercent: 20})
	c := client.New(y.URL, "admin", harness.AdminKey)
	y.begin(8, 1<<30)
	dice := rand.New(rand.NewPCG(19, 0))
	for range times(10) {
		pause(t.Context(), time.Duration(20+dice.IntN(500))*time.Millisecond)
		y.KillAndStart()
	}
	close(y.end)
	y.work.Wait()
	var ops []client.Operation
	harness.Eventually(t, time.Minute, "two events of every operation, and all of them have ended", func() bool {
		y.settled()
		live, err := inventory.Live(t.Context(), c)
		ops = operations(t, c)
		return err == nil && len(live) == 0 && len(eventsOf(t, c, "yard")) >= 2*len(ops)
	})
	states := eventsAgree(t, ops, eventsOf(t, c, "yard"))
	subjects(t, c, ops)
	y.Stop()
	y.Check()
	t.Logf("%d operations: %v", len(ops), states)
	if states["succeeded"] == 0 || states["failed"] == 0 {
		t.Error("the test shows little")
	}
}

// eventsAgree requires of every operation a start and, behind it, the end that it had, and no other event. It counts the ends.
func eventsAgree(t *testing.T, ops []client.Operation, all []stored) map[string]int {
	t.Helper()
	events := map[string]stored{}
	for _, e := range all {
		if other, twice := events[e.MessageID]; twice {
			t.Errorf("events %d and %d are both %s", other.ID, e.ID, e.MessageID)
		}
		events[e.MessageID] = e
	}
	states := map[string]int{}
	for _, op := range ops {
		states[op.State]++
		end := "yardmaster." + op.Kind + ".end"
		if op.State != "succeeded" {
			end = "yardmaster." + op.Kind + ".error"
		}
		from, to := events[op.ID+".start"], events[op.ID+".end"]
		switch {
		case from.Type != "yardmaster."+op.Kind+".start" || to.Type != end || from.ID >= to.ID || text(from.Instance) != text(to.Instance):
			t.Errorf("operation %+v\nbegan as %+v\nended as %+v", op, from, to)
		case !to.When.Equal(op.Finished.Truncate(time.Microsecond)) || !op.Started.IsZero() && !from.When.Equal(op.Started.Truncate(time.Microsecond)):
			t.Errorf("operation %+v\nbegan at %v\nended at %v", op, from.When, to.When)
		}
	}
	if len(all) != 2*len(ops) {
		t.Errorf("%d events of %d operations", len(all), len(ops))
	}
	return states
}

// subjects requires that the timings of whatever was worked on are those of its operations.
func subjects(t *testing.T, c *client.Client, ops []client.Operation) {
	t.Helper()
	want := map[string][]string{}
	for _, op := range ops {
		subject := op.ID
		if len(op.Targets) > 0 {
			_, subject, _ = strings.Cut(op.Targets[0], "/")
		}
		want[subject] = append(want[subject], "yardmaster."+op.Kind)
	}
	checked := 0
	for subject, kinds := range want {
		if checked++; checked > 200 {
			return
		}
		var rows [][]string
		if err := c.Get(t.Context(), "/stacky/timings/uuid/?"+url.Values{"service": {"yard"}, "uuid": {subject}}.Encode(), &rows); err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
		var got []string
		for _, row := range rows[1:] {
			if row[0] != "." {
				t.Errorf("%s: %v", subject, row)
			}
			got = append(got, row[1])
		}
		slices.Sort(kinds)
		slices.Sort(got)
		if !slices.Equal(got, kinds) {
			t.Errorf("timings of %s: %v, want %v", subject, got, kinds)
		}
	}
}
