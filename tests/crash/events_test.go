package crash

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/tests/harness"
	"yardmaster/tests/notices"
)

// notifications makes a long run: go test ./tests/crash -run Notifications -timeout 30m -notifications 50000
var notifications = flag.Int("notifications", 0, "have so many notifications arrive while the server is killed 20 times, instead of a few")

// killed has all notifications arrive while the server is cut off so often at random moments, and gives how often some were on
// their way just then.
func (s *stack) killed(kills int) (cut int) {
	s.t.Helper()
	dice := rand.New(rand.NewPCG(17, 0))
	n := len(s.all)
	for k := range kills + 1 {
		s.publish(s.all[k*n/(kills+1) : (k+1)*n/(kills+1)])
		s.Start()
		if k == kills {
			return cut
		}
		pause(s.t.Context(), time.Duration(dice.IntN(150))*time.Millisecond)
		s.Kill()
		s.noticed()
		if q, err := s.to.Look(); err == nil && q.Waiting > 0 {
			cut++
		}
	}
	return cut
}

// TestRabbitMQServerKilledUnderNotifications cuts the server off at random moments while notifications arrive. A queue gives back
// what was not acknowledged in its old place, so that the order of each one must be kept over every cut.
func TestRabbitMQServerKilledUnderNotifications(t *testing.T) {
	kills, n := times(20), 500*times(20)
	if *notifications > 0 {
		kills, n = 20, *notifications
	}
	s := newStack(t, n)
	cut := s.killed(kills)
	s.drained(n)
	arrived := s.once()
	s.inOrder(arrived, nil)
	s.follows(s.all)
	s.finish()
	t.Logf("%d notifications; %d of %d times the server was killed some were on their way", n, cut, kills)
	if kills >= 20 && cut < kills/10 {
		t.Error("the test shows little")
	}
}

// TestRabbitMQKilledUnderNotifications cuts the broker off while notifications go in and out of it. What it did not confirm is sent
// again, and may have been there already, or come behind what was sent after it.
func TestRabbitMQKilledUnderNotifications(t *testing.T) {
	kills := max(times(3), 2)
	n := 1000 * kills
	if *notifications > 0 {
		kills, n = 10, *notifications
	}
	s := newStack(t, n)
	s.Start()
	dice := rand.New(rand.NewPCG(18, 0))
	for k := range kills {
		s.publish(s.all[k*n/kills : (k+1)*n/kills])
		pause(t.Context(), time.Duration(dice.IntN(40))*time.Millisecond)
		s.rabbit.KillAndStart()
	}
	s.drained(n)
	arrived := s.once()
	s.inOrder(arrived, s.to.Unsure)
	s.follows(arrived)
	s.finish()
	t.Logf("%d notifications were sent %d times, with %d in doubt, to a broker that was killed %d times", n, s.to.Sent, len(s.to.Unsure), kills)
	if kills > 2 && s.to.Sent == n {
		t.Error("the test shows little: the broker had confirmed all before it was killed")
	}
}

// TestRabbitMQNotificationsTwice has every notification come twice, one behind the other or a while later, and then once more from
// elsewhere, before and after the server has forgotten all that it does not read from its file.
func TestRabbitMQNotificationsTwice(t *testing.T) {
	const n = 2000
	s := newStack(t, n)
	s.Start()
	var twice []notices.Notice
	for i, some := range slices.Collect(slices.Chunk(s.all, 100)) {
		if i%2 == 0 {
			twice = append(append(twice, some...), some...)
			continue
		}
		for _, one := range some {
			twice = append(twice, one, one)
		}
	}
	s.publish(twice)
	harness.Eventually(t, time.Minute, "every notification has come twice", func() bool { return s.stats().Duplicates >= n })
	if got := s.stats(); got.Duplicates != n || got.kept() != n {
		t.Errorf("%d came twice and %d are stored, of %d", got.Duplicates, got.kept(), n)
	}
	s.postKnown()
	s.drained(n)
	s.postKnown()
	arrived := s.once()
	s.inOrder(arrived, nil)
	s.follows(s.all)
	s.finish()
}

// postKnown sends every notification to the API of a server that has all of them.
func (s *stack) postKnown() {
	s.t.Helper()
	var all []client.Notification
	for i := range s.all {
		n := &s.all[i]
		all = append(all, client.Notification{Deployment: n.Deployment, Exchange: n.Exchange, RoutingKey: n.RoutingKey, Body: n.Body})
	}
	got, err := s.client.Notify(s.t.Context(), all)
	if want := (client.Receipt{Duplicates: len(all)}); err != nil || got != want {
		s.t.Errorf("%d known notifications: %+v %v", len(all), got, err)
	}
}

// poisons are messages that nobody can understand. Each %d makes them messages of their own.
var poisons = []string{
	"", "%d is no notification", "[%d]", `"%d"`, "{", "null %d", `{"message_id": "%d"}`,
	`{"oslo.version": "2.0", "oslo.message": "{%d"}`,
	`{"event_type": "compute.instance.update", "publisher_id": "compute.a", "message_id": "%d", "timestamp": "yesterday", "payload": {}}`,
	`{"event_type": "compute.instance.update", "publisher_id": "compute.a", "message_id": "%d", "payload": {"instance_id": "` + "\xff\xfe" + `"`,
	"\x80\x04\x95%d",
}

// TestRabbitMQPoisonBetweenNotifications mixes messages that nobody understands with the others, and kills the server in between:
// they must be kept for somebody to look at, and keep no other from being stored.
func TestRabbitMQPoisonBetweenNotifications(t *testing.T) {
	kills, n := times(5), 1500
	s := newStack(t, n)
	good := s.all
	s.all = nil
	dead := map[string]bool{}
	for i, one := range good {
		s.all = append(s.all, one)
		if i%10 != 5 {
			continue
		}
		poison := one
		poison.Body = []byte(strings.ReplaceAll(poisons[i/10%len(poisons)], "%d", strconv.Itoa(i)))
		dead[one.RoutingKey+" "+asText(poison.Body)] = true
		s.all = append(s.all, poison)
	}
	s.killed(kills)
	s.all = good
	s.drained(n)
	arrived := s.once()
	s.inOrder(arrived, nil)
	s.follows(good)
	for _, l := range s.letters() {
		what := l.RoutingKey + " " + l.Body
		if !dead[what] || l.Reason == "" || l.Times < 1 || l.Exchange == "" || l.Deployment == "" {
			t.Errorf("dead letter %+v", l)
		}
		delete(dead, what)
	}
	for what := range dead {
		t.Errorf("no dead letter: %q", what)
	}
	s.finish()
}

// asText is a body as JSON can tell of it.
func asText(body []byte) (text string) {
	raw, err := json.Marshal(string(body))
	if err == nil {
		err = json.Unmarshal(raw, &text)
	}
	if err != nil {
		panic(err) // there is no such text
	}
	return text
}

type letter struct {
	ID                                 int64
	Deployment, Exchange, Reason, Body string
	RoutingKey                         string `json:"routing_key"`
	Times                              int
}

// letters are all dead letters with their bodies.
func (s *stack) letters() (all []letter) {
	s.t.Helper()
	before := ""
	for {
		var page struct {
			Letters []letter `json:"dead_letters"`
		}
		s.get("/events/dead-letters?limit=1000"+before, &page)
		if len(page.Letters) == 0 {
			return all
		}
		for _, l := range page.Letters {
			before = fmt.Sprintf("&before=%d", l.ID)
			s.get(fmt.Sprintf("/events/dead-letters/%d", l.ID), &l)
			all = append(all, l)
		}
	}
}
