package tests

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/sim/openstack"
	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
	"yardmaster/tests/stackyclient"
)

// promisedWithoutBroker is promisedOfEvents for a server without one.
const promisedWithoutBroker = 450

// A server without a broker is told of a cloud by HTTP, as that of the demo is: every command of stacky has something to print, and what
// StackTach never had works too.
func TestStackTachWithoutABroker(t *testing.T) {
	before := expectations.Load()
	y := begin(t, harness.Options{Env: []string{"YARDMASTER_DIALECTS_STACKTACH_ANONYMOUS=read", tokens()}})
	s := meetStack(t, y.server)
	for _, part := range []struct {
		name string
		run  func(*stack)
	}{
		{"an empty server", (*stack).emptyIsTold},
		{"forms of bodies", (*stack).bodiesAreTaken},
		{"dead letters", (*stack).lettersAreRead},
		{"a cloud", (*stack).cloudIsPosted},
		{"stream", (*stack).streamGoesOn},
		{"the yard", func(s *stack) { s.yardIsTold(y) }},
		{"reports", (*stack).reportsArePrinted},
		{"roles", (*stack).rolesAreKept},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(s.sub(t)) })
	}
	held := expectations.Load() - before
	t.Logf("%d expectations on codes, rows and texts", held)
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String(), "/"); whole && !t.Failed() && held < promisedWithoutBroker {
		t.Errorf("%d expectations, %d were promised", held, promisedWithoutBroker)
	}
}

// emptyIsTold: a server that nobody told anything answers everything.
func (s *stack) emptyIsTold() {
	for path, want := range map[string]string{
		"/stacky/deployments/": `[["#", "Name"]]`, "/stacky/events/": `[["Event Name"]]`, "/stacky/hosts/": `[["Host Name"]]`,
		"/stacky/uuid/?uuid=" + crooked: `[]`, "/stacky/timings/uuid/?uuid=" + crooked: `[["?", "Event", "Time (secs)"]]`,
		"/stacky/timings/?name=a.b": `[["a.b", "Time"]]`, "/stacky/summary/": `[["Event", "N", "Min", "Max", "Avg"]]`,
		"/stacky/kpi/": `[["Event", "Time", "UUID", "Deployment"]]`, "/stacky/reports/": `[["Id", "Start", "End", "Created", "Name", "Version"]]`,
		"/stacky/search/?field=id&value=1": `[]`, "/stacky/show/1/": ``, "/db/usage/launches/": `{"launches": []}`,
		"/db/stats/events/": `{"stats": []}`, "/db/stats/nova/exists/": `{"stats": []}`,
	} {
		a := s.asks(path, nil)
		expect(s, path, fmt.Sprint(a.Status, " ", string(a.Body)), "200 "+want)
	}
	var parts []any
	s.ok("watch", s.asks("/stacky/watch/0/", nil).JSON(&parts))
	expectThat(s, "watch before the first event", len(parts) == 3, parts)
	s.prints("watch", func() error { _, err := s.stacky.Poll(s.ctx, &stackyclient.Watch{}); return err }())
}

// receipt says what became of messages.
type receipt struct {
	Stored, Duplicates int
	Dead               int `json:"dead_letters"`
}

// posts sends a body to POST /events as a user of the yard.
func (s *stack) posts(query string, body []byte, header http.Header) (int, receipt) {
	s.Helper()
	status, _, raw := s.call(http.MethodPost, "/events"+query, ci, body, header)
	var got receipt
	if status == http.StatusOK {
		s.ok("receipt", json.Unmarshal(raw, &got))
	}
	return status, got
}

// some are notifications of n different instances.
func some(name string, n int) (all []note) {
	for i := range n {
		when := handMadeDay.Add(time.Duration(i) * time.Second).Format("2006-01-02 15:04:05")
		all = append(all, notification("compute.instance."+name, "compute.host-1", when, "", obj{"instance_id": fmt.Sprint("i-", i)}))
	}
	return all
}

// bodiesAreTaken: one notification or many, bare or with its routing key, packed or not, known or new.
func (s *stack) bodiesAreTaken() {
	const query = "?deployment=by-hand&exchange=nova&routing_key=monitor.info"
	one, three, lines := some("one", 1)[0], some("three", 3), some("lines", 3)
	pair := []any{"monitor.error", some("pair", 1)[0]}
	pairs := []any{[]any{"a.error", some("pairs", 2)[0]}, []any{"a.info", some("pairs", 2)[1]}}
	text := func(v any) []byte {
		raw, err := json.Marshal(v)
		s.ok("body", err)
		return raw
	}
	for _, c := range []struct {
		name   string
		query  string
		body   []byte
		packed bool
		want   receipt
	}{
		{"a notification", query, one.bytes(), false, receipt{Stored: 1}},
		{"the same again", query, one.bytes(), false, receipt{Duplicates: 1}},
		{"the same in an envelope", query, envelope(one.bytes()), false, receipt{Duplicates: 1}},
		{"an array", query, text(three), false, receipt{Stored: 3}},
		{"an array, half of it known", query, text(append(some("four", 2), three[:2]...)), false, receipt{Stored: 2, Duplicates: 2}},
		{"a routing key with its notification", "?exchange=nova", text(pair), false, receipt{Stored: 1}},
		{"an array of those", "", text(pairs), false, receipt{Stored: 2}},
		{"an empty array", query, []byte("[]"), false, receipt{}},
		{"lines, a bad one between them", query,
			bytes.Join([][]byte{lines[0].bytes(), []byte("oops {"), {}, lines[1].bytes(), lines[2].bytes(), {}}, []byte("\n")), false,
			receipt{Stored: 3, Dead: 1}},
		{"the bad line again", query, []byte("oops {"), false, receipt{Dead: 1}},
		{"an array, a bad one in it", query, text([]any{obj{"event_type": "x"}, some("five", 1)[0]}), false, receipt{Stored: 1, Dead: 1}},
		{"packed lines", query, bytes.Join([][]byte{some("packed", 2)[0].bytes(), some("packed", 2)[1].bytes()}, []byte("\r\n")), true, receipt{Stored: 2}},
		{"a packed array", query, text(some("packed.array", 500)), true, receipt{Stored: 500}},
	} {
		header := http.Header{"Content-Type": {"application/json"}}
		if c.packed {
			c.body = packed(c.body)
			header.Set("Content-Encoding", "gzip")
		}
		status, got := s.posts(c.query, c.body, header)
		expect(s, c.name, status, http.StatusOK)
		expect(s, c.name, got, c.want)
	}
	for _, c := range []struct {
		name     string
		body     []byte
		encoding string
		status   int
	}{
		{"nothing", nil, "", http.StatusBadRequest}, {"blanks", []byte(" \n\t"), "", http.StatusBadRequest}, {"no gzip", []byte("{}"), "gzip", http.StatusBadRequest},
		{"half a gzip", packed(one.bytes())[:40], "gzip", http.StatusBadRequest}, {"another packing", one.bytes(), "br", http.StatusBadRequest},
		{"a bomb", packed(bytes.Repeat([]byte(" "), 65<<20)), "gzip", http.StatusRequestEntityTooLarge},
	} {
		header := http.Header{}
		if c.encoding != "" {
			header.Set("Content-Encoding", c.encoding)
		}
		status, _ := s.posts(query, c.body, header)
		expect(s, "POST /events with "+c.name, status, c.status)
	}
	var rows [][]any
	s.ok("deployments", s.asks("/stacky/deployments/", nil).JSON(&rows))
	expect(s, "deployments", len(rows), 3)
	expect(s, "who names none", fmt.Sprint(rows[1][1], rows[2][1]), "by-handdefault")
	s.ok("a pair", s.asks("/stacky/search/", q{"field", "event", "value", "compute.instance.pair"}).JSON(&rows))
	expect(s, "the mark of an error", rows[1][1], "E")
	var event struct {
		Type string
		Body []json.RawMessage
	}
	s.gets("/events/nova/1", eye, &event)
	expect(s, "an event by its id", event.Type, "compute.instance.one")
	s.equal("its body", event.Body[1], one)
}

func packed(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	return out.Bytes()
}

// cloudIsPosted sends the last two hours of a cloud, and runs every command of stacky on it.
func (s *stack) cloudIsPosted() {
	c := openstack.New(openstack.Options{Seed: 1, Start: time.Now().Add(-2 * time.Hour), Pace: 20 * time.Second})
	s.model = stackmodel.New(map[string]int64{"cell-1": 1, "cell-2": 2})
	sent := 0
	type source struct{ deployment, exchange string }
	batches := map[source][]any{}
	for m := c.Next(); m.When.Before(time.Now().Add(-time.Minute)); m = c.Next() {
		from := source{m.Deployment, m.Exchange}
		batches[from] = append(batches[from], []any{m.RoutingKey, json.RawMessage(m.Body)})
		if _, err := s.model.Add(stackmodel.Message{Deployment: m.Deployment, Exchange: m.Exchange, RoutingKey: m.RoutingKey, Body: m.Body}); err != nil {
			s.Fatal(err)
		}
		sent++
	}
	for from, batch := range batches {
		query := url.Values{"deployment": {from.deployment}, "exchange": {from.exchange}}
		raw, err := json.Marshal(batch)
		s.ok("batch", err)
		status, got := s.posts("?"+query.Encode(), raw, nil)
		expect(s, "POST /events", fmt.Sprint(status, got), fmt.Sprint(200, receipt{Stored: len(batch)}))
	}
	expectThat(s, "a cloud has much to tell", sent > 2000, sent)
	s.commands()
	draw := s.sample()
	instance := draw.some("nova", 1, func(r *stackmodel.Raw) string {
		if r.Event != "compute.instance.create.end" {
			return ""
		}
		return instanceOf(r)
	})[0]
	image := draw.some("glance", 1, imageOf)[0]
	s.prints("uuid", s.stacky.UUID(s.ctx, instance, ""), "Events related to "+instance, "compute.instance.create.start", "Time (secs)", "| . |")
	s.prints("uuid of an image", s.stacky.UUID(s.ctx, image, "glance"), "image.activate", "Status")
	s.prints("request", s.stacky.Request(s.ctx, draw.some("nova", 1, requestOf)[0]), "compute.instance.", "Task'")
	s.prints("show", s.stacky.Show(s.ctx, "600", ""), " Key ", `"event_type"`)
	s.prints("kpi", s.stacky.KPI(s.ctx, ""), "compute.instance.create", "cell-1", "cell-2")
	tenant := draw.some("nova", 1, func(r *stackmodel.Raw) string { t, _ := r.Tenant.(string); return t })[0]
	s.prints("kpi of a tenant", s.stacky.KPI(s.ctx, tenant), "Filtering by Tenant ID: "+tenant, "UUID")
	s.exits("kpi of nobody", s.stacky.KPI(s.ctx, "nobody"), 404%256, "Error fetching results (404)")
	s.prints("search", s.stacky.Search(s.ctx, "nova", "routing_key__endswith", "error", q{"limit", "10"}), "| E |")
	s.watchIsLive()
}

// watchIsLive: what happens now is seen by the next look, once.
func (s *stack) watchIsLive() {
	w := &stackyclient.Watch{Service: "nova", Event: "compute.instance.live"}
	n, err := s.stacky.Poll(s.ctx, w)
	expectThat(s, "the first look", err == nil && n == 0, fmt.Sprint(n, err))
	now := notification("compute.instance.live", "compute.host-1", time.Now().UTC().Format("2006-01-02 15:04:05.000000"), "", obj{"instance_id": crooked})
	_, got := s.posts("?deployment=cell-1&exchange=nova&routing_key=monitor.error", now.bytes(), nil)
	expect(s, "it is stored", got, receipt{Stored: 1})
	seen := 0
	harness.Eventually(s, within, "watch has seen it", func() bool {
		n, err := s.stacky.Poll(s.ctx, w)
		s.ok("watch", err)
		seen += n
		return seen > 0
	})
	text := s.printed()
	expect(s, "it is seen once", seen, 1)
	expectThat(s, "watch prints", strings.Contains(text, crooked) && strings.Contains(text, "|E|") && strings.Contains(text, "cell-1"), text)
}
