package stacktach_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

// records puts one of everything that /db lists, and three launches and audit records.
func records(t *testing.T) *yard {
	y := start(t)
	day := time.Date(2013, 6, 20, 17, 31, 57, 939614000, time.UTC)
	put := func(tx *events.Tx) error {
		for i := range 3 {
			l := events.Launch{Instance: uuid, RequestID: fmt.Sprint("r", i), Launched: day.Add(time.Duration(-i) * time.Hour), TypeID: "1", FlavorID: "performance1", Tenant: fmt.Sprint("t", 2-i),
				Image: events.Image{Distro: "ubuntu", Options: "0"}}
			e := events.Exists{MessageID: fmt.Sprint("m", i), Instance: uuid, Launched: l.Launched, Begin: day, End: day.AddDate(0, 0, 1), Status: events.ExistsPending, Raw: int64(10 - i),
				Received: day.Add(time.Duration(i) * time.Minute), Image: l.Image, Tenant: "t"}
			if i == 1 {
				l.Instance, l.Launched, l.TypeID, l.Tenant = image, time.Time{}, "", ""
				e.Status, e.SendStatus, e.EventID, e.Usage, e.Delete, e.FailReason, e.BandwidthOut = events.ExistsVerified, 201, "e1", 1, 2, "none", 99
				e.Deleted, e.Instance, e.TypeID, e.FlavorID = day, image, "2", "f"
			}
			if err := events.Launches.Insert(tx, &l); err != nil {
				return err
			}
			if err := events.ExistsTable.Insert(tx, &e); err != nil {
				return err
			}
		}
		return nil
	}
	y.update(put)
	y.update(func(tx *events.Tx) error {
		if err := events.Deletes.Insert(tx, &events.Delete{Instance: uuid, Launched: day, Deleted: day.Add(time.Second), Raw: 5}); err != nil {
			return err
		}
		if err := events.ImageUsages.Insert(tx, &events.ImageUsage{UUID: image, Created: day, Owner: "o", Size: 1024, Raw: 6}); err != nil {
			return err
		}
		if err := events.ImageDeletes.Insert(tx, &events.ImageDelete{UUID: image, Deleted: day, Raw: 7}); err != nil {
			return err
		}
		return events.ImageExistsTable.Insert(tx, &events.ImageExists{UUID: image, MessageID: "g1", Created: day, Status: events.ExistsPending, Size: 5, Owner: "o", Received: day})
	})
	return y
}

func TestRecordsAsTheyAreShown(t *testing.T) {
	y := records(t)
	const launch = `{"id": 1, "instance": "` + uuid + `", "launched_at": "2013-06-20 17:31:57.939614", "request_id": "r0", "instance_type_id": "1", "instance_flavor_id": "performance1", ` +
		`"tenant": "t2", "os_architecture": "", "os_distro": "ubuntu", "os_version": "", "rax_options": "0"}`
	const verified = `{"id": 2, "instance": "` + image + `", "launched_at": "2013-06-20 16:31:57.939614", "deleted_at": "2013-06-20 17:31:57.939614", "audit_period_beginning": "2013-06-20 17:31:57.939614", ` +
		`"audit_period_ending": "2013-06-21 17:31:57.939614", "message_id": "m1", "instance_type_id": "2", "instance_flavor_id": "f", "status": "verified", "fail_reason": "none", "raw": 9, "usage": 1, "delete": 2, ` +
		`"send_status": 201, "tenant": "t", "bandwidth_public_out": 99, "event_id": "e1", "os_architecture": "", "os_distro": "ubuntu", "os_version": "", "rax_options": "0", "received": "2013-06-20 17:32:57.939614"}`
	const removed = `{"id": 1, "instance": "` + uuid + `", "launched_at": "2013-06-20 17:31:57.939614", "deleted_at": "2013-06-20 17:31:58.939614", "raw": 5}`
	for _, base := range []string{"/db/usage/", "/db/usage/nova/"} {
		y.get(base+"launches/1/").is(200, `{"launch": `+launch+`}`)
		y.get(base+"launches/?limit=1").is(200, `{"launches": [`+launch+`]}`)
		y.get(base+"deletes/1/").is(200, `{"delete": `+removed+`}`)
		y.get(base+"deletes/").is(200, `{"deletes": [`+removed+`]}`)
		y.get(base+"exists/2/").is(200, `{"exist": `+verified+`}`)
		y.get(base+"exists/?limit=1&offset=1").is(200, `{"exists": [`+verified+`]}`)
	}
	const one = `{"id": 1, "uuid": "` + image + `", `
	y.get("/db/usage/glance/images/1/").is(200, `{"launch": `+one+`"created_at": "2013-06-20 17:31:57.939614", "owner": "o", "size": 1024, "last_raw": 6}}`)
	y.get("/db/usage/glance/images/").is(200, `{"images": [`+one+`"created_at": "2013-06-20 17:31:57.939614", "owner": "o", "size": 1024, "last_raw": 6}]}`)
	y.get("/db/usage/glance/deletes/1/").is(200, `{"delete": `+one+`"deleted_at": "2013-06-20 17:31:57.939614", "raw": 7}}`)
	y.get("/db/usage/glance/exists/").is(200, `{"exists": [`+one+`"created_at": "2013-06-20 17:31:57.939614", "deleted_at": null, "audit_period_beginning": null, "audit_period_ending": null, "message_id": "g1", `+
		`"status": "pending", "fail_reason": null, "raw": null, "usage": null, "delete": null, "send_status": 0, "owner": "o", "size": 5, "event_id": null, "received": "2013-06-20 17:31:57.939614"}]}`)
	for _, path := range []string{"/db/usage/launches/9/", "/db/usage/glance/images/9/", "/db/usage/deletes/99999999999999999999/", "/db/usage/exists/0/", "/db/usage/glance/exists/9/"} {
		y.get(path).denied(404, "There is no")
	}
	y.get("/db/usage/launches/x/").page()
}

// ids are those of the records of a list.
func (a answer) ids() string {
	a.t.Helper()
	var lists map[string][]struct{ ID int }
	if err := json.Unmarshal(a.Body.Bytes(), &lists); err != nil || a.Code != 200 || len(lists) != 1 {
		a.t.Fatalf("%s: %d %s", a.path, a.Code, a.Body)
	}
	var all []string
	for _, list := range lists {
		for _, o := range list {
			all = append(all, fmt.Sprint(o.ID))
		}
	}
	return strings.Join(all, " ")
}

func TestListsOfRecords(t *testing.T) {
	y := records(t)
	for path, want := range map[string]string{
		"launches/": "1 3 2", "launches/?direction=desc": "1 3 2", "launches/?direction=asc": "2 3 1", "launches/?direction=up": "2 3 1", "launches/?limit=0": "", "launches/?limit=": "1 3 2", "launches/?limit=2&offset=1": "3 2",
		"launches/?offset=9": "", "launches/?order_by=id": "3 2 1", "launches/?order_by=id&direction=asc&limit=2": "1 2", "launches/?order_by=tenant": "1 3 2", "launches/?order_by=tenant&direction=asc": "2 3 1",
		"launches/?order_by=instance_type_id&direction=asc": "2 1 3", "launches/?order_by=request_id&limit=1&offset=1": "2", "launches/?instance=" + uuid: "1 3", "launches/?instance=" + uuid + "&direction=asc": "3 1",
		"launches/?instance=" + strings.ReplaceAll(uuid, "-", ""): "", "launches/?launched_at_min=2013-06-20 15:31:57.939614": "1 3", "launches/?launched_at_min=2013-06-20T15:31:57.939615": "1",
		"launches/?launched_at_max=2013-06-20 17:31:57Z": "ERR", "launches/?launched_at_max=2013-06-20T17:31:57Z": "3", "launches/?launched_at_max=2013-06-20T17:31:58&launched_at_min=2013-06-20T17:31:00&order_by=tenant": "1",
		"launches/?launched_at_max=2013-06-20T17:31:58&order_by=tenant&direction=asc": "3 1", "launches/?id_min=1970-01-01 00:00:02": "3 2", "launches/?id_max=1970-01-01 00:00:02&id_min=1970-01-01 00:00:02": "2",
		"launches/?instance_type_id_max=1970-01-01 00:00:01": "1 3", "launches/?limit=1&limit=2": "1 3",
		"exists/": "3 2 1", "exists/?direction=asc": "1 2 3", "exists/?received_min=2013-06-20 17:32:57.939614": "3 2", "exists/?received_max=2013-06-20 17:32:57.939614": "2 1",
		"exists/?received_min=2013-06-20 17:32:00&received_max=2013-06-20 17:33:00": "2", "exists/?order_by=status": "2 3 1", "exists/?order_by=raw&direction=asc": "3 2 1", "exists/?deleted_at_min=2013-01-01 00:00:00": "2",
		"exists/?deleted_at_max=2033-01-01 00:00:00": "2", "exists/?order_by=launched_at": "1 2 3", "exists/?instance=" + image: "2", "exists/?usage_min=1970-01-01 00:00:00": "2",
		"glance/exists/?size_min=1970-01-01 00:00:05": "1", "glance/exists/?size_min=1970-01-01 00:00:06": "", "glance/images/?order_by=owner": "1", "deletes/?order_by=deleted_at": "1", "glance/deletes/?deleted_at_max=2013-01-01 00:00:00": "",
	} {
		a := y.get("/db/usage/" + path)
		if want == "ERR" {
			a.denied(400, "Range filters must be dates.")
		} else if got := a.ids(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"launches/?instance=x": "x is not uuid-like", "launches/?foo_min=2013-06-20 15:31:57": "No such field 'foo'.", "launches/?received_min=2013-06-20 15:31:57": "No such field 'received'.", "exists/?order_by=received": "No such field 'received'.",
		"launches/?launched_at_min=1389726000": "Range filters must be dates.", "launches/?order_by=foo": "No such field 'foo'.", "launches/?limit=x": "limit", "launches/?offset=-1": "offset", "glance/images/?instance=" + uuid: "No such field 'instance'.",
		"exists/?received_max=": "Range filters must be dates.", "launches/?order_by=": "No such field ''.", "launches/?_min=2013-06-20 15:31:57": "No such field ''.",
	} {
		y.get("/db/usage/"+path).denied(400, want)
	}
	y.get("/db/usage/launches/?instance=x").is(400, `{"message": "x is not uuid-like", "status": 400}`)
}

func TestCounts(t *testing.T) {
	y := records(t)
	y.get("/db/stats/nova/exists/").is(200, `{"stats": [{"status": "pending", "send_status": 0, "event_count": 2}, {"status": "verified", "send_status": 201, "event_count": 1}]}`)
	y.get("/db/stats/nova/exists/?instance="+image).is(200, `{"stats": [{"status": "verified", "send_status": 201, "event_count": 1}]}`)
	y.get("/db/stats/nova/exists/?received_max=2013-06-20 17:31:58").is(200, `{"stats": [{"status": "pending", "send_status": 0, "event_count": 1}]}`)
	y.get("/db/stats/nova/exists/?launched_at_max=2000-01-01 00:00:00").is(200, `{"stats": []}`)
	y.get("/db/stats/glance/exists/").is(200, `{"stats": [{"status": "pending", "send_status": 0, "event_count": 1}]}`)
	y.get("/db/stats/glance/exists/?instance="+image).denied(400, "No such field 'instance'.")
	y.get("/db/stats/nova/exists/?x_max=1").denied(400, "No such field 'x'.")

	y.put(nova("a", at(-10)), nova("b", at(-5)), nova("a", at(0)), glance("image.upload", at(0)))
	y.get("/db/stats/events/").is(200, `{"stats": [{"event": "a", "event_count": 2}, {"event": "b", "event_count": 1}]}`)
	y.get("/db/stats/events/?service=glance").is(200, `{"stats": [{"event": "image.upload", "event_count": 1}]}`)
	y.get("/db/stats/events/?event=a").is(200, `{"stats": [{"event": "a", "event_count": 2}]}`)
	y.get("/db/stats/events/?event=none").is(200, `{"stats": [{"event": "none", "event_count": 0}]}`)
	y.get("/db/stats/events/?event=").is(200, `{"stats": [{"event": "", "event_count": 0}]}`)
	y.get("/db/stats/events/?when_min=2014-01-15 11:59:55&when_max=2014-01-15 12:00:00").is(200, `{"stats": [{"event": "a", "event_count": 1}, {"event": "b", "event_count": 1}]}`)
	y.get("/db/stats/events/?when_min=2014-01-15 11:59:55&when_max=2014-01-15 11:00:00").is(200, `{"stats": []}`)
	y.get("/db/stats/events/?when_min=2014-01-08 12:00:00&when_max=2014-01-15 12:00:00&event=b").is(200, `{"stats": [{"event": "b", "event_count": 1}]}`)
	for query, want := range map[string]string{
		"when_min=2014-01-15 11:59:55": "together", "when_max=2014-01-15 11:59:55": "together", "when_min=x&when_max=2014-01-15 11:59:55": "dates", "service=cinder": "cinder",
		"when_min=2014-01-08 11:59:59&when_max=2014-01-15 12:00:00": "604800",
	} {
		y.get("/db/stats/events/?"+query).denied(400, want)
	}
}
