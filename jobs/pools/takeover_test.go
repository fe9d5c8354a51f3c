package pools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/executors/vm"
	"yardmaster/store"
)

// fakeRedis is a Source in memory.
type fakeRedis struct {
	hashes map[string]map[string]string
	sets   map[string][]string
	broken map[string]error // keys that cannot be read
	lost   error            // the connection
}

func (f fakeRedis) Keys(_ context.Context, prefix string) ([]string, error) {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(f.hashes)), maps.Keys(f.sets))
	keys = slices.AppendSeq(keys, maps.Keys(f.broken))
	return slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) }), f.lost
}

func (f fakeRedis) Hashes(_ context.Context, keys []string, each func(string, map[string]string, error) error) error {
	for _, k := range keys {
		if err := each(k, f.hashes[k], f.broken[k]); err != nil {
			return err
		}
	}
	return nil
}

func (f fakeRedis) Members(_ context.Context, keys []string, each func(string, []string, error) error) error {
	for _, k := range keys {
		if err := each(k, f.sets[k], f.broken[k]); err != nil {
			return err
		}
	}
	return nil
}

type hash = map[string]string

// takeoverNow is the time of every test here.
var takeoverNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// before is a time so long before takeoverNow.
func before(d time.Duration) time.Time { return takeoverNow.Add(-d) }

// ruby writes a time as a vmpooler does.
func ruby(t time.Time) string { return t.Format("2006-01-02 15:04:05 -0700") }

const oldToken = "utpg2i2xswor6h8ttjhu3d47z53yy47y"

func takeoverStore(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Holder: "test",
		Now: func() time.Time { return takeoverNow }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func takeoverPools() []Pool {
	return []Pool{
		{Pool: vm.Pool{Name: "debian", Template: "tpl/debian-12", CloneTarget: "east", Folder: "pools/debian", Domain: "example.com"}, Provider: "vc", Size: 5},
		{Pool: vm.Pool{Name: "win__10", Template: "tpl/win", Domain: "win.example.com"}, Provider: "sim", Size: 2},
	}
}

func sealTest(text string) (string, error) { return "sealed " + fmt.Sprint(len(text)), nil }

// takeOver runs a Takeover that must not fail.
func takeOver(t testing.TB, src Source, db *store.DB, apply bool) *TakeoverReport {
	t.Helper()
	r, err := Takeover(t.Context(), src, db, TakeoverOptions{Pools: takeoverPools(), Apply: apply, Seal: sealTest})
	if err != nil {
		t.Fatal(err)
	}
	faults, err := Audit(t.Context(), db)
	if err != nil || len(faults) > 0 {
		t.Errorf("the records contradict each other: %q %v", faults, err)
	}
	return r
}

// contents is all that a Takeover may have written.
type contents struct {
	VMs       []store.VM
	Tokens    []store.Token
	Overrides []store.PoolOverride
	Requests  []store.VMRequest
	Days      []store.PoolDay
	Tags      []store.TagDay
}

func readContents(t testing.TB, db *store.DB) contents {
	t.Helper()
	var c contents
	err := db.View(t.Context(), func(tx *store.Tx) error {
		c = contents{}
		for v, err := range store.VMs.All(tx) {
			if err != nil {
				return err
			}
			c.VMs = append(c.VMs, v)
		}
		for v, err := range store.Tokens.All(tx) {
			if err != nil {
				return err
			}
			c.Tokens = append(c.Tokens, v)
		}
		for v, err := range store.PoolOverrides.All(tx) {
			if err != nil {
				return err
			}
			c.Overrides = append(c.Overrides, v)
		}
		for v, err := range store.VMRequests.All(tx) {
			if err != nil {
				return err
			}
			c.Requests = append(c.Requests, v)
		}
		for v, err := range store.PoolDays(tx, "0", "9") {
			if err != nil {
				return err
			}
			c.Days = append(c.Days, v)
		}
		for v, err := range store.TagDays(tx, "0", "9") {
			if err != nil {
				return err
			}
			c.Tags = append(c.Tags, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// machine is one of them by name.
func (c contents) machine(t testing.TB, name string) store.VM {
	t.Helper()
	i := slices.IndexFunc(c.VMs, func(v store.VM) bool { return v.Name == name })
	if i < 0 {
		t.Fatalf("no machine %s", name)
	}
	return c.VMs[i]
}

// oldYard is what a vmpooler with one of everything left behind.
func oldYard() fakeRedis {
	return fakeRedis{
		hashes: map[string]hash{
			"vmpooler__token__" + oldToken: {"user": "jdoe", "created": ruby(before(100 * time.Hour)), "last": ruby(before(time.Hour))},
			"vmpooler__vm__happy-otter": {"clone": ruby(before(50 * time.Hour)), "template": "debian", "pool": "debian", "clone_time": "12.50",
				"ready": ruby(before(49 * time.Hour)), "check": ruby(before(48 * time.Hour)), "checkout": ruby(before(3 * time.Hour)), "lifetime": "12",
				"token:token": oldToken, "token:user": "jdoe", "host": "esx7", "migrated": "true", "ip": "10.0.0.7", "domain": "lab.example.com",
				"disk": "+8gb:+2gb", "tag:department": "engineering", "tag:created_by": "jdoe",
				"snapshot:bbb": ruby(before(time.Hour)), "snapshot:aaa": ruby(before(2 * time.Hour))},
			"vmpooler__vm__calm-heron": {"clone": ruby(before(2 * time.Hour)), "template": "debian",
				"ready": ruby(before(90 * time.Minute)), "check": ruby(before(time.Minute))},
			"vmpooler__vm__shy-ibex": {"clone": ruby(before(time.Hour)), "template": "win__10", "request_id": "r-1",
				"pool_alias": "win", "ready": ruby(before(time.Hour)), "token:token": oldToken},
			"vmpooler__active__debian":   {"happy-otter": ruby(before(4 * time.Hour))},
			"vmpooler__active__win__10":  {"shy-ibex": ruby(before(30 * time.Minute))},
			"vmpooler__config__poolsize": {"debian": "7"}, "vmpooler__config__template": {"win__10": "tpl/win-new"},
			"vmpooler__config__clone_target": {"win__10": "west"},
			"vmpooler__template__prepared":   {"debian": "tpl/debian-11"},
			"vmpooler__odrequest__r-1": {"requested": "win:win__10:1,win:debian:1", "status": "ready", "token:token": oldToken,
				"token:user": "jdoe", "retry_count": "2"},
			"vmpooler__clone__2026-11-20": {"debian:a": "10.5", "debian:b": "4", "win__10:c": "100"},
			"vmpooler__boot__2026-11-20":  {"debian:a": "60"},
			"vmpooler__tag__2026-11-20":   {"a:department": "engineering", "b:department": "engineering", "b:url": "http://x:80/"},
			"vmpooler__tag__2026-11-21":   {"happy-otter:department": "engineering"},
		},
		sets: map[string][]string{
			"vmpooler__running__debian": {"happy-otter"}, "vmpooler__ready__debian": {"calm-heron"}, "vmpooler__running__win__10": {"shy-ibex"},
			"vmpooler__migrating__win__10": {"shy-ibex"}, "vmpooler__pending__debian": {"new-one"}, "vmpooler__completed__debian": {"old-one", "old-two"},
			"vmpooler__r-1__win__win__10": {"shy-ibex"}, "vmpooler__tasks__disk": {"happy-otter:4"}, "vmpooler__pools": {"debian", "win__10"},
		},
	}
}

// Everything that a vmpooler's users rely on comes over as it was.
func TestTakeoverBringsEverything(t *testing.T) {
	db := takeoverStore(t)
	report := takeOver(t, oldYard(), db, true)
	seven := 7
	sum := hashToken(oldToken)
	want := contents{
		VMs: []store.VM{
			{Name: "calm-heron", Pool: "debian", State: store.VMReady, Template: "tpl/debian-11", Target: "east", Provider: "vc", Place: &store.VMPlace{Folder: "pools/debian"},
				Domain:  "example.com",
				Created: before(2 * time.Hour), Cloned: before(90 * time.Minute), Ready: before(90 * time.Minute), Checked: true},
			{Name: "happy-otter", Pool: "debian", State: store.VMRunning, Template: "tpl/debian-11", Target: "east", Provider: "vc", Place: &store.VMPlace{Folder: "pools/debian"},
				Domain: "lab.example.com",
				IP:     "10.0.0.7", Host: "esx7", Migrated: true, Settled: true, Token: sum, User: "jdoe", Lifetime: 12, Disks: []int{8, 2},
				Tags:    map[string]string{"department": "engineering", "created_by": "jdoe"},
				Snaps:   []store.VMSnapshot{{ID: "aaa", At: before(2 * time.Hour)}, {ID: "bbb", At: before(time.Hour)}},
				Created: before(50 * time.Hour), Cloned: before(50 * time.Hour).Add(12500 * time.Millisecond), Ready: before(49 * time.Hour), Checked: true,
				CheckedOut: before(4 * time.Hour)},
			{Name: "shy-ibex", Pool: "win__10", State: store.VMRunning, Template: "tpl/win-new", Target: "west", Provider: "sim", Place: &store.VMPlace{},
				Domain: "win.example.com",
				Alias:  "win", Request: "r-1", Token: sum, User: "jdoe", Created: before(time.Hour), Cloned: before(time.Hour), Ready: before(time.Hour),
				CheckedOut: before(30 * time.Minute)},
		},
		Tokens:    []store.Token{{Hash: sum, Sealed: "sealed 32", User: "jdoe", Created: before(100 * time.Hour), Last: before(time.Hour)}},
		Overrides: []store.PoolOverride{{Pool: "debian", Size: &seven}, {Pool: "win__10", Template: "tpl/win-new", CloneTarget: "west"}},
		Requests: []store.VMRequest{{ID: "r-1", State: store.RequestReady, Token: sum, User: "jdoe", Retries: 2,
			Requested: before(time.Hour), Ended: before(30 * time.Minute),
			Items: []store.VMRequestItem{{Alias: "win", Pool: "win__10", Count: 1}, {Alias: "win", Pool: "debian", Count: 1}}}},
		Days: []store.PoolDay{
			{Date: "2026-11-20", Task: "boot", Pool: "debian", Count: 1, Total: 60, Min: 60, Max: 60},
			{Date: "2026-11-20", Task: "clone", Pool: "debian", Count: 2, Total: 14.5, Min: 4, Max: 10.5},
			{Date: "2026-11-20", Task: "clone", Pool: "win__10", Count: 1, Total: 100, Min: 100, Max: 100},
		},
		Tags: []store.TagDay{
			{Date: "2026-11-20", Tag: "department", Value: "engineering", Count: 2},
			{Date: "2026-11-20", Tag: "url", Value: "http://x:80/", Count: 1},
			{Date: "2026-11-21", Tag: "department", Value: "engineering", Count: 1},
		},
	}
	if d := cmp.Diff(want, readContents(t, db)); d != "" {
		t.Error(d)
	}
	wantReport := &TakeoverReport{Applied: true, Tokens: TakeoverCount{New: 1}, Overrides: TakeoverCount{New: 2}, Requests: TakeoverCount{New: 1},
		Machines: map[string]*TakeoverMachines{"debian": {Running: TakeoverCount{New: 1}, Ready: TakeoverCount{New: 1}},
			"win__10": {Running: TakeoverCount{New: 1}}},
		Days:    map[string]*TakeoverCount{"clone": {New: 1}, "boot": {New: 1}, "tag": {New: 2}},
		Unknown: map[string]*TakeoverUnknown{},
		Left: []TakeoverLeft{{"completed", "debian", []string{"old-one", "old-two"}}, {"disks not added", "", []string{"happy-otter:4"}},
			{"pending", "debian", []string{"new-one"}}}}
	if d := cmp.Diff(wantReport, report); d != "" {
		t.Error(d)
	}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		c, err := store.CountsOf(tx, "win__10")
		if !c.LastBoot.Equal(before(time.Hour)) {
			t.Errorf("the pool last booted a machine at %v", c.LastBoot)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Without leave to write, a Takeover tells the same and leaves no trace.
func TestTakeoverLooksFirst(t *testing.T) {
	db := takeoverStore(t)
	looked := takeOver(t, oldYard(), db, false)
	if d := cmp.Diff(contents{}, readContents(t, db)); d != "" {
		t.Errorf("something was written: %s", d)
	}
	done := takeOver(t, oldYard(), db, true)
	done.Applied = false
	if d := cmp.Diff(done, looked); d != "" {
		t.Errorf("it did otherwise than it said: %s", d)
	}
}

// A second run adds nothing, and says so.
func TestTakeoverTwice(t *testing.T) {
	db := takeoverStore(t)
	takeOver(t, oldYard(), db, true)
	first := readContents(t, db)
	for _, apply := range []bool{false, true} {
		report := takeOver(t, oldYard(), db, apply)
		if d := cmp.Diff(first, readContents(t, db)); d != "" {
			t.Error(d)
		}
		want := TakeoverReport{Tokens: TakeoverCount{There: 1}, Overrides: TakeoverCount{There: 2}, Requests: TakeoverCount{There: 1},
			Machines: map[string]*TakeoverMachines{"debian": {Running: TakeoverCount{There: 1}, Ready: TakeoverCount{There: 1}},
				"win__10": {Running: TakeoverCount{There: 1}}},
			Days: map[string]*TakeoverCount{"clone": {There: 1}, "boot": {There: 1}, "tag": {There: 2}}}
		got := TakeoverReport{Tokens: report.Tokens, Overrides: report.Overrides, Requests: report.Requests, Machines: report.Machines,
			Days: report.Days}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

// What became of a record since stays: a machine that was given back does not come to life again.
func TestTakeoverChangesNothing(t *testing.T) {
	db := takeoverStore(t)
	takeOver(t, oldYard(), db, true)
	five := 5
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		v, err := store.VMs.Get(tx, "happy-otter")
		if err != nil {
			return err
		}
		if err := complete(tx, &v, "deleted by its user"); err != nil {
			return err
		}
		if err := store.AddTag(tx, "happy-otter", "department", "sales"); err != nil { // today, once more
			return err
		}
		return store.PoolOverrides.Put(tx, &store.PoolOverride{Pool: "debian", Size: &five})
	})
	if err != nil {
		t.Fatal(err)
	}
	was := readContents(t, db)
	if n := slices.IndexFunc(was.Tags, func(d store.TagDay) bool { return d.Date == "2026-11-21" && d.Value == "engineering" }); n >= 0 {
		t.Error("a tag that was set before and after the takeover counts twice")
	}
	takeOver(t, oldYard(), db, true)
	if d := cmp.Diff(was, readContents(t, db)); d != "" {
		t.Error(d)
	}
}

// A machine's name that is taken in another pool is not taken for the same machine.
func TestTakeoverOfATakenName(t *testing.T) {
	db := takeoverStore(t)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return store.PutVM(tx, &store.VM{Name: "happy-otter", Pool: "win__10", State: store.VMReady, Ready: takeoverNow})
	})
	if err != nil {
		t.Fatal(err)
	}
	r := takeOver(t, oldYard(), db, true)
	if got := r.Machines["debian"].Running; got != (TakeoverCount{Out: 1}) {
		t.Errorf("counted %+v", got)
	}
	if v := readContents(t, db).machine(t, "happy-otter"); v.Pool != "win__10" {
		t.Errorf("got %+v", v)
	}
	if want := []TakeoverProblem{{machineKey + "happy-otter", "",
		"control.db knows a machine of that name in another pool"}}; !slices.Equal(r.Problems, want) {
		t.Errorf("got %v", r.Problems)
	}
}

// If Redis is lost on the way, nothing that was half read is written.
func TestTakeoverFromALostRedis(t *testing.T) {
	lost := errors.New("lost")
	yard := oldYard()
	yard.lost = lost
	db := takeoverStore(t)
	if _, err := Takeover(t.Context(), yard, db, TakeoverOptions{Pools: takeoverPools(), Apply: true, Seal: sealTest}); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
	_, err := Takeover(t.Context(), halfRedis{oldYard(), lost}, db, TakeoverOptions{Pools: takeoverPools(), Apply: true, Seal: sealTest})
	if !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
	if d := cmp.Diff(contents{}, readContents(t, db)); d != "" {
		t.Errorf("something was written: %s", d)
	}
}

// halfRedis is lost once it is asked for machines.
type halfRedis struct {
	fakeRedis
	lost error
}

func (h halfRedis) Hashes(ctx context.Context, keys []string, each func(string, map[string]string, error) error) error {
	if slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, machineKey) }) {
		return h.lost
	}
	return h.fakeRedis.Hashes(ctx, keys, each)
}

func TestTakeoverRefusesBadOptions(t *testing.T) {
	db := takeoverStore(t)
	for name, o := range map[string]TakeoverOptions{
		"no key to seal with":    {Apply: true},
		"a since that is no day": {Since: "2026-13-01"},
	} {
		if _, err := Takeover(t.Context(), fakeRedis{}, db, o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
