package stacktach_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

// The examples of the API document, one after the other: their shapes, on data of ours.

func TestExampleDeployments(t *testing.T) {
	y := start(t)
	y.get("/stacky/deployments/").is(200, `[["#", "Name"]]`)
	y.update(func(tx *events.Tx) error { return nil })
	if err := y.db.Ingest(t.Context(), func(tx *events.Tx) error {
		for _, name := range []string{"region-2", "region-1"} {
			if _, err := tx.DeploymentID(name); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	y.get("/stacky/deployments/").is(200, `[["#", "Name"], [2, "region-1"], [1, "region-2"]]`)
}

func TestExampleEvents(t *testing.T) {
	y := start(t)
	y.put(nova("compute.instance.create.start", at(-9)), nova("attach_volume", at(-8)), nova("attach_volume", at(-7)), glance("image.upload", at(-6)),
		events.Event{Service: events.Generic, Type: "attach_volume", When: at(-5)}, events.Event{Service: events.Yard, Type: "yardmaster.volume.create.start", When: at(-4)})
	y.get("/stacky/events/").is(200, `[["Event Name"], ["attach_volume"], ["compute.instance.create.start"], ["image.upload"], ["attach_volume"]]`)
	y.get("/stacky/events/?service=all").column(0, "attach_volume", "compute.instance.create.start", "image.upload", "attach_volume")
	y.get("/stacky/events/?service=nova").column(0, "attach_volume", "compute.instance.create.start")
	y.get("/stacky/events/?service=glance").column(0, "image.upload")
	y.get("/stacky/events/?service=yard").column(0, "yardmaster.volume.create.start")
	y.get("/stacky/events/?limit=1").column(0, "attach_volume", "compute.instance.create.start", "image.upload", "attach_volume")
	y.get("/stacky/events/?service=cinder").refused(400, "cinder")
}

func TestExampleHosts(t *testing.T) {
	y := start(t)
	e := nova("x", at(-9))
	e.Host = events.Some("api-88")
	y.put(nova("x", at(-8)), e, nova("y", at(-7)), glance("image.upload", at(-6)))
	y.get("/stacky/hosts/").is(200, `[["Host Name"], ["api-88"], ["compute-1"]]`)
	y.get("/stacky/hosts/?service=glance").is(200, `[["Host Name"], [null]]`)
	y.get("/stacky/hosts/?service=generic").is(200, `[["Host Name"]]`)
	y.get("/stacky/hosts/?service=").refused(400, "service")
}

func TestExampleUUID(t *testing.T) {
	y := start(t)
	first := nova("compute.instance.snapshot.start", time.Date(2014, 1, 14, 15, 39, 22, 574829000, time.UTC))
	second := nova("compute.instance.update", time.Date(2014, 1, 14, 15, 39, 23, 599298000, time.UTC))
	second.OldState, second.OldTask, second.Task = events.Some("active"), events.Some("image_snapshot"), events.Some("deleting")
	third := nova("compute.instance.update", time.Date(2014, 1, 14, 15, 39, 23, 0, time.UTC))
	third.RoutingKey, third.State, third.OldTask = "monitor.error", events.Text{}, events.Text{}
	y.put(first, second, third)
	y.get("/stacky/uuid/?uuid="+uuid).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "State", "State'", "Task'"], `+
		`[1, " ", "2014-01-14 15:39:22.574829", "region-1", "compute.instance.snapshot.start", "compute-1", "active", "", ""], `+
		`[3, "E", "2014-01-14 15:39:23", "region-1", "compute.instance.update", "compute-1", null, "", null], `+
		`[2, " ", "2014-01-14 15:39:23.599298", "region-1", "compute.instance.update", "compute-1", "active", "active", "image_snapshot"]]`)
}

func TestExampleTimings(t *testing.T) {
	y := start(t)
	y.took("compute.instance.create", at(-9000), 55509*time.Millisecond)
	y.took("compute.instance.snapshot", at(-8000), 14*time.Minute+11719*time.Millisecond)
	y.put(nova("compute.instance.reboot.start", at(-5000)), nova("compute.instance.delete.end", at(-4000)))
	y.get("/stacky/timings/uuid/?uuid="+uuid).is(200, `[["?", "Event", "Time (secs)"], [".", "compute.instance.create", "0d 00:00:55.50"], `+
		`[".", "compute.instance.snapshot", "0d 00:14:11.71"], ["S", "compute.instance.reboot", "n/a"], ["E", "compute.instance.delete", "n/a"]]`)
}

func TestExampleSummary(t *testing.T) {
	y := start(t)
	y.get("/stacky/summary/").is(200, `[["Event", "N", "Min", "Max", "Avg"]]`)
	y.took("compute.instance.create", at(-9000), 52885*time.Millisecond)
	y.took("compute.instance.create", at(-8000), 41*time.Minute+14270*time.Millisecond)
	y.took("compute.instance.create_ip", at(-7000), 6800*time.Millisecond)
	y.put(nova("compute.instance.lonely.start", at(-5000)), nova("compute.instance.update", at(-4000)))
	y.get("/stacky/summary/").is(200, `[["Event", "N", "Min", "Max", "Avg"], ["compute.instance.create", 2, "0d 00:00:52.88", "0d 00:41:14.27", "0d 00:21:03"], `+
		`["compute.instance.create_ip", 1, "0d 00:00:06.80", "0d 00:00:06.80", "0d 00:00:06"]]`)
	y.get("/stacky/summary/?uuid=whatever").column(1, 2, 1)
}

func TestExampleRequest(t *testing.T) {
	y := start(t)
	e := nova("compute.instance.update", time.Date(2014, 1, 15, 15, 39, 34, 130286000, time.UTC))
	e.Instance, e.OldState, e.OldTask = events.Text{}, events.Some("active"), events.Text{}
	y.put(e)
	y.get("/stacky/request/?request_id="+request).is(200, `[["#", "?", "When", "Deployment", "Event", "Host", "State", "State'", "Task'"], `+
		`[1, " ", "2014-01-15 15:39:34.130286", "region-1", "compute.instance.update", "compute-1", "active", "active", null]]`)
}

// putReport stores a report that was made at a time.
func (y *yard) putReport(name string, version int, begin, end, made time.Time, body string) {
	y.update(func(tx *events.Tx) error {
		return events.Reports.Insert(tx, &events.Report{Name: name, Version: version, Start: begin, End: end, Created: made, JSON: json.RawMessage(body)})
	})
}

func TestExampleReports(t *testing.T) {
	y := start(t)
	y.putReport("summary for region: all", 4, time.Unix(1389726000, 0), time.Unix(1389729599, 0), time.UnixMicro(1389730212947450), `[]`)
	y.putReport("summary for region: all", 4, time.Unix(1389729600, 0), time.Unix(1389733199, 0), time.UnixMicro(1389733809979934), `[]`)
	y.now = time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	want := `[["Id", "Start", "End", "Created", "Name", "Version"], [1, 1389726000.0, 1389729599.0, 1389730212.94745, "summary for region: all", 4], ` +
		`[2, 1389729600.0, 1389733199.0, 1389733809.979934, "summary for region: all", 4]]`
	y.get("/stacky/reports/").is(200, want)
	y.get("/stacky/reports/?created_from=1389730212.947450&created_to=1389733809.979934").is(200, want)
}

func TestExampleReport(t *testing.T) {
	y := start(t)
	const stored = `[{"4xx failure count":0,"pct":0.014999999999999999,"region":null},["Operation","Image"],["aux","snap"]]`
	y.putReport("x", 4, at(0), at(0), at(0), stored)
	y.get("/stacky/report/1/").is(200, stored)
	y.get("/stacky/report/2/").page()
	y.get("/stacky/report/99999999999999999999999/").page()
	y.get("/stacky/report/x/").page()
}

func TestExampleReportsSearch(t *testing.T) {
	y := start(t)
	day := time.Date(2013, 11, 21, 0, 0, 0, 0, time.UTC)
	made := time.Date(2013, 11, 22, 1, 44, 55, 600_000_000, time.UTC)
	for _, name := range []string{"Error detail report", "image events audit", "public outbound bandwidth"} {
		y.putReport(name, 1, day, day.AddDate(0, 0, 1), made, `{}`)
	}
	y.get("/stacky/reports/search/").is(200, `[["Id", "Start", "End", "Created", "Name", "Version"], `+
		`[3, "2013-11-21 00:00:00", "2013-11-22 00:00:00", "2013-11-22 01:44:55", "public outbound bandwidth", 1], `+
		`[2, "2013-11-21 00:00:00", "2013-11-22 00:00:00", "2013-11-22 01:44:55", "image events audit", 1], `+
		`[1, "2013-11-21 00:00:00", "2013-11-22 00:00:00", "2013-11-22 01:44:55", "Error detail report", 1]]`)
}

func TestExampleShow(t *testing.T) {
	y := start(t)
	y.put(nova("compute.instance.update", time.Date(2014, 1, 15, 20, 39, 44, 277745000, time.UTC)))
	text := "[\n  \"monitor.info\", \n  {\n    \"event_type\": \"compute.instance.update\"\n  }\n]"
	quoted, _ := json.Marshal(text)
	y.get("/stacky/show/1/").is(200, `[[["Key", "Value"], ["#", 1], ["When", "2014-01-15 20:39:44.277745"], ["Deployment", "region-1"], ["Category", "monitor.info"], `+
		`["Publisher", "compute.compute-1"], ["State", "active"], ["Event", "compute.instance.update"], ["Service", "compute"], ["Host", "compute-1"], `+
		`["UUID", "`+uuid+`"], ["Req ID", "`+request+`"]], `+string(quoted)+`, "`+uuid+`"]`)
}

func TestExampleWatch(t *testing.T) {
	y := start(t)
	failed := nova("compute.instance.create.error", at(0))
	failed.RoutingKey, failed.Instance = "monitor.error", events.Text{}
	y.put(nova("compute.instance.update", at(-1.5)), failed, nova("x", at(-2)), nova("x", at(1)))
	y.get("/stacky/watch/0/").is(200, `[[10, 1, 15, 20, 29, 36], [[1, " ", "2014-01-15", "11:59:58.500000", "region-1", "compute.instance.update", "`+uuid+`"], `+
		`[2, "E", "2014-01-15", "12:00:00", "region-1", "compute.instance.create.error", "-"]], "1389787200"]`)
}

func TestExampleSearch(t *testing.T) {
	y := start(t)
	y.put(nova("compute.instance.create.start", at(-2)), nova("compute.instance.create.end", at(-1)))
	a := y.get("/stacky/search/?field=event__startswith&value=compute.instance.create")
	a.column(0, 2, 1)
	header := fmt.Sprint(a.table()[0])
	if !strings.HasPrefix(header, "[# ? When Deployment Event Host") {
		t.Error(header)
	}
}
