package pools

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/store"
)

func TestRubyTimes(t *testing.T) {
	at := time.Date(2026, 11, 21, 1, 54, 34, 0, time.UTC)
	for _, c := range []struct {
		text string
		want time.Time
	}{
		{"2026-11-21 01:54:34 +0000", at},
		{"2026-11-20 18:54:34 -0700", at},
		{"2026-11-21 01:54:34 UTC", at},
		{"2026-11-21 01:54:34.250000 +0000", at.Add(250 * time.Millisecond)},
		{"2026-11-21 02:54:34 +01:00", at},
		{"2026-11-21T01:54:34Z", at},
		{"2026-11-21T02:54:34.5+01:00", at.Add(500 * time.Millisecond)},
		{"2026-11-21T02:54:34+0100", at},
		{"2026-11-21T01:54:34", at},
		{"2026-11-21 01:54:34", at},
		{"Sat Nov 21 01:54:34 +0000 2026", at},
		{"Sat Nov 21 01:54:34 UTC 2026", at},
		{"Thu Nov  5 01:54:34 +0000 2026", at.AddDate(0, 0, -16)},
		{"Sat, 21 Nov 2026 01:54:34 +0000", at},
		{"Sat, 21 Nov 2026 01:54:34 GMT", at},
		{"2026-11-21", at.Truncate(24 * time.Hour)},
		{" 2026-11-21 01:54:34 +0000\n", at},
		{fmt.Sprint(at.Unix()), at},
		{fmt.Sprint(at.Unix()) + ".25", at.Add(250 * time.Millisecond)},
		{fmt.Sprint(at.UnixMilli()), at},
	} {
		if got, ok := rubyTime(c.text); !ok || !got.Equal(c.want) {
			t.Errorf("%q: got %v, %v", c.text, got, ok)
		}
	}
	for _, text := range []string{"", "never", "0", "12", "2026", "2026-13-01 00:00:00 +0000", "2026-11-21 25:00:00 +0000",
		"2026-11-21 01:54:34 PDT", "1e9", "-1700000000",
		"1.7.0", "....", strings.Repeat("9", 20), strings.Repeat("1", 5000), "NaN", "+Inf"} {
		if got, ok := rubyTime(text); ok {
			t.Errorf("%q: got %v", clip(text), got)
		}
	}
}

func TestRubyDisks(t *testing.T) {
	for _, c := range []struct {
		text string
		gb   []int
		bad  []string
	}{
		{"+8gb:+2gb", []int{8, 2}, nil},
		{"+8gb", []int{8}, nil},
		{"+08GB", []int{8}, nil},
		{"8gb", nil, []string{"8gb"}},
		{"+8:+9gb", []int{9}, []string{"+8"}},
		{"+0gb:+gb:+-1gb:+1.5gb", nil, []string{"+0gb", "+gb", "+-1gb", "+1.5gb"}},
		{"+99999999999999999999gb", nil, []string{"+99999999999999999999gb"}},
		{":", nil, []string{"", ""}},
	} {
		gb, bad := rubyDisks(c.text)
		if !slices.Equal(gb, c.gb) || !slices.Equal(bad, c.bad) {
			t.Errorf("%q: got %v and %q", c.text, gb, bad)
		}
	}
}

func TestHostLabels(t *testing.T) {
	for _, s := range []string{"a", "happy-otter", "h4x", "A-b_c", strings.Repeat("a", 63)} {
		if !isLabel(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", "-a", "a-", "a.b", "a b", "a:b", "ä", "a\x00", strings.Repeat("a", 64)} {
		if isLabel(s) {
			t.Errorf("%q is accepted", s)
		}
	}
}

// Whatever is read as a time is the same time when it is written and read again.
func FuzzRubyTime(f *testing.F) {
	for _, s := range []string{"2026-11-21 01:54:34 +0000", "2026-11-21T01:54:34.123456789-07:00", "Sat Nov 21 01:54:34 UTC 2026",
		"1795226074.5", "1795226074500", "2026-11-21"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := rubyTime(s)
		if !ok {
			return
		}
		again, ok := rubyTime(ruby(at))
		if year := at.Year(); year > 0 && year < 10000 && (!ok || !again.Equal(at.Truncate(time.Second))) {
			t.Errorf("%q is %v, written %q, read %v", s, at, ruby(at), again)
		}
	})
}

// Every part of a text is a disk of a size that can be, or named as bad.
func FuzzRubyDisks(f *testing.F) {
	for _, s := range []string{"+8gb:+2gb", "", "+8gb:", "+x", "++1gbgb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		gb, bad := rubyDisks(s)
		if len(gb)+len(bad) != strings.Count(s, ":")+1 {
			t.Errorf("%q: %v and %q", s, gb, bad)
		}
		for _, n := range gb {
			if n < 1 || n > maxGB {
				t.Errorf("%q: %d GB", s, n)
			}
		}
	})
}

// What is read of a request is what is read of it when it is written again.
func FuzzRequestItems(f *testing.F) {
	for _, s := range []string{"win:win10:1,deb:debian:20", "", "a:b:c", "a:b:0,,", ":b:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		items, bad := requestItems(s)
		if len(items)+len(bad) != strings.Count(s, ",")+1 {
			t.Errorf("%q: %v and %q", s, items, bad)
		}
		var parts []string
		for _, i := range items {
			parts = append(parts, fmt.Sprintf("%s:%s:%d", i.Alias, i.Pool, i.Count))
		}
		if len(items) == 0 {
			return
		}
		again, bad := requestItems(strings.Join(parts, ","))
		if len(bad) != 0 || !slices.Equal(again, items) {
			t.Errorf("%q: %v, then %v and %q", s, items, again, bad)
		}
	})
}

// fuzzKeys are keys that a takeover reads, with pools, machines and values that fit each other, so that garbage gets far.
var fuzzKeys = []string{"vmpooler__running__debian", "vmpooler__ready__debian", "vmpooler__running__win__10",
	"vmpooler__completed__debian", "vmpooler__pending__\xff",
	"vmpooler__migrating__debian", "vmpooler__active__debian", "vmpooler__vm__a", "vmpooler__vm__b", "vmpooler__vm__",
	"vmpooler__token__t", "vmpooler__token__\x00",
	"vmpooler__odrequest__r", "vmpooler__odrequest__", "vmpooler__r__deb__debian", "vmpooler__config__poolsize",
	"vmpooler__config__template", "vmpooler__config__clone_target",
	"vmpooler__template__prepared", "vmpooler__clone__2026-11-21", "vmpooler__boot__2026-11-20", "vmpooler__tag__2026-11-21",
	"vmpooler__tag__2026-11-20", "vmpooler__tag__",
	"vmpooler__provisioning__request", "vmpooler__poolreset", "vmpooler__tasks__disk"}

var fuzzFields = []string{"clone", "ready", "check", "checkout", "lifetime", "destroy", "host", "migrated", "disk", "tag:k", "tag:",
	"snapshot:s", "token:token", "token:user",
	"request_id", "pool_alias", "clone_time", "user", "created", "last", "requested", "status", "retry_count", "debian", "debian:a", "a:k",
	"a", "\xff"}

// oddYard is a Redis whose keys hold what script says, three bytes a step.
func oddYard(script []byte, words []string) fakeRedis {
	yard := fakeRedis{hashes: map[string]hash{}, sets: map[string][]string{}}
	for step := range slices.Chunk(script, 3) {
		if len(step) < 3 {
			break
		}
		key, field, value := fuzzKeys[int(step[0])%len(fuzzKeys)], fuzzFields[int(step[1])%len(fuzzFields)], words[int(step[2])%len(words)]
		if yard.hashes[key] == nil {
			yard.hashes[key] = hash{}
		}
		yard.hashes[key][field] = value
		yard.hashes[key][value] = value
		yard.sets[key] = append(yard.sets[key], value)
	}
	return yard
}

// takeOverAnything: whatever a Redis holds, a takeover ends well, its records agree, and a second one adds nothing.
func takeOverAnything(t *testing.T, yard fakeRedis) *TakeoverReport {
	db := takeoverStore(t)
	looked := takeOver(t, yard, db, false)
	first := takeOver(t, yard, db, true)
	if looked.Tokens != first.Tokens || looked.Requests != first.Requests || len(looked.Problems) != len(first.Problems) {
		t.Errorf("looked %+v, did %+v", looked, first)
	}
	again := takeOver(t, yard, db, true)
	n := again.Tokens.New + again.Requests.New + again.Overrides.New
	for _, m := range again.Machines {
		n += m.Running.New + m.Ready.New
	}
	for _, d := range again.Days {
		n += d.New
	}
	if n != 0 {
		t.Errorf("a second run adds: %+v", again)
	}
	problems, err := db.Check(t.Context())
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if err := again.Write(io.Discard); err != nil {
		t.Error(err)
	}
	return first
}

func FuzzTakeover(f *testing.F) {
	f.Add([]byte("\x00\x18\x01a\x07\x00\x11a"), "ready\x00deb:debian:1\x002026-11-21 01:54:34 +0000\x0012\x00+8gb")
	f.Add([]byte{0, 0, 0, 7, 0, 0, 7, 1, 1, 10, 17, 0, 12, 20, 1, 12, 21, 0, 14, 0, 0}, "a\x00ready\x001795226074\x00r")
	f.Fuzz(func(t *testing.T, script []byte, values string) {
		if len(script) > 300 || len(values) > 20000 {
			return
		}
		takeOverAnything(t, oddYard(script, append(strings.Split(values, "\x00"), "a", "b", "")))
	})
}

// The same over Redises whose values are likely ones, in unlikely places.
func TestTakeoverOfAnything(t *testing.T) {
	words := []string{"a", "a", "a", "b", "b", "c", "", "ready", "failed", "deb:debian:1", "deb:debian:1,\xff", "r",
		"2026-11-21 01:54:34 +0000", "9999-12-31 00:00:00 +0000", "12",
		"0", "-1", "1e308", "NaN", "+8gb:+x", "t", "true", "\xff\xfe", "a:k", "debian", "debian:a", strings.Repeat("x", 10000), "\x00"}
	brought := 0
	for seed := range uint64(60) {
		lot := rand.New(rand.NewPCG(seed, 1))
		script := make([]byte, 3*(10+lot.IntN(200)))
		for i := range script {
			script[i] = byte(lot.Uint32())
		}
		r := takeOverAnything(t, oddYard(script, words))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		brought += r.machinesOf("debian", store.VMRunning).New + r.Requests.New + r.Tokens.New
	}
	if brought < 100 {
		t.Errorf("only %d records were brought over: the test asks little", brought)
	}
}

// Sums of a day's fields are those of its values: a property of every set of seconds.
func TestDaySumsAreThoseOfTheirValues(t *testing.T) {
	d := daySums{date: "2026-01-01", tasks: map[string]map[string]*store.PoolDay{}}
	r := record{key: "k", fields: hash{}, report: newTakeoverReport(false)}
	total := 0.0
	for i := range 100 {
		n := float64(i*i%37) / 4
		r.fields[fmt.Sprintf("p:m%d", i)] = fmt.Sprint(n)
		total += n
	}
	d.sumTasks(store.TaskBoot, r)
	if got := *d.tasks[store.TaskBoot]["p"]; got.Count != 100 || got.Total != total || got.Min != 0 || got.Max != 9 {
		t.Errorf("got %+v", got)
	}
}
