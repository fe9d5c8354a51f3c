package pools

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/store"
)

// problem is one line of a report, as a test writes it.
func problems(r *TakeoverReport) []string {
	var out []string
	for _, p := range r.Problems {
		out = append(out, strings.TrimSpace(p.Key+" "+p.Field)+": "+p.Reason)
	}
	return out
}

// A machine in more than one queue goes where nobody is harmed: who has one keeps it, and nobody is handed a doomed one.
func TestTakeoverOfMachinesInTwoPlaces(t *testing.T) {
	for _, c := range []struct {
		name   string
		queues []string // "queue of pool"
		state  store.VMState
		pool   string
		left   string // where it is left behind
		silent bool   // nothing is wrong with it
	}{
		{"running alone", []string{"running__debian"}, store.VMRunning, "debian", "", true},
		{"running and to be moved", []string{"running__debian", "migrating__debian"}, store.VMRunning, "debian", "", true},
		{"running and given up", []string{"completed__debian", "running__debian"}, store.VMRunning, "debian", "", false},
		{"running and ready", []string{"ready__debian", "running__debian"}, store.VMRunning, "debian", "", false},
		{"running in two pools, active in the second", []string{"running__debian", "running__win__10"}, store.VMRunning, "win__10", "", false},
		{"running and found in the inventory", []string{"running__debian", "discovered__debian"}, store.VMRunning, "debian", "", true},
		{"ready and given up", []string{"ready__debian", "completed__debian"}, "", "", "completed", false},
		{"ready and pending", []string{"ready__debian", "pending__debian"}, store.VMReady, "debian", "", false},
		{"ready and found in the inventory", []string{"discovered__debian", "ready__debian"}, store.VMReady, "debian", "", true},
		{"pending", []string{"pending__debian"}, "", "", "pending", true},
		{"completed", []string{"completed__debian"}, "", "", "completed", true},
		{"discovered", []string{"discovered__debian"}, "", "", "discovered", true},
		{"to be moved, and nothing else", []string{"migrating__debian"}, "", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			yard := fakeRedis{sets: map[string][]string{}, hashes: map[string]hash{
				"vmpooler__vm__m":           {"clone": ruby(takeoverNow), "ready": ruby(takeoverNow), "checkout": ruby(takeoverNow)},
				"vmpooler__active__win__10": {"m": ruby(takeoverNow)}}}
			for _, q := range c.queues {
				yard.sets["vmpooler__"+q] = []string{"m"}
			}
			db := takeoverStore(t)
			r := takeOver(t, yard, db, true)
			if got := problems(r); (len(got) == 0) != c.silent {
				t.Errorf("problems: %q", got)
			}
			if c.left != "" && (len(r.Left) != 1 || r.Left[0].What != c.left || r.Left[0].Names[0] != "m") || c.left == "" && len(r.Left) != 0 {
				t.Errorf("left: %+v", r.Left)
			}
			vms := readContents(t, db).VMs
			if c.state == "" {
				if len(vms) != 0 {
					t.Errorf("brought over: %+v", vms)
				}
				return
			}
			if len(vms) != 1 || vms[0].State != c.state || vms[0].Pool != c.pool {
				t.Errorf("brought over: %+v", vms)
			}
		})
	}
}

// manyTags is a machine with tags alone.
func manyTags(n int, value string) hash {
	h := hash{}
	for i := range n {
		h[fmt.Sprintf("tag:t%04d", i)] = value
	}
	return h
}

// A machine comes over with all that can be read of it, and each field that cannot be is named with its reason.
func TestTakeoverOfOddMachines(t *testing.T) {
	const key = "vmpooler__vm__m"
	for _, c := range []struct {
		name    string
		fields  hash
		active  string
		broken  error
		queue   string // running unless given
		check   func(v store.VM) bool
		problem []string
	}{
		{"no record, checked out", nil, ruby(before(time.Hour)), nil, "",
			func(v store.VM) bool {
				return v.CheckedOut.Equal(before(time.Hour)) && v.Created.Equal(before(time.Hour))
			}, []string{key + ": is not there"}},
		{"no record, ready", nil, "", nil, "ready", nil, []string{key + ": is not there"}},
		{"a record of another kind", nil, ruby(takeoverNow), errors.New("holds another kind of value: a set"), "",
			func(v store.VM) bool { return v.CheckedOut.Equal(takeoverNow) }, []string{key + ": holds another kind of value: a set"}},
		{"destroyed already", hash{"destroy": ruby(takeoverNow)}, ruby(takeoverNow), nil, "", nil, nil},
		{"checked out, nobody knows when", hash{"clone": ruby(before(time.Hour))}, "", nil, "",
			func(v store.VM) bool { return v.CheckedOut.Equal(takeoverNow) }, []string{key + " checkout: is missing; its lifetime begins now"}},
		{"checked out in its record alone", hash{"clone": ruby(before(time.Hour)), "checkout": ruby(before(time.Minute))}, "", nil, "",
			func(v store.VM) bool { return v.CheckedOut.Equal(before(time.Minute)) }, nil},
		{"times that are none", hash{"clone": "yesterday", "ready": "9999-12-31 00:00:00 +0000", "checkout": "1970-01-01 00:00:00 UTC"},
			"2026-11-22 12:00:00 +0000", nil, "",
			func(v store.VM) bool {
				return v.CheckedOut.Equal(takeoverNow) && v.Created.Equal(takeoverNow) && v.Ready.IsZero()
			},
			[]string{key + ` clone: "yesterday" is no time`, key + ` ready: "9999-12-31 00:00:00 +0000" is yet to come`,
				`vmpooler__active__debian m: "2026-11-22 12:00:00 +0000" is yet to come`, key + ` checkout: "1970-01-01 00:00:00 UTC" is too long ago`,
				key + " checkout: is missing; its lifetime begins now"}},
		{"a lifetime that is none", hash{"lifetime": "long"}, ruby(takeoverNow), nil, "", func(v store.VM) bool { return v.Lifetime == 0 },
			[]string{key + ` lifetime: "long" is no whole number from 0 to 876000`}},
		{"a lifetime without end", hash{"lifetime": "0"}, ruby(takeoverNow), nil, "", func(v store.VM) bool { return v.Lifetime == 0 },
			[]string{key + " lifetime: 0 let it live for ever; here it lives as long as its pool says"}},
		{"a disk that is none", hash{"disk": "+8gb:+xgb:+3GB"}, ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return slices.Equal(v.Disks, []int{8, 3}) },
			[]string{key + ` disk: "+xgb" is no disk of the form +8gb`}},
		{"tags that cannot be kept", hash{"tag:": "x", "tag:a": "\xff", "tag:b": strings.Repeat("x", 5000), "tag:c": "kept",
			"tag:d": ""}, ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return fmt.Sprint(v.Tags) == "map[c:kept]" },
			[]string{key + " tag:: its name cannot be kept", key + " tag:a: is not UTF-8", key + " tag:b: is 5000 bytes long, of at most 4096"}},
		{"more tags than a machine may have", manyTags(3500, "x"), ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return len(v.Tags) == 100 && v.Tags["t0000"] == "x" && v.Tags["t0099"] == "x" },
			[]string{key + " tag:*: 3400 of them are beyond 100 tags or 65536 bytes, and stay behind"}},
		{"longer tags than a machine may have", manyTags(20, strings.Repeat("x", 4096)), ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return len(v.Tags) == 15 }, []string{key + " tag:*: 5 of them are beyond 100 tags or 65536 bytes, and stay behind"}},
		{"a snapshot without a time", hash{"snapshot:s": "?"}, ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return len(v.Snaps) == 1 && v.Snaps[0].ID == "s" },
			[]string{key + ` snapshot:s: "?" is no time`}},
		{"an address that is none", hash{"ip": "here"}, ruby(takeoverNow), nil, "", func(v store.VM) bool { return v.IP == "" },
			[]string{key + ` ip: "here" is no IP address`}},
		{"a user known by the token alone", hash{"token:token": oldToken}, ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return v.User == "jdoe" }, nil},
		{"a token that was given back", hash{"token:token": "gone", "token:user": "eve"}, ruby(takeoverNow), nil, "",
			func(v store.VM) bool { return v.User == "eve" && v.Token == hashToken("gone") }, nil},
		{"ready since nobody knows when", hash{"clone": ruby(before(time.Hour)), "token:token": "left by a checkout that failed"}, "",
			nil, "ready",
			func(v store.VM) bool { return v.Ready.Equal(before(time.Hour)) && v.Token == "" },
			[]string{key + " ready: is missing; it counts as ready since it was cloned"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.queue == "" {
				c.queue = "running"
			}
			yard := fakeRedis{sets: map[string][]string{"vmpooler__" + c.queue + "__debian": {"m"}},
				hashes: map[string]hash{"vmpooler__active__debian": {}, "vmpooler__token__" + oldToken: {"user": "jdoe"}}}
			if c.fields != nil {
				yard.hashes[key] = c.fields
			}
			if c.active != "" {
				yard.hashes["vmpooler__active__debian"]["m"] = c.active
			}
			if c.broken != nil {
				yard.broken = map[string]error{key: c.broken}
			}
			db := takeoverStore(t)
			r := takeOver(t, yard, db, true)
			if d := cmp.Diff(c.problem, problems(r)); d != "" {
				t.Error(d)
			}
			vms := readContents(t, db).VMs
			switch {
			case c.check == nil && len(vms) != 0, c.check != nil && len(vms) != 1:
				t.Errorf("brought over: %+v", vms)
			case c.check != nil && !c.check(vms[0]):
				t.Errorf("brought over as %+v", vms[0])
			}
		})
	}
}

// What a pool has that is not configured here is counted, and none of it written.
func TestTakeoverOfUnknownPools(t *testing.T) {
	yard := fakeRedis{sets: map[string][]string{"vmpooler__running__sles": {"a", "b"}, "vmpooler__ready__sles": {"c"},
		"vmpooler__pending__sles": {"d"}},
		hashes: map[string]hash{"vmpooler__config__poolsize": {"sles": "3"}, "vmpooler__clone__2020-01-01": {"sles:a": "1"}}}
	db := takeoverStore(t)
	r := takeOver(t, yard, db, true)
	if d := cmp.Diff(map[string]*TakeoverUnknown{"sles": {Running: 2, Ready: 1, Overrides: 1}}, r.Unknown); d != "" {
		t.Error(d)
	}
	want := contents{Days: []store.PoolDay{{Date: "2020-01-01", Task: "clone", Pool: "sles", Count: 1, Total: 1, Min: 1,
		Max: 1}}} // history stays
	if d := cmp.Diff(want, readContents(t, db)); d != "" {
		t.Error(d)
	}
}

// No report tells a token, whatever is wrong with it.
func TestTakeoverReportsNoTokens(t *testing.T) {
	secrets := []string{"tokenwithoutuser", "tokenofwrongkind", "tokenwithoddtimes", "tok\x1b[2Jen\xff", strings.Repeat("longtoken", 100)}
	yard := fakeRedis{broken: map[string]error{"vmpooler__token__" + secrets[1]: errors.New("holds another kind of value: a set")},
		hashes: map[string]hash{
			"vmpooler__token__":              {"user": "x"},
			"vmpooler__token__" + secrets[0]: {"last": ruby(takeoverNow)},
			"vmpooler__token__" + secrets[2]: {"user": "jdoe", "created": "?", "last": "??"},
			"vmpooler__token__" + secrets[3]: {"user": "jdoe"},
			"vmpooler__token__" + secrets[4]: {"user": "jdoe"}}}
	db := takeoverStore(t)
	r := takeOver(t, yard, db, true)
	if got := r.Tokens; got != (TakeoverCount{New: 1, Out: 3}) {
		t.Errorf("counted %+v", got)
	}
	if len(r.Problems) != 7 {
		t.Errorf("problems: %q", problems(r))
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, s := range append(secrets, "\x1b", "longtoken") {
		if strings.Contains(b.String(), s) {
			t.Errorf("the report has %q", s)
		}
	}
	if token := readContents(t, db).Tokens[0]; !token.Created.Equal(takeoverNow) || strings.Contains(fmt.Sprint(token), secrets[2]) {
		t.Errorf("got %+v", token)
	}
}

// Where tokens expire, those of the vmpooler do so too, counted from the takeover.
func TestTakeoverOfTokensThatExpire(t *testing.T) {
	db := takeoverStore(t)
	_, err := Takeover(t.Context(), oldYard(), db, TakeoverOptions{Apply: true, Seal: sealTest, TokenTTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if got := readContents(t, db).Tokens[0].Expires; !got.Equal(takeoverNow.Add(time.Hour)) {
		t.Errorf("got %v", got)
	}
}

// Complete requests with machines come over; of the others is told what they were.
func TestTakeoverOfRequests(t *testing.T) {
	yard := fakeRedis{
		hashes: map[string]hash{
			"vmpooler__odrequest__done":    {"requested": "deb:debian:2,x", "status": "ready"},
			"vmpooler__odrequest__over":    {"requested": "deb:debian:1", "status": "ready"},
			"vmpooler__odrequest__open":    {"requested": "deb:debian:2"},
			"vmpooler__odrequest__failed":  {"requested": "deb:debian:2", "status": "failed"},
			"vmpooler__odrequest__deleted": {"requested": "deb:debian:2", "status": "deleted"},
			"vmpooler__odrequest__odd":     {"requested": "?", "status": "ready"},
			"vmpooler__vm__a":              {"checkout": ruby(before(time.Hour))}, // its request is known from the set alone
			"vmpooler__vm__b":              {"checkout": ruby(before(2 * time.Hour)), "request_id": "open"},
			"vmpooler__vm__c":              {"checkout": ruby(before(2 * time.Hour)), "request_id": "odd"},
			"vmpooler__vm__d":              {"checkout": ruby(before(time.Hour)), "request_id": "odd"}},
		sets: map[string][]string{"vmpooler__running__debian": {"a", "b", "c", "d"}, "vmpooler__done__deb__debian": {"a", "gone"},
			"vmpooler__provisioning__request": {"queued", "open"}, "vmpooler__provisioning__processing": {"begun"}}}
	db := takeoverStore(t)
	r := takeOver(t, yard, db, true)
	c := readContents(t, db)
	want := []store.VMRequest{
		{ID: "done", State: store.RequestReady, Items: []store.VMRequestItem{{Alias: "deb", Pool: "debian", Count: 2}},
			Requested: before(time.Hour), Ended: before(time.Hour)},
		{ID: "odd", State: store.RequestReady, Items: []store.VMRequestItem{{Alias: "debian", Pool: "debian", Count: 2}}, // what it holds
			Requested: before(2 * time.Hour), Ended: before(time.Hour)}}
	if d := cmp.Diff(want, c.Requests); d != "" {
		t.Error(d)
	}
	if v := c.machine(t, "a"); v.Request != "done" || v.Alias != "deb" {
		t.Errorf("got %+v", v)
	}
	wantProblems := []string{`vmpooler__odrequest__done requested: "x" is not of the form alias:pool:count`,
		`vmpooler__odrequest__odd requested: "?" is not of the form alias:pool:count`}
	if d := cmp.Diff(wantProblems, problems(r)); d != "" {
		t.Error(d)
	}
	wantLeft := []TakeoverLeft{{"open requests", "", []string{"open (1 of its machines run, and come over)", "queued", "begun"}}}
	if d := cmp.Diff(wantLeft, r.Left); d != "" {
		t.Error(d)
	}
	if r.Requests != (TakeoverCount{New: 2}) || r.EndedRequests != 3 {
		t.Errorf("counted %+v, %d ended", r.Requests, r.EndedRequests)
	}
}

// Counts are summed as a vmpooler would, and what cannot be counted is named.
func TestTakeoverOfOddDays(t *testing.T) {
	yard := fakeRedis{broken: map[string]error{"vmpooler__boot__2026-01-01": errors.New("too large")},
		hashes: map[string]hash{
			"vmpooler__clone__2026-01-01": {"debian:a": "1.5", "debian:b": "", "debian:c": "NaN", "debian:d": "-1", "a:b:c": "2",
				"alone": "3", "x\xff:y": "1", "debian:e": "1e400"},
			"vmpooler__clone__2019-01-01": {"debian:a": "1"},
			"vmpooler__clone__lately":     {"debian:a": "1"},
			"vmpooler__tag__2026-01-01":   {"alone": "v", "m:k:l": "w", "m:empty": "", "m:n": "\xff"}}}
	db := takeoverStore(t)
	r, err := Takeover(t.Context(), yard, db, TakeoverOptions{Since: "2020-01-01", Apply: true, Seal: sealTest})
	if err != nil {
		t.Fatal(err)
	}
	want := contents{
		Days: []store.PoolDay{
			{Date: "2026-01-01", Task: "clone", Pool: "a:b", Count: 1, Total: 2, Min: 2, Max: 2},
			{Date: "2026-01-01", Task: "clone", Pool: "debian", Count: 1, Total: 1.5, Min: 1.5, Max: 1.5},
			{Date: "2026-01-01", Task: "clone", Pool: "unknown", Count: 1, Total: 3, Min: 3, Max: 3}},
		Tags: []store.TagDay{{Date: "2026-01-01", Tag: "k:l", Value: "w", Count: 1}, {Date: "2026-01-01", Tag: "unknown", Value: "v", Count: 1}}}
	if d := cmp.Diff(want, readContents(t, db)); d != "" {
		t.Error(d)
	}
	if r.Older != 1 || *r.Days["clone"] != (TakeoverCount{New: 1}) || *r.Days["boot"] != (TakeoverCount{}) {
		t.Errorf("counted %d older, %+v", r.Older, r.Days["clone"])
	}
	wantProblems := []string{"vmpooler__clone__lately: is named after no day", "vmpooler__boot__2026-01-01: too large",
		`vmpooler__clone__2026-01-01 debian:b: "" is no number of seconds`, `vmpooler__clone__2026-01-01 debian:c: "NaN" is no number of seconds`,
		`vmpooler__clone__2026-01-01 debian:d: "-1" is no number of seconds`, `vmpooler__clone__2026-01-01 debian:e: "1e400" is no number of seconds`,
		`vmpooler__clone__2026-01-01 "x\xff:y": its name cannot be kept`, "vmpooler__tag__2026-01-01 m:n: is not UTF-8"}
	if d := cmp.Diff(wantProblems, problems(r)); d != "" {
		t.Error(d)
	}
}

// A day that was counted here already keeps its counts.
func TestTakeoverKeepsTheDaysThatAreThere(t *testing.T) {
	db := takeoverStore(t)
	err := db.Update(t.Context(), func(tx *store.Tx) error { return store.AddTask(tx, store.TaskClone, "debian", time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	r := takeOver(t, fakeRedis{hashes: map[string]hash{"vmpooler__clone__2026-11-21": {"debian:a": "9"},
		"vmpooler__boot__2026-11-21": {"debian:a": "9"}}}, db, true)
	if *r.Days["clone"] != (TakeoverCount{There: 1}) || *r.Days["boot"] != (TakeoverCount{New: 1}) {
		t.Errorf("counted %+v, %+v", r.Days["clone"], r.Days["boot"])
	}
	if days := readContents(t, db).Days; len(days) != 2 || days[0].Total != 9 || days[1].Total != 1 {
		t.Errorf("got %+v", days)
	}
}

// The report is the same text each time, short, and safe to look at.
func TestTakeoverReportReads(t *testing.T) {
	yard := oldYard()
	yard.sets["vmpooler__running__sles\x1b[2J"] = []string{"a"}
	yard.sets["vmpooler__ready__debian"] = append(yard.sets["vmpooler__ready__debian"], "not a name")
	for i := range 30 {
		yard.sets["vmpooler__discovered__debian"] = append(yard.sets["vmpooler__discovered__debian"], fmt.Sprintf("d%02d", i))
	}
	bad := hash{}
	for i := range 600 {
		bad[fmt.Sprintf("debian:m%03d", i)] = "?"
	}
	yard.hashes["vmpooler__boot__2026-11-19"] = bad
	var b strings.Builder
	if err := takeOver(t, yard, takeoverStore(t), false).Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	head, tail, _ := strings.Cut(text, "\nNot as it should be:\n")
	want := `  to bring  already there  left out
         1              0         0  tokens
         2              0         0  running machines
         1              0         0    debian
         1              0         0    win__10
         1              0         0  ready machines
         1              0         0    debian
         1              0         0  on-demand requests
         2              0         0  overrides of pools
         1              0         0  days of clones
         1              0         0  days of boots
         2              0         0  days of tags

Pools that are not configured here, and what they have; none of it is brought over:
  "sles\x1b[2J": 1 running, 0 ready, 0 overrides

Left behind:
  2 completed machines of debian: old-one, old-two
  30 discovered machines of debian: d00, d01, d02, d03, d04, d05, d06, d07, d08, d09, d10, d11, d12, d13, d14, d15, d16, d17, d18, d19 and 10 more
  1 disks not added: happy-otter:4
  1 pending machines of debian: new-one
`
	if d := cmp.Diff(want, head); d != "" {
		t.Error(d)
	}
	lines := strings.Split(strings.TrimSpace(tail), "\n")
	if len(lines) != maxProblems+3 || lines[0] != "vmpooler__ready__debian not a name: is no name of a machine" {
		t.Errorf("%d lines of problems, the first %q", len(lines), lines[0])
	}
	if got := lines[maxProblems]; got != "  and 101 more" {
		t.Errorf("the line after the last problem: %q", got)
	}
}
