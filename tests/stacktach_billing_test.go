package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
)

// puts sends what a billing system sends, and asks that it was taken.
func (s *stack) puts(path string, body any) {
	s.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	status, _, answer := s.call(http.MethodPut, path, "", raw, http.Header{"Content-Type": {"application/json"}})
	expect(s, "PUT "+path, fmt.Sprint(status, string(answer)), "200")
}

// auditsAreSame compares all audits with the model's.
func (s *stack) auditsAreSame() {
	s.Helper()
	for _, t := range s.tables() {
		if !t.audit {
			continue
		}
		for offset := 0; offset < len(t.of.Rows()); offset += 1000 {
			s.same(t.paths[0], q{"limit", "1000", "offset", fmt.Sprint(offset)},
				t.of.List(stackmodel.Query{Page: stackmodel.Page{Offset: offset, Limit: 1000}}))
		}
	}
	s.statistics("/db/stats/nova/exists/", nil, s.model.Exists.Stats(stackmodel.Query{}))
	s.statistics("/db/stats/glance/exists/", nil, s.model.ImageExists.Stats(stackmodel.Query{}))
}

// confirmationsAreKept: of one message, and of many in each version of the batch.
func (s *stack) confirmationsAreKept() {
	const batch = "/db/confirm/usage/exists/batch/"
	message := func(t *stackmodel.Table, n int) string { return t.Rows()[n]["message_id"].(string) }
	nova := func(n int) string { return message(s.model.Exists, n) }
	images := s.model.ImageExists.Rows()
	many := 0 // the first of several audits that came with one message
	for images[many]["message_id"] != images[many+1]["message_id"] {
		many++
	}
	glance := func(n int) string { return message(s.model.ImageExists, many+n) }

	s.puts("/db/confirm/usage/exists/"+nova(0)+"/", obj{"send_status": 201})
	s.model.Exists.Confirm(nova(0), 201, "")
	s.puts(batch, obj{"messages": obj{nova(1): 200, nova(2): 503, "nobody": 200}})
	s.model.Exists.Confirm(nova(1), 200, "")
	s.model.Exists.Confirm(nova(2), 503, "")
	s.puts(batch, obj{"version": 1, "messages": obj{"nova": obj{nova(3): 302}, "glance": obj{glance(0): 201, glance(30): 404, "nobody": 1}}})
	s.model.Exists.Confirm(nova(3), 302, "")
	s.model.ImageExists.Confirm(glance(0), 201, "")
	s.model.ImageExists.Confirm(glance(30), 404, "")
	s.puts(batch, obj{"version": 2, "messages": obj{"nova": obj{nova(4): obj{"status": 201, "event_id": "e-4"}},
		"glance": obj{glance(60): obj{"status": 201, "event_id": "e-60"}}}})
	s.model.Exists.Confirm(nova(4), 201, "e-4")
	s.model.ImageExists.Confirm(glance(60), 201, "e-60")
	s.auditsAreSame()
	expect(s, "an audit of images confirms every one of them", images[many+1]["send_status"], any(int64(201)))
}

// repairsAreMade: pending audits are taken for sent, others are named.
func (s *stack) repairsAreMade() {
	for _, of := range []struct {
		service string
		table   *stackmodel.Table
	}{{"nova", s.model.Exists}, {"glance", s.model.ImageExists}} {
		form := url.Values{"service": {of.service}}
		want := obj{"absent_exists": list{"nobody"}, "exists_not_pending": list{}}
		for _, n := range []int{10, 40} {
			id := of.table.Rows()[n]["message_id"].(string)
			form.Add("message_ids", id)
			_, pending := of.table.Repair(id)
			expect(s, "it is pending", pending, true)
		}
		form.Add("message_ids", "nobody")
		repair := func() []byte {
			status, _, body := s.call(http.MethodPost, "/db/repair/", "", []byte(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
			expect(s, "repair", status, http.StatusOK)
			return body
		}
		s.equal("repair", repair(), want)
		want["exists_not_pending"] = form["message_ids"][:2]
		s.equal("the same repair again", repair(), want)
	}
	s.auditsAreSame()
}

// tenantsAreKept: one, and many at once. What is kept is seen in the report of instance hours.
func (s *stack) tenantsAreKept() {
	all := s.sample().some(stackmodel.Nova, 3, func(r *stackmodel.Raw) string { t, _ := r.Tenant.(string); return t })
	tenant := func(n int, name, kind string) obj {
		return obj{"tenant": all[n], "name": name, "types": obj{"account_type": kind}}
	}
	s.puts("/db/tenant/info/"+all[0]+"/", tenant(0, "first", "gold"))
	s.puts("/db/tenant/batch_info/", obj{"tenants": list{tenant(1, "second", "silver"), tenant(2, "third", "gold")}})
	s.complains(http.MethodPut, "/db/tenant/info/other/", string(note(tenant(0, "first", "gold")).bytes()), http.StatusBadRequest, "")
}

// auditsAreJudged starts the server again with its verifier, which has everything to do at once.
func (s *stack) auditsAreJudged() {
	s.model.Verify()
	s.server.Stop()
	s.server.SetEnv("YARDMASTER_EVENTS_VERIFIER_ENABLED=true", "YARDMASTER_EVENTS_VERIFIER_TICK=1s", "YARDMASTER_EVENTS_VERIFIER_SETTLE=0s")
	s.server.Start()
	harness.Eventually(s, within, "every audit is judged", func() bool {
		body := string(s.asks("/db/stats/nova/exists/", nil).Body)
		return !strings.Contains(body, `"pending"`) && !strings.Contains(body, `"verifying"`) && !strings.Contains(body, `"sent_unverified"`) &&
			!strings.Contains(body, `"sent_verifying"`)
	})
	s.statistics("/db/stats/nova/exists/", nil, s.model.Exists.Stats(stackmodel.Query{}))
	s.verdictsAreSame()
	instance := s.sample().some(stackmodel.Nova, 1, instanceOf)[0]
	s.same("/stacky/uuid/", q{"uuid", instance}, s.model.ByUUID("nova", instance, stackmodel.Window{}, stackmodel.First))
	s.same("/stacky/timings/uuid/", q{"uuid", instance}, s.model.TimingsOf(instance))
	s.same("/stacky/summary/", nil, s.model.Summary(0, 50))
	s.same("/stacky/hosts/", nil, s.model.Hosts("nova"))
	s.watched("/stacky/watch/0/", q{"since", "1700000000"}, s.model.Watch("nova", "", "", time.Unix(1700000000, 0), time.Now()))
}

// verdictsAreSame compares each verdict, and asks for a reason with those that are bad.
func (s *stack) verdictsAreSame() {
	s.Helper()
	verdicts := map[string]int{}
	for offset := 0; offset < len(s.model.Exists.Rows()); offset += 1000 {
		var got struct {
			Exists []struct {
				ID     int64
				Status string
				Reason *string `json:"fail_reason"`
			}
		}
		s.ok("audits", s.asks("/db/usage/exists/", q{"limit", "1000", "offset", fmt.Sprint(offset)}).JSON(&got))
		for _, x := range got.Exists {
			want := s.model.Exists.Rows()[x.ID-1]
			verdicts[x.Status]++
			if x.Status != want["status"] || (x.Reason != nil) != strings.HasSuffix(x.Status, "failed") {
				s.Errorf("audit %d: %s, want %v: %v", x.ID, x.Status, want, x.Reason)
			}
		}
	}
	expectThat(s, "verdicts of both kinds", verdicts["verified"] > 100 && verdicts["failed"] > 0, verdicts)
}
