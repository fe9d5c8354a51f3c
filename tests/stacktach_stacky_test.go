package tests

import (
	"errors"
	"strings"
	"time"

	"yardmaster/tests/stackmodel"
	"yardmaster/tests/stackyclient"
)

// prints asks that a command went well and printed what it should.
func (s *stack) prints(what string, err error, words ...string) {
	s.Helper()
	text := s.printed()
	s.ok("stacky "+what, err)
	for _, word := range words {
		expectThat(s, "stacky "+what+" prints "+word, strings.Contains(text, word), text)
	}
}

// exits asks that a command ends as the server's refusal makes it end.
func (s *stack) exits(what string, err error, code int, words string) {
	s.Helper()
	text := s.printed()
	var exit *stackyclient.Exit
	if !errors.As(err, &exit) {
		s.Errorf("stacky %s: %v", what, err)
		return
	}
	expect(s, "exit of stacky "+what, exit.Code(), code)
	expectThat(s, "stacky "+what+" prints "+words, strings.Contains(text, words), text)
}

// commands are those of stacky that say something of any server with a cloud.
func (s *stack) commands() {
	s.Helper()
	s.prints("deployments", s.stacky.Deployments(s.ctx), "| # ", "cell-1", "cell-2")
	s.prints("events", s.stacky.Events(s.ctx), "Event Name", "compute.instance.create.start", "image.activate")
	s.prints("hosts", s.stacky.Hosts(s.ctx), "Host Name", "compute-1")
	s.prints("summary", s.stacky.Summary(s.ctx), "compute.instance.create ", "Min", "0d 00:")
	s.prints("timings", s.stacky.Timings(s.ctx, "compute.instance.create"), "compute.instance.create", "0d 00:")
	s.prints("timings of a time", s.stacky.Timings(s.ctx, "compute.instance.create", "2001-02-03 04:05:06", "2001-02-03 05:05:06"), "No results")
	s.prints("search", s.stacky.Search(s.ctx, "glance", "event__startswith", "image.", q{"limit", "5"}), "image.", "Status")
	s.prints("request of nothing", s.stacky.Request(s.ctx, "req-00000000-0000-4000-8000-000000000000"), "No results")
	s.prints("reports", s.stacky.Reports(s.ctx, time.Now().Add(-time.Hour), time.Now()), "Querying for reports")
	s.prints("uuid of nothing", s.stacky.UUID(s.ctx, strings.Repeat("a", 32), ""), "No results")
	s.exits("uuid of nonsense", s.stacky.UUID(s.ctx, "nonsense", ""), 400%256, "Error fetching results (400)")
	s.exits("report of nothing", s.stacky.Report(s.ctx, "987654"), 404%256, "Server reported: ")
	for _, of := range []string{"launches", "deletes", "exists"} {
		s.exits("usage "+of, s.stacky.Usage(s.ctx, of, crooked), 404%256, "Error fetching results (404)")
	}
}

// stackyPrints runs each command of stacky, and none of them falls over.
func (s *stack) stackyPrints() {
	draw := s.sample()
	instance, image := draw.some(stackmodel.Nova, 1, instanceOf)[0], draw.some(stackmodel.Glance, 1, imageOf)[0]
	table := s.model.Search("nova", "instance", instance, stackmodel.Window{}, stackmodel.First)
	s.prints("uuid", s.stacky.UUID(s.ctx, instance, ""), "Events related to "+instance, "compute.instance.create", "Time (secs)")
	s.prints("uuid of an image", s.stacky.UUID(s.ctx, image, "glance"), "image.activate", "Status")
	s.prints("show", s.stacky.Show(s.ctx, "17", ""), " Key ", "Category", `"event_type"`)
	s.prints("show of glance", s.stacky.Show(s.ctx, "3", "glance"), "Status", `"event_type"`)
	s.prints("show of nothing", s.stacky.Show(s.ctx, "123456789", ""), "ObjectDoesNotExist")
	s.prints("kpi", s.stacky.KPI(s.ctx, ""), "compute.instance.")
	s.prints("search", s.stacky.Search(s.ctx, "nova", "instance", instance, q{"limit", "1000"}), "State'", "compute.instance.create")
	s.out.Reset()
	s.ok("search", s.stacky.Search(s.ctx, "nova", "instance", instance, q{"limit", "50"}))
	expect(s, "lines of a table with its header and three rules", strings.Count(s.printed(), "\n"), len(table)+3)
	w := &stackyclient.Watch{Service: "nova", Since: stackmodel.Unix(s.model.Raws("nova")[4000].When)}
	n, err := s.stacky.Poll(s.ctx, w)
	s.prints("watch", err, "Deployment", "compute.instance.update")
	expectThat(s, "watch sees many", n > 100, n)
	n, err = s.stacky.Poll(s.ctx, w)
	expectThat(s, "watch goes on where it was", err == nil && n == 0, n)
	s.commands()
}
