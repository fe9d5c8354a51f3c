package tests

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// deadLetter is what is said of a message that was not understood.
type deadLetter struct {
	ID         int64
	Deployment string
	Exchange   string
	RoutingKey string `json:"routing_key"`
	Reason     string
	Times      int
	Body       string
}

func (s *stack) deadLetters() []deadLetter {
	s.Helper()
	var got struct {
		Letters []deadLetter `json:"dead_letters"`
	}
	s.gets("/events/dead-letters", ops, &got)
	return got.Letters
}

// poisonIsKept: what was not understood is kept with its reason, once for each text, and nothing else was lost by it.
func (s *stack) poisonIsKept() {
	letters := s.deadLetters()
	want := append(poison("cell-1"), poison("cell-2")...)
	expect(s, "dead letters", len(letters), len(want))
	for _, m := range want {
		i := slices.IndexFunc(letters, func(l deadLetter) bool {
			if l.Deployment != m.Deployment {
				return false
			}
			var one deadLetter
			s.gets(fmt.Sprintf("/events/dead-letters/%d", l.ID), ops, &one)
			return one.Body == string([]rune(string(m.Body)))
		})
		expectThat(s, fmt.Sprintf("the letter %q of %s", m.Body, m.Deployment), i >= 0, letters)
		if i < 0 {
			continue
		}
		l := letters[i]
		expect(s, "where it came from", l.Exchange+" "+l.RoutingKey, m.Exchange+" "+m.RoutingKey)
		expectThat(s, "why, and how often it came", l.Reason != "" && l.Times > 3, l)
	}
	var stats struct {
		Duplicates int
		Dead       int `json:"dead_letters"`
		Faults     int
		Sources    []struct {
			Deployment string
			Connected  bool
			Queues     []struct{ Depth int }
		}
	}
	s.gets("/events/stats", ops, &stats)
	told := 0
	for _, service := range []string{"nova", "glance", "generic"} {
		told += len(s.model.Raws(service))
	}
	expect(s, "what was delivered twice", stats.Duplicates, (told-43)/100+1)
	expect(s, "what was not understood", stats.Dead, sumOf(letters))
	expect(s, "what was only half understood", stats.Faults, 0)
	expect(s, "brokers", len(stats.Sources), 2)
	for _, source := range stats.Sources {
		expect(s, source.Deployment+" is connected", source.Connected, true)
		for _, one := range source.Queues {
			expect(s, source.Deployment+" waits", one.Depth, 0)
		}
	}
}

func sumOf(letters []deadLetter) (n int) {
	for _, l := range letters {
		n += l.Times
	}
	return n
}

// lettersAreRead: dead letters are listed, read, read anew, and forgotten.
func (s *stack) lettersAreRead() {
	letters := s.deadLetters()
	expect(s, "dead letters", len(letters), 2)
	expect(s, "the newest first", letters[0].ID > letters[1].ID, true)
	bad := letters[1]
	expect(s, "the bad line", fmt.Sprintf("%s %s %s %d", bad.Deployment, bad.Exchange, bad.RoutingKey, bad.Times), "by-hand nova monitor.info 2")
	expectThat(s, "why", strings.Contains(bad.Reason, "not JSON"), bad.Reason)
	one := fmt.Sprintf("/events/dead-letters/%d", bad.ID)
	var got deadLetter
	s.gets(one, ops, &got)
	expect(s, "its text", got.Body, "oops {")
	replays := func(path string, want int) {
		s.Helper()
		status, _, body := s.call(http.MethodPost, path, ops, nil, nil)
		expect(s, path, fmt.Sprint(status, " ", strings.TrimSpace(string(body))), fmt.Sprintf(`200 {"stored":0,"duplicates":0,"dead_letters":%d}`, want))
	}
	replays(one+"/replay", 1)
	replays("/events/dead-letters/replay", 2)
	expect(s, "it is no better for it, and no new one", fmt.Sprint(s.deadLetters()[1].Times, len(s.deadLetters())), "2 2")
	status, _, _ := s.call(http.MethodDelete, one, ops, nil, nil)
	expect(s, "DELETE "+one, status, http.StatusNoContent)
	for _, r := range []struct{ method, path string }{{"GET", one}, {"DELETE", one}, {"POST", one + "/replay"}} {
		status, _, _ := s.call(r.method, r.path, ops, nil, nil)
		expect(s, r.method+" of what was forgotten", status, http.StatusNotFound)
	}
	expect(s, "the others stay", len(s.deadLetters()), 1)
	var page struct {
		Letters []deadLetter `json:"dead_letters"`
	}
	s.gets(fmt.Sprintf("/events/dead-letters?limit=1&before=%d", letters[0].ID), ops, &page)
	expect(s, "letters before the last", len(page.Letters), 0)
}
