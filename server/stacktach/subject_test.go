package stacktach_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"yardmaster/store/events"
)

func TestEventsOfOneInstance(t *testing.T) {
	y := start(t)
	for i := range 60 {
		y.put(nova("x", at(float64(-i))))
	}
	other := nova("x", at(0))
	other.Instance = events.Some(strings.ReplaceAll(uuid, "-", ""))
	y.put(other)
	path := "/stacky/uuid/?uuid=" + uuid
	rows := y.get(path).table()
	if len(rows) != 51 || rows[1][0] != 60.0 || rows[50][0] != 11.0 {
		t.Errorf("%d rows, from %v to %v", len(rows), rows[1], rows[len(rows)-1])
	}
	for query, want := range map[string]int{"&limit=": 60, "&limit=1000": 60, "&limit=9999": 60, "&limit=10": 10, "&offset=55": 5, "&offset=": 50, "&limit=2&offset=59": 1,
		"&when_min=" + unix(-9): 10, "&when_max=" + unix(-55): 5, "&when_min=" + unix(-9) + "&when_max=" + unix(-8): 2, "&when_min=" + unix(-9) + ".000001": 9,
		"&when_min=&when_max=": 50, "&when_min=" + unix(-9) + "&limit=3&offset=1": 3} {
		if got := len(y.get(path+query).table()) - 1; got != want {
			t.Errorf("%s: %d events, want %d", query, got, want)
		}
	}
	y.get(path+"&limit=2&offset=1").column(0, 59, 58)
	for _, query := range []string{"&limit=0", "&offset=60", "&when_max=0", "&service=generic", "&service=yard"} {
		y.get(path+query).is(200, `[]`)
	}
	y.get("/stacky/uuid/?uuid="+strings.ReplaceAll(uuid, "-", "")).column(0, 61)
	y.get("/stacky/uuid/?uuid="+image).is(200, `[]`)
}

// unix is a time of the tests as text.
func unix(seconds float64) string { return strconv.FormatInt(at(seconds).Unix(), 10) }

func TestWhatCannotBeAskedOfAnInstance(t *testing.T) {
	y := start(t)
	y.get("/stacky/uuid/?uuid=x").is(400, `[["Error", "Message"], ["Bad Request", "x is not uuid-like"]]`)
	y.get("/stacky/uuid/?uuid="+strings.ToUpper(uuid)).refused(400, "is not uuid-like")
	y.get("/stacky/timings/uuid/?uuid=x").is(400, `[["Error", "Message"], ["Bad Request", "x is not uuid-like"]]`)
	y.get("/stacky/request/?request_id=x").is(400, `[["Error", "Message"], ["Bad Request", "x is not request-id-like"]]`)
	for path, part := range map[string]string{
		"/stacky/uuid/": "'uuid'", "/stacky/timings/uuid/": "'uuid'", "/stacky/timings/": "'name'", "/stacky/request/": "'request_id'",
		"/stacky/search/?value=1": "'field'", "/stacky/search/?field=id": "'value'",
		"/stacky/uuid/?uuid=" + uuid + "&limit=x":              "limit",
		"/stacky/uuid/?uuid=" + uuid + "&offset=-1":            "offset",
		"/stacky/uuid/?uuid=" + uuid + "&when_min=x":           "when_min",
		"/stacky/uuid/?uuid=" + uuid + "&when_max=2014-01-15":  "when_max",
		"/stacky/uuid/?uuid=" + uuid + "&service=cinder":       "cinder",
		"/stacky/request/?request_id=" + request + "&limit=-1": "limit",
		"/stacky/timings/uuid/?uuid=" + uuid + "&limit=x":      "limit",
		"/stacky/timings/?name=x&end_when_min=":                "end_when_min",
		"/stacky/timings/?name=x&end_when_max=x":               "end_when_max",
		"/stacky/summary/?limit=x":                             "limit",
		"/stacky/watch/0/?since=x":                             "since",
		"/stacky/watch/0/?service=x":                           "service",
		"/stacky/show/1/?service=x":                            "service",
		"/stacky/reports/?created_from=x":                      "created_from",
		"/stacky/reports/?created_to=":                         "created_to",
		"/stacky/reports/?limit=x":                             "limit",
		"/stacky/uuid/?uuid=" + strings.Repeat("a", 5000):      "longer",
	} {
		y.get(path).refused(400, part)
	}
}

func TestEventsOfAnImage(t *testing.T) {
	y := start(t)
	e := glance("image.update", at(-1))
	e.RoutingKey, e.Status, e.Host = "monitor_glance.error", events.Text{}, events.Some("x")
	y.put(glance("image.upload", at(-2)), e, nova("x", at(-3)))
	y.get("/stacky/uuid/?service=glance&uuid="+image).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "Status"], `+
		`[1, " ", "2014-01-15 11:59:58", "region-1", "image.upload", null, "active"], [2, "E", "2014-01-15 11:59:59", "region-1", "image.update", "x", null]]`)
	y.get("/stacky/show/2/?service=glance").is(200, `[[["Key", "Value"], ["#", 2], ["When", "2014-01-15 11:59:59"], ["Deployment", "region-1"], ["Category", "monitor_glance.error"], `+
		`["Publisher", "glance-api01"], ["Status", null], ["Event", "image.update"], ["Service", "glance-api01"], ["Host", "x"], ["UUID", "`+image+`"], ["Req ID", ""]], `+
		`"[\n  \"monitor_glance.error\", \n  {\n    \"event_type\": \"image.update\"\n  }\n]", "`+image+`"]`)
	y.get("/stacky/uuid/?uuid="+image).is(200, `[]`)
}

func TestEventsOfOtherServices(t *testing.T) {
	y := start(t)
	for _, s := range []events.Service{events.Generic, events.Yard} {
		y.put(events.Event{Service: s, Type: "volume.create", When: at(-1), RoutingKey: "notifications.info", Instance: events.Some(uuid), RequestID: "r1", State: events.Some("up")})
		y.get(fmt.Sprintf("/stacky/uuid/?service=%s&uuid=%s", s, uuid)).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "Instance", "Request id"], `+
			`[1, " ", "2014-01-15 11:59:59", "region-1", "volume.create", null, "`+uuid+`", "r1"]]`)
	}
	y.get("/stacky/uuid/?service=yard&uuid=vm-7").is(200, `[]`)
	y.get("/stacky/uuid/?service=generic&uuid=vm-7").refused(400, "is not uuid-like")
	for service, want := range map[string]string{"generic": `["State", null]`, "yard": `["State", "up"]`} {
		body := y.get("/stacky/show/1/?service=" + service).Body.String()
		if !strings.Contains(body, want) || !strings.Contains(body, `["UUID", "`+uuid+`"]`) || !strings.HasSuffix(body, `"`+uuid+`"]`) {
			t.Errorf("%s: %s", service, body)
		}
	}
}

func TestAnEventThatIsNotThereIsAnEmptyAnswer(t *testing.T) {
	y := start(t)
	y.put(nova("x", at(0)))
	for _, path := range []string{"/stacky/show/2/", "/stacky/show/0/", "/stacky/show/1/?service=glance", "/stacky/show/99999999999999999999999/"} {
		y.get(path).is(200, "")
	}
	y.get("/stacky/show/x/").page()
	y.get("/stacky/show/-1/").page()
}

func TestEventsOfOneRequest(t *testing.T) {
	y := start(t)
	path := "/stacky/request/?request_id=" + request
	y.get(path).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "State", "State'", "Task'"]]`)
	plain := nova("x", at(-1))
	plain.RequestID = strings.TrimPrefix(request, "req-")
	y.put(nova("x", at(-2)), nova("x", at(-3)), plain)
	y.get(path).column(0, 2, 1)
	y.get(path+"&limit=1").column(0, 2)
	y.get(path + "&limit=0").column(0)
	y.get(path+"&limit=1&offset=1").column(0, 1)
	y.get(path+"&when_min="+unix(-2)).column(0, 1)
	y.get(path+"&service=glance").column(0, 2, 1)
	y.get("/stacky/request/?request_id="+plain.RequestID).column(0, 3)
	y.put(events.Event{Service: events.Yard, Type: "yardmaster.vm.clone.start", When: at(-1), RequestID: "abc"})
	y.get("/stacky/request/?service=yard&request_id=abc").column(4, "yardmaster.vm.clone.start")
}
