package report_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/jobs/events/report"
)

func hoursRecords(t testing.TB) []report.Exists {
	of := func(id int64, flavor, tenant, launched, deleted, begin, end string, status report.Status) report.Exists {
		e := report.Exists{ID: id, Event: 100 + id, FlavorID: flavor, Tenant: tenant, Begin: at(t, begin), End: at(t, end), Status: status}
		if launched != "" {
			e.Launched = at(t, launched)
		}
		if deleted != "" {
			e.Deleted = at(t, deleted)
		}
		return e
	}
	return []report.Exists{
		// The whole day of 512 MB: 24 h * 2 units = 48.
		of(1, "2", "t1", "2026-11-01 10:00:00", "", midnight, nextMidnight, report.Verified),
		// From 22:30 on: 1.5 h count as 2, * 2 = 4.
		of(2, "2", "t2", "22:30:00", "", midnight, nextMidnight, report.Verified),
		// From midnight to its end at 10:00, of 1,024 MB: 10 * 4 = 40.
		of(3, "io-4", "t1", "2026-11-01 10:00:00", "10:00:00", midnight, nextMidnight, report.Verified),
		// Deleted after its audit period: 8 * 4 = 32.
		of(4, "io-4", "t3", "", "09:00:00", midnight, "08:00:00", report.Verified),
		// Not verified; of another day; deleted before it began: 0 hours.
		of(5, "2", "t1", "", "", midnight, nextMidnight, report.Pending),
		of(6, "2", "t1", "", "", lastMidnight, midnight, report.Verified),
		of(7, "2", "t1", "", "2026-11-19 10:00:00", midnight, nextMidnight, report.Verified),
	}
}

func hoursInput(t testing.TB, records []report.Exists) report.InstanceHoursInput {
	return report.InstanceHoursInput{
		Audited: rows(records...),
		Tenants: rows(report.Tenant{ID: "t1", Name: "Ann", Types: map[string]string{"billing": "paid", "flavor": "x"}},
			report.Tenant{ID: "t2", Name: "Bob", Types: map[string]string{"billing": "free"}}),
		Body: func(event int64) ([]byte, error) {
			switch event {
			case 101:
				return []byte(`["k", {"payload": {"instance_type": "512 MB", "memory_mb": 512}}]`), nil
			case 103:
				return []byte(`["k", {"payload": {"nova_object.data": {"flavor": {"nova_object.data": {"name": "io", "memory_mb": 1024}}}}}]`), nil
			}
			return nil, fmt.Errorf("event %d was not to be read", event)
		},
	}
}

func TestTheHoursOfADay(t *testing.T) {
	p := params(t, "instance hours")
	r, err := report.InstanceHours(p, day(t, p), hoursInput(t, hoursRecords(t)))
	// 5 records, 48 + 4 + 40 + 32 + 0 = 124 unit hours. Flavor 2: 3 records, 52 of 124 = 41.935..; io-4: 2, 72 = 58.064..
	// t1 (paid): records 1, 3, 7: 3 of 5 = 60 %, 88 of 124 = 70.967..; t2 (free): 1, 4 = 3.225..; t3 is not known: 1, 32 = 25.806..
	// The type flavor has no key of its own: that is the flavors'. t2 has no such type.
	const ann = `{"account_name":"Ann","billing":"paid","count":3,"percent_count":60.0,"percent_unit_hours":70.96774193548387,"tenant":"t1","unit_hours":88.0}`
	const bob = `{"account_name":"Bob","billing":"free","count":1,"percent_count":20.0,"percent_unit_hours":3.225806451612903,"tenant":"t2","unit_hours":4.0}`
	const unknown = `{"account_name":"unknown account","billing":"unknown","count":1,"percent_count":20.0,"percent_unit_hours":25.806451612903224,"tenant":"t3","unit_hours":32.0}`
	const unknownFlavor = `{"account_name":"unknown account","count":1,"flavor":"unknown","percent_count":20.0,"percent_unit_hours":25.806451612903224,"tenant":"t3","unit_hours":32.0}`
	const annFlavor = `{"account_name":"Ann","count":3,"flavor":"x","percent_count":60.0,"percent_unit_hours":70.96774193548387,"tenant":"t1","unit_hours":88.0}`
	const top = `{"billing":{"free":[` + bob + `],"paid":[` + ann + `],"unknown":[` + unknown + `]},"flavor":{"unknown":[` + unknownFlavor + `],"x":[` + annFlavor + `]}}`
	golden(t, r, err, `[{
		"billing":{
		"free":{"count":1,"percent_count":20.0,"percent_unit_hours":3.225806451612903,"unit_hours":4.0},
		"paid":{"count":3,"percent_count":60.0,"percent_unit_hours":70.96774193548387,"unit_hours":88.0},
		"unknown":{"count":1,"percent_count":20.0,"percent_unit_hours":25.806451612903224,"unit_hours":32.0}},
		"flavor":{
		"2":{"count":3,"flavor_name":"512 MB","percent_count":60.0,"percent_unit_hours":41.935483870967744,"unit_hours":52.0},
		"io-4":{"count":2,"flavor_name":"io","percent_count":40.0,"percent_unit_hours":58.064516129032256,"unit_hours":72.0}},
		"flavor_class":{
		"io":{"count":2,"percent_count":40.0,"percent_unit_hours":58.064516129032256,"unit_hours":72.0},
		"standard":{"count":3,"percent_count":60.0,"percent_unit_hours":41.935483870967744,"unit_hours":52.0}},
		"report_format":"json",
		"top_hundred_by_count":`+top+`,
		"top_hundred_by_unit_hours":`+top+`,
		"total_instance_count":5,"total_unit_hours":124.0}]`)
	if r.Name != "instance hours" || r.Version != 1 {
		t.Errorf("%s %d", r.Name, r.Version)
	}
	printable(t, r)
}

func TestNoHours(t *testing.T) {
	p := params(t, "instance hours")
	r, err := report.InstanceHours(p, day(t, p), report.InstanceHoursInput{})
	golden(t, r, err, `[{"flavor":{},"flavor_class":{},"report_format":"json","top_hundred_by_count":{},"top_hundred_by_unit_hours":{},
		"total_instance_count":0,"total_unit_hours":0.0}]`)
}

func TestAFlavorWhoseMemoryIsForgotten(t *testing.T) {
	p := params(t, "instance hours")
	in := hoursInput(t, hoursRecords(t)[:1])
	in.Body = func(int64) ([]byte, error) { return nil, nil }
	r, err := report.InstanceHours(p, day(t, p), in)
	if err != nil {
		t.Fatal(err)
	}
	head := decoded(t, r)[0].(map[string]any)
	if diff := cmp.Diff([]any{1.0, 0.0, []any{"2"}}, []any{head["total_instance_count"], head["total_unit_hours"], head["unknown_flavors"]}); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstHundredOfATypeAreNamed(t *testing.T) {
	var all []report.Exists
	for i := range 150 {
		for range 1 + i%3 {
			e := hoursRecords(t)[0]
			e.ID, e.Tenant = int64(len(all)+1), fmt.Sprintf("t%03d", i)
			all = append(all, e)
		}
	}
	in := hoursInput(t, all)
	in.Tenants = rows(report.Tenant{ID: "none", Types: map[string]string{"billing": "x"}})
	in.Body = nil
	p := params(t, "instance hours")
	r, err := report.InstanceHours(p, day(t, p), in)
	if err != nil {
		t.Fatal(err)
	}
	top := decoded(t, r)[0].(map[string]any)["top_hundred_by_count"].(map[string]any)["billing"].(map[string]any)["unknown"].([]any)
	first, last := top[0].(map[string]any), top[99].(map[string]any)
	// 50 tenants have 3 records each, 50 have 2.
	if len(top) != 100 || first["tenant"] != "t002" || first["count"] != 3.0 || last["tenant"] != "t148" || last["count"] != 2.0 {
		t.Errorf("%d, %v to %v", len(top), first, last)
	}
}

func TestHoursAddUpInAnyOrder(t *testing.T) {
	p := params(t, "instance hours")
	rapid.Check(t, func(rt *rapid.T) {
		var all []report.Exists
		for i := range rapid.IntRange(0, 20).Draw(rt, "records") {
			e := hoursRecords(t)[rapid.SampledFrom([]int{0, 1, 2, 3, 4, 6}).Draw(rt, "record")]
			e.ID, e.Event, e.Tenant = int64(i+1), int64(i+1), rapid.SampledFrom([]string{"t1", "t2", "t3", ""}).Draw(rt, "tenant")
			all = append(all, e)
		}
		build := func(records []report.Exists) report.Report {
			in := hoursInput(t, records)
			in.Body = func(event int64) ([]byte, error) {
				return fmt.Appendf(nil, `["k", {"payload": {"instance_type": "m", "memory_mb": %d}}]`, 100*event), nil
			}
			r, err := report.InstanceHours(p, day(t, p), in)
			if err != nil {
				rt.Fatal(err)
			}
			return r
		}
		r := build(all)
		if first, second := text(t, r, nil), text(t, build(shuffled(all, 3)), nil); first != second {
			rt.Fatalf("%s\n%s", first, second)
		}
		head := decoded(t, r)[0].(map[string]any)
		for _, by := range []string{"flavor", "flavor_class", "billing"} {
			count, percent := 0.0, 0.0
			for _, v := range head[by].(map[string]any) {
				count += v.(map[string]any)["count"].(float64)
				percent += v.(map[string]any)["percent_count"].(float64)
			}
			if count != head["total_instance_count"] || count > 0 && (percent < 99.999 || percent > 100.001) {
				rt.Fatalf("%s: %v records, %v %%: %v", by, count, percent, head)
			}
		}
	})
}
