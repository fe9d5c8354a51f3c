package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// fed is one event of the stream.
type fed struct {
	place   string // of the feed, behind the event
	ID      int64
	Type    string
	Subject *string `json:"instance"`
}

// follow reads events of the stream until there are n, and leaves. begun is called once the server listens.
func (s *stack) follow(query, after string, n int, begun func()) (all []fed) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, within)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/events/stream"+query, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("X-AUTH-TOKEN", eye)
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	resp, err := s.stacky.HTTP.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	expect(s, "stream "+query, fmt.Sprint(resp.StatusCode, resp.Header.Get("Content-Type")), "200text/event-stream")
	begun()
	lines := bufio.NewScanner(resp.Body)
	place := ""
	for len(all) < n && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			place = value
		case "data":
			e := fed{place: place}
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				s.Fatalf("%v in %s", err, value)
			}
			all = append(all, e)
		}
	}
	expect(s, "events of the stream "+query, len(all), n)
	return all
}

// streamGoesOn: events are fed as they come, and a reader that went away goes on where it was, without a hole and without a double.
func (s *stack) streamGoesOn() {
	post := func(name string, n int) {
		s.Helper()
		var all []any
		for _, one := range some(name, n) {
			all = append(all, one)
		}
		raw, err := json.Marshal(all)
		s.ok("batch", err)
		_, got := s.posts("?exchange=nova&routing_key=monitor.info", raw, nil)
		expect(s, "stored", got, receipt{Stored: n})
	}
	first := s.follow("?service=nova&type=compute.instance.feed.*", "", 3, func() { post("feed.a", 3); post("food", 2) })
	post("feed.b", 300)
	second := s.follow("?service=nova&type=compute.instance.feed.*", first[1].place, 301, func() {})
	post("feed.c", 1)
	third := s.follow("?service=nova&type=compute.instance.feed.*&instance=i-0", second[300].place, 1, func() {})
	all := slices.Concat(first[:2], second, third)
	for i := 1; i < len(all); i++ {
		if all[i].ID <= all[i-1].ID {
			s.Errorf("event %d follows on %d", all[i].ID, all[i-1].ID)
		}
	}
	expect(s, "what one reader saw in all", len(all), 304)
	expect(s, "the last", all[len(all)-1].Type, "compute.instance.feed.c")
	for _, bad := range []string{"?service=neutron", "?deployment=x", "?after=nowhere"} {
		status, _, _ := s.call(http.MethodGet, "/events/stream"+bad, eye, nil, nil)
		expect(s, "stream "+bad, status, http.StatusBadRequest)
	}
}
