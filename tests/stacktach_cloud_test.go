package tests

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/sim/openstack"
	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
)

// cloudEvents is how many notifications of the simulated cloud are published.
const cloudEvents = 6000

// Two cells on one broker, told apart by their routing keys: one with a queue for each key, one with patterns. What comes by the
// exchange openstack is of no service that StackTach knew.
var cells = topology{
	{"cell-1", []queue{{"nova", "cell-1.info", "cell-1.monitor.info"}, {"nova", "cell-1.error", "cell-1.monitor.error"},
		{"glance", "cell-1.glance", "cell-1.monitor_glance.*"}, {"openstack", "cell-1.others", "notifications.#"}}},
	{"cell-2", []queue{{"nova", "cell-2.nova", "cell-2.monitor.*"}, {"glance", "cell-2.glance.info", "cell-2.monitor_glance.info"},
		{"glance", "cell-2.glance.error", "cell-2.monitor_glance.error"}}},
}

// queueOf is the queue that a message of the cells goes through.
func queueOf(m stackmodel.Message) string {
	if m.Deployment == "cell-1" && m.Exchange == "nova" || m.Deployment == "cell-2" && m.Exchange == "glance" {
		return m.Deployment + m.Exchange + m.RoutingKey
	}
	return m.Deployment + m.Exchange
}

// cloud is a seeded day and more of two cells: every seventh message comes in an envelope.
func cloud(t testing.TB) []stackmodel.Message {
	t.Helper()
	const audit = 4 * time.Hour // of which the start is a multiple, so that the hour of the test changes nothing
	c := openstack.New(openstack.Options{Seed: 4, Start: time.Now().Add(-31 * time.Hour).Truncate(audit), Pace: 150 * time.Second, Audit: audit})
	all := make([]stackmodel.Message, 0, cloudEvents)
	latest := time.Now().Add(-2 * time.Minute)
	for len(all) < cloudEvents {
		m := c.Next()
		if m.When.After(latest) {
			t.Fatalf("the cloud reaches into the future with %d messages", len(all))
		}
		if len(all)%7 == 0 {
			m.Body = envelope(m.Body)
		}
		all = append(all, stackmodel.Message{Deployment: m.Deployment, Exchange: m.Exchange, RoutingKey: m.Deployment + "." + m.RoutingKey, Body: m.Body})
	}
	return all
}

// poison is what no consumer can understand.
func poison(cell string) (all []stackmodel.Message) {
	for _, body := range []string{"[]", "no JSON at all", "", `{"event_type": "compute.instance.update"`, `{"oslo.version": "2.0", "oslo.message": "{"}`,
		`{"event_type": "compute.instance.update", "publisher_id": "compute.a", "timestamp": "yesterday", "payload": {}}`,
		`{"publisher_id": "compute.a", "timestamp": "2026-01-02 03:04:05", "payload": {}}`, "null", "\x00\xff\xfe"} {
		all = append(all, stackmodel.Message{Deployment: cell, Exchange: "nova", RoutingKey: cell + ".monitor.info", Body: []byte(body)})
	}
	return all
}

// fill publishes everything, some of it twice and poison between it, waits until the server has it, and tells the model.
func (s *stack) fill(r *harness.Rabbit) {
	s.Helper()
	told := slices.Concat(cloud(s), handMade(), others())
	var sent []stackmodel.Message
	for i, m := range told {
		switch {
		case i%997 == 500:
			sent = append(sent, poison("cell-1")...)
		case i%997 == 600:
			sent = append(sent, poison("cell-2")...)
		}
		if sent = append(sent, m); i%100 == 42 {
			sent = append(sent, m) // delivered twice
		}
	}
	cells.consumed(s, r)
	publish(s, r, sent)
	want := map[string]int{}
	for _, m := range told {
		want[tableOf(m)]++
	}
	harness.Eventually(s, within, "every message is stored", func() bool {
		for service, n := range want {
			if s.counted(service) < n {
				return false
			}
		}
		return true
	})
	for service, n := range want {
		expect(s, "events of "+service, s.counted(service), n)
	}
	s.learn(told)
}

// tableOf is the service of a message.
func tableOf(m stackmodel.Message) string {
	if m.Exchange == "nova" || m.Exchange == "glance" {
		return m.Exchange
	}
	return stackmodel.Generic
}

// learn finds out in which order messages arrived, which several queues leave open, and tells the model of them in that order. Each must
// be there once, those of a queue in their order, and ids count from 1.
func (s *stack) learn(told []stackmodel.Message) {
	s.Helper()
	s.model = stackmodel.New(s.deployments())
	for _, service := range []string{stackmodel.Nova, stackmodel.Glance, stackmodel.Generic} {
		ids := s.ids(service)
		ordered := map[int64]stackmodel.Message{}
		last := map[string]int64{}
		rising := true
		for _, m := range told {
			if tableOf(m) != service {
				continue
			}
			key := keyOf(s, m)
			if len(ids[key]) == 0 {
				s.Fatalf("%s is not there, or not as often as it was sent", key)
			}
			id := ids[key][0]
			ids[key] = ids[key][1:]
			ordered[id] = m
			rising = rising && id > last[queueOf(m)]
			last[queueOf(m)] = id
		}
		expectThat(s, "the order of each queue is kept", rising, service)
		for id := int64(1); id <= int64(len(ordered)); id++ {
			m, there := ordered[id]
			if !there {
				s.Fatalf("ids of %s have a hole at %d", service, id)
			}
			if _, err := s.model.Add(m); err != nil {
				s.Fatal(err)
			}
		}
		expect(s, "the model has as many", len(s.model.Raws(service)), len(ordered))
	}
}

func (s *stack) deployments() map[string]int64 {
	s.Helper()
	var rows [][]any
	if err := s.asks("/stacky/deployments/", nil).JSON(&rows); err != nil {
		s.Fatal(err)
	}
	ids := map[string]int64{}
	for _, row := range rows[1:] {
		ids[row[1].(string)] = int64(row[0].(float64))
	}
	return ids
}

// keyOf tells messages apart by what rows show of them.
func keyOf(t testing.TB, m stackmodel.Message) string {
	t.Helper()
	r, err := stackmodel.Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(stackmodel.When(r.When), r.Deployment, r.Event, r.Host)
}

// ids reads the ids of all events of a service, a thousand a page, by what rows show.
func (s *stack) ids(service string) map[string][]int64 {
	s.Helper()
	ids := map[string][]int64{}
	for offset := 0; ; offset += 1000 {
		var rows [][]any
		a := s.asks("/stacky/search/", q{"service", service, "field", "id__gte", "value", "1", "limit", "1000", "offset", fmt.Sprint(offset)})
		if err := a.JSON(&rows); err != nil {
			s.Fatal(err)
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows[1:] {
			key := fmt.Sprint(row[2], row[3], row[4], row[5])
			ids[key] = append(ids[key], int64(row[0].(float64)))
		}
	}
	for _, all := range ids {
		slices.Sort(all)
	}
	return ids
}

// sample draws from what the model has, the same every time.
type sample struct {
	*rand.Rand
	m *stackmodel.Model
}

func (s *stack) sample() sample { return sample{rand.New(rand.NewPCG(1, 2)), s.model} }

// some is n different values that messages of a service have.
func (p sample) some(service string, n int, of func(*stackmodel.Raw) string) []string {
	seen := map[string]bool{}
	var all []string
	for _, r := range p.m.Raws(service) {
		if v := of(r); v != "" && !seen[v] {
			seen[v] = true
			all = append(all, v)
		}
	}
	slices.Sort(all) // several queues arrive in another order every time
	p.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

func instanceOf(r *stackmodel.Raw) string {
	s, _ := r.Instance.(string)
	return s
}

func imageOf(r *stackmodel.Raw) string {
	s, _ := r.UUID.(string)
	return s
}

func requestOf(r *stackmodel.Raw) string {
	if !strings.HasPrefix(r.RequestID, "req-") {
		return ""
	}
	return r.RequestID
}

// decoded is the JSON of a text, for comparing it with another.
func decoded(t testing.TB, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return v
}
