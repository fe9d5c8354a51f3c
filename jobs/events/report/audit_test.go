package report_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"yardmaster/jobs/events/report"
)

// exists is one record: received, the launch, its audit period, all as times of 20 November.
func exists(t testing.TB, id int64, subject, received, launched, begin, end string, status report.Status, sent int) report.Exists {
	e := report.Exists{ID: id, Subject: subject, Received: at(t, received), Begin: at(t, begin), End: at(t, end), Status: status, SendStatus: sent}
	if launched != "" {
		e.Launched = at(t, launched)
	}
	return e
}

const (
	midnight     = "00:00:00"
	nextMidnight = "2026-11-21 00:00:00"
	lastMidnight = "2026-11-19 00:00:00"
)

func novaRecords(t testing.TB) []report.Exists {
	all := []report.Exists{
		// Received on the 20th, of the whole 19th: periodic.
		exists(t, 1, "a", "00:05:00", "2026-11-01 10:00:00", lastMidnight, midnight, report.Verified, 201),
		exists(t, 2, "b", "00:05:00", "2026-11-02 10:00:00", lastMidnight, midnight, report.Verified, 0),
		exists(t, 3, "c", "00:05:00", "2026-11-03 10:00:00", lastMidnight, midnight, report.Reconciled, 302),
		exists(t, 4, "d", "00:05:00", "2026-11-04 10:00:00", lastMidnight, midnight, report.Failed, 0),
		// Received on the 20th, of its first hours: instantaneous.
		exists(t, 5, "e", "08:00:00", "07:30:00", midnight, "08:00:00", report.Verified, 404),
		exists(t, 6, "e", "08:00:01", "07:30:00", midnight, "08:00:00", report.SentFailed, 500),
		exists(t, 7, "e", "08:00:02", "07:30:00", midnight, "08:00:00", report.Pending, 0),
		// Longer than a day: neither, but it failed.
		exists(t, 8, "f", "09:00:00", "2026-11-04 10:00:00", "2026-11-18 00:00:00", midnight, report.Failed, 0),
		// Received later, of the whole 20th: they show that launches were audited.
		exists(t, 9, "a", "2026-11-21 00:05:00", "2026-11-01 10:00:00", midnight, nextMidnight, report.Pending, 0),
		exists(t, 10, "new", "2026-11-21 00:05:00", "09:00:00.75", midnight, nextMidnight, report.Pending, 0),
		exists(t, 11, "b", "2026-11-21 00:05:00", "2026-11-19 10:00:00", midnight, nextMidnight, report.Pending, 0),
		// At the end of the period, so not in it.
		exists(t, 12, "z", nextMidnight, "2026-11-01 10:00:00", lastMidnight, midnight, report.Failed, 0),
	}
	all[3].FailReason, all[3].Launch, all[7].FailReason = "no launch", 104, "<ambiguous>"
	return all
}

func novaInput(t testing.TB) report.NovaUsageInput {
	launch := func(id int64, instance, launched string) report.Launch {
		return report.Launch{ID: id, Instance: instance, Launched: at(t, launched)}
	}
	return report.NovaUsageInput{
		Received: rows(novaRecords(t)...), Audited: rows(novaRecords(t)...),
		Launches: rows(
			launch(101, "a", "2026-11-01 10:00:00"),    // old, audited
			launch(102, "b", "2026-11-02 10:00:00"),    // old, but not the newest of b
			launch(103, "b", "2026-11-03 10:00:00.5"),  // the newest old one of b; the audit knows another second
			launch(104, "gone", "2026-11-04 10:00:00"), // deleted before
			launch(105, "new", "09:00:00.25"),          // new; audited, the fraction of the second does not count
			launch(106, "new", "10:00:00"),             // new, not audited
			launch(107, "lost", "11:00:00"),            // new, nothing audited
			launch(108, "lost", "10:30:00"),
			launch(109, "z", nextMidnight), // of the next period
			report.Launch{ID: 110, Instance: "never"},
		),
		Deletes: rows(report.Deletion{Subject: "gone", Deleted: at(t, midnight)}, report.Deletion{Subject: "b", Deleted: at(t, "12:00:00")},
			report.Deletion{Subject: "a"}),
		Place: func(launch int64) (report.Place, error) {
			return map[int64]report.Place{104: {Cell: "dfw", Compute: "c1"}, 103: {Cell: "dfw", Compute: "c9"}, 106: {Cell: "ord"}}[launch], nil
		},
		Reconciled: func(launch int64) (bool, error) { return launch == 108, nil },
	}
}

func TestTheUsageOfInstancesOfADay(t *testing.T) {
	p := params(t, "nova usage audit")
	r, err := report.NovaUsage(p, day(t, p), novaInput(t))
	// Launches: 105 to 108 are new; of a and b one old each, gone is gone. Failures: 103 of b, 106 of new, and lost once for its two.
	golden(t, r, err, `[{
		"exist_fail_headers":["Exists Row ID","Error Description","Cell","Compute"],
		"launch_fail_headers":["Launch Row ID","Error Description","Reconciled?","Cell","Compute"],
		"summary":{"launch_summary":{"failures":3,"new_launches":4,"old_launches":2},
		"verifier":{
		"instantaneous":{"count":3,"verified":1,"reconciled":0,"failed":0,"pending":1,"verifying":0,"sent_unverified":0,"sent_failed":1,"sent_verifying":0,
		"send_status":{"success":0,"unsent":0,"redirect":0,"client_error":1,"server_error":0},
		"send_status_rec":{"success":0,"unsent":0,"redirect":0,"client_error":0,"server_error":0}},
		"periodic":{"count":4,"verified":2,"reconciled":1,"failed":1,"pending":0,"verifying":0,"sent_unverified":0,"sent_failed":0,"sent_verifying":0,
		"send_status":{"success":1,"unsent":1,"redirect":0,"client_error":0,"server_error":0},
		"send_status_rec":{"success":0,"unsent":0,"redirect":1,"client_error":0,"server_error":0}}}}},
		["Object","ID","Error Description","Reconciled?","Cell","Compute"],
		["Exist",4,"no launch","-","dfw","c1"],
		["Exist",8,"<ambiguous>","-","-","-"],
		["Launch",103,"Couldn't find exists for launch (b, 2026-11-03 10:00:00.500000)","N","dfw","c9"],
		["Launch","-","No exists for instance (lost)","Y","-","-"],
		["Launch",106,"Couldn't find exists for launch (new, 2026-11-20 10:00:00)","N","ord","-"]]`)
	if r.Name != "nova usage audit" || r.Version != 7 || !r.Start.Equal(at(t, midnight)) || !r.End.Equal(at(t, nextMidnight)) {
		t.Errorf("%s %d %v %v", r.Name, r.Version, r.Start, r.End)
	}
	printable(t, r)
}

func TestTheOrderOfUsageDoesNotMatter(t *testing.T) {
	p := params(t, "nova_usage_audit")
	r, err := report.NovaUsage(p, day(t, p), novaInput(t))
	first := text(t, r, err)
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		in := novaInput(t)
		in.Received, in.Audited = rows(shuffled(novaRecords(t), seed)...), rows(shuffled(novaRecords(t), seed+1)...)
		var launches []report.Launch
		for l := range in.Launches {
			launches = append(launches, l)
		}
		in.Launches = rows(shuffled(launches, seed)...)
		if r, err := report.NovaUsage(p, day(t, p), in); text(t, r, err) != first {
			rt.Fatal(text(t, r, nil))
		}
	})
}

func imageInput(t testing.TB) report.GlanceUsageInput {
	all := []report.Exists{
		exists(t, 1, "old", "00:05:00", "", lastMidnight, midnight, report.Verified, 200),
		exists(t, 2, "old", "00:06:00", "", lastMidnight, midnight, report.Failed, 0),
		exists(t, 3, "kept", "2026-11-21 00:05:00", "", midnight, "23:59:59.999999", report.Verifying, 0),
	}
	all[1].FailReason = "size differs"
	image := func(id int64, uuid, created string) report.Image {
		return report.Image{ID: id, UUID: uuid, Created: at(t, created)}
	}
	return report.GlanceUsageInput{
		Received: rows(all...), Audited: rows(all...),
		Images: rows(image(7, "missed", "10:00:00"), image(6, "kept", midnight), image(5, "old", "2026-11-01 10:00:00"),
			image(4, "gone", "2026-11-01 10:00:00"), image(8, "later", nextMidnight), report.Image{ID: 9, UUID: "never"}, image(10, "missed", "11:00:00")),
		Deletes: rows(report.Deletion{Subject: "gone", Deleted: at(t, "2026-11-19 23:59:59")}),
	}
}

func TestTheUsageOfImagesOfADay(t *testing.T) {
	p := params(t, "glance-usage-audit")
	r, err := report.GlanceUsage(p, day(t, p), imageInput(t))
	// New: missed, twice but told of once, and kept, which has a record. Old: old; gone is gone.
	golden(t, r, err, `[{"summary":{"image_summary":{"failures":1,"new_images":3,"old_images":1},
		"verifier":{"exists":{"count":2,"verified":1,"failed":1,"pending":0,"verifying":0,"sent_unverified":0,"sent_failed":0,"sent_verifying":0,
		"send_status":{"success":1,"unsent":0,"redirect":0,"client_error":0,"server_error":0}}}}},
		["Object","ID","Error Description"],
		["Exist",2,"size differs"],
		["Usage",7,"No exists for usage (missed)"]]`)
	if r.Name != "glance usage audit" || r.Version != 6 {
		t.Errorf("%s %d", r.Name, r.Version)
	}
	printable(t, r)
}

func TestTheImageEventsOfADay(t *testing.T) {
	of := func(id int64, when, kind, image string) report.Event {
		e := report.Event{ID: id, When: at(t, when), Type: kind}
		if image != "" {
			e.Instance = report.Some(image)
		}
		return e
	}
	in := report.ImageEventsInput{
		Events: rows(of(1, midnight, "image.upload", "x"), of(2, "10:00:00", "image.upload", ""), of(3, nextMidnight, "image.upload", "x"),
			of(4, "10:00:00", "image.activate", "x"), of(5, "11:00:00", "image.activate", "x"), of(6, "11:00:00", "image.activate", ""),
			of(7, "12:00:00", "image.delete", "x"), of(8, "12:00:00", "image.delete", "y"), of(9, "12:00:00", "image.update", "y")),
		Exists: rows(exists(t, 1, "x", "00:05:00", "", lastMidnight, midnight, report.Verified, 299),
			exists(t, 2, "x", "00:05:00", "", lastMidnight, midnight, report.Verified, 300),
			exists(t, 3, "x", "00:05:00", "", lastMidnight, midnight, report.Pending, 200),
			exists(t, 4, "x", nextMidnight, "", lastMidnight, midnight, report.Verified, 200)),
	}
	p := params(t, "image events audit")
	r, err := report.ImageEvents(p, day(t, p), in)
	golden(t, r, err, `[{"image.activate":1,"image.delete":2,"image.exists":3,"image.exists.verified":1,"image.upload":2},
		["Event","Count"],["image.upload",2],["image.activate",1],["image.delete",2],["image.exists",3],["image.exists.verified",1]]`)
	if r.Name != "image events audit" || r.Version != 1 {
		t.Errorf("%s %d", r.Name, r.Version)
	}
	printable(t, r)
}

func TestTheBandwidthOfADay(t *testing.T) {
	sent := func(id int64, tenant, begin, end string, bytes int64) report.Exists {
		return report.Exists{ID: id, Tenant: tenant, Begin: at(t, begin), End: at(t, end), BandwidthOut: bytes}
	}
	in := report.BandwidthInput{Audited: rows(
		sent(1, "t1", midnight, nextMidnight, 1000), sent(2, "t2", midnight, "08:00:00", 5000), sent(3, "t1", "08:00:00", "09:00:00", 1),
		sent(4, "t3", midnight, "08:00:00", 1001), sent(5, "t9", "2026-11-19 23:00:00", "01:00:00", 7), sent(6, "t9", "23:00:00", "2026-11-21 00:00:01", 7))}
	p := params(t, "public outbound bandwidth")
	r, err := report.Bandwidth(p, day(t, p), in)
	// 1000 + 5000 + 1 + 1001 = 7002; the last two reach out of the day.
	golden(t, r, err, `[{"total_public_outbound_bandwidth":7002},["Tenant","Exists","Public outbound bandwidth"],
		["t2",1,5000],["t1",2,1001],["t3",1,1001]]`)
	printable(t, r)
	r, err = report.Bandwidth(p, day(t, p), report.BandwidthInput{})
	golden(t, r, err, `[{"total_public_outbound_bandwidth":0},["Tenant","Exists","Public outbound bandwidth"]]`)
}

func TestAnErrorOfTheStoreEndsEveryAudit(t *testing.T) {
	nova, glance := novaInput(t), imageInput(t)
	ended := map[string]func() error{
		"nova received": func() error { in := nova; in.Received = broken[report.Exists]; return novaUsage(t, in) },
		"nova audited":  func() error { in := nova; in.Audited = broken[report.Exists]; return novaUsage(t, in) },
		"nova launches": func() error { in := nova; in.Launches = broken[report.Launch]; return novaUsage(t, in) },
		"nova deletes":  func() error { in := nova; in.Deletes = broken[report.Deletion]; return novaUsage(t, in) },
		"nova place": func() error {
			in := nova
			in.Place = func(int64) (report.Place, error) { return report.Place{}, errStore }
			return novaUsage(t, in)
		},
		"nova reconciled": func() error {
			in := nova
			in.Reconciled = func(int64) (bool, error) { return false, errStore }
			return novaUsage(t, in)
		},
		"glance received": func() error { in := glance; in.Received = broken[report.Exists]; return glanceUsage(t, in) },
		"glance audited":  func() error { in := glance; in.Audited = broken[report.Exists]; return glanceUsage(t, in) },
		"glance images":   func() error { in := glance; in.Images = broken[report.Image]; return glanceUsage(t, in) },
		"glance deletes":  func() error { in := glance; in.Deletes = broken[report.Deletion]; return glanceUsage(t, in) },
		"image events": func() error {
			p := params(t, "image events audit")
			_, err := report.ImageEvents(p, day(t, p), report.ImageEventsInput{Events: broken[report.Event]})
			return err
		},
		"bandwidth": func() error {
			p := params(t, "public outbound bandwidth")
			_, err := report.Bandwidth(p, day(t, p), report.BandwidthInput{Audited: broken[report.Exists]})
			return err
		},
		"hours": func() error {
			p := params(t, "instance hours")
			_, err := report.InstanceHours(p, day(t, p), report.InstanceHoursInput{Tenants: broken[report.Tenant]})
			return err
		},
		"yard": func() error {
			p := params(t, "yard operations")
			_, err := report.YardOperations(p, day(t, p), report.YardInput{Window: broken[report.Event]})
			return err
		},
	}
	for name, build := range ended {
		if err := build(); !errors.Is(err, errStore) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func novaUsage(t testing.TB, in report.NovaUsageInput) error {
	p := params(t, "nova usage audit")
	_, err := report.NovaUsage(p, day(t, p), in)
	return err
}

func glanceUsage(t testing.TB, in report.GlanceUsageInput) error {
	p := params(t, "glance usage audit")
	_, err := report.GlanceUsage(p, day(t, p), in)
	return err
}
