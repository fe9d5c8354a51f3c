package events

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var rowTexts = rapid.OneOf(rapid.StringN(0, 20, -1), rapid.SampledFrom([]string{
	"7d1f8a52-0000-4000-8000-00000000000a", "req-7d1f8a52-0000-4000-8000-00000000000a", "7D1F8A52-0000-4000-8000-00000000000A",
	"req-7d1f8a52-0000-4000-8000-00000000000A", "7d1f8a52-0000-4000-8000-00000000000", "7d1f8a5200004000800000000000000a", "7D1f8a5200004000800000000000000a",
	"7d1f8a5200004000800000000000000", "xeq-7d1f8a52-0000-4000-8000-00000000000a", strings.Repeat("x", 600), "a.start", "a.end",
}))

var rowTimes = rapid.Custom(func(t *rapid.T) any {
	return micros(rapid.Int64Range(-1<<55, 1<<55).Draw(t, "time"))
})

var arbitraryRow = rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
	reflect.TypeFor[time.Time](): rowTimes,
	reflect.TypeFor[string]():    rapid.Custom(func(t *rapid.T) any { return rowTexts.Draw(t, "text") }),
	reflect.TypeFor[Text](): rapid.Custom(func(t *rapid.T) any {
		if rapid.Bool().Draw(t, "null") {
			return Text{}
		}
		return Some(rowTexts.Draw(t, "text"))
	}),
}}

func drawRow(t *rapid.T) *row {
	r := &row{Event: rapid.MakeCustom[Event](arbitraryRow).Draw(t, "event")}
	r.Service = Nova
	if rapid.Bool().Draw(t, "plain publisher") {
		r.Source, r.Host = splitPublisher(r.Publisher)
	}
	if r.step = step(rapid.IntRange(0, 2).Draw(t, "step")); r.step != stepNone {
		r.name = rowTexts.Draw(t, "name")
	}
	if r.step == stepEnd && rapid.Bool().Draw(t, "paired") {
		r.pair, r.began = rapid.Int64Range(1, 1<<60).Draw(t, "pair"), rowTimes.Draw(t, "began").(time.Time)
	}
	return r
}

func TestARowIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawRow(t)
		var reader rowReader
		got, err := reader.read(r.encode(nil), r.Service, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, cmp.AllowUnexported(row{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestKeysOfDifferentTextsDoNotMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rowTexts.Draw(t, "a"), rowTexts.Draw(t, "b")
		x, y := appendKey(nil, a), appendKey(nil, b)
		if (a == b) != bytes.Equal(x, y) || a != b && (bytes.HasPrefix(x, y) || bytes.HasPrefix(y, x)) {
			t.Fatalf("%q is %x, %q is %x", a, x, b, y)
		}
	})
}

func FuzzRow(f *testing.F) {
	whole := row{Event: Event{When: micros(1), Type: "x.end", Publisher: "a.b", MessageID: "m"}, step: stepEnd, name: "y", pair: 3, began: micros(0)}
	f.Add(whole.encode(nil))
	f.Add([]byte{rowVersion})
	f.Add([]byte{rowVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var reader rowReader
		r, err := reader.read(raw, Nova, 1)
		if err != nil {
			return
		}
		again, err := reader.read(r.encode(nil), Nova, 1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, again, cmp.AllowUnexported(row{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzBlock(f *testing.F) {
	p, err := newPress()
	if err != nil {
		f.Fatal(err)
	}
	defer p.close()
	f.Add(p.pack([][]byte{[]byte(`{"event_type": "compute.instance.update"}`), nil, []byte("x")}))
	f.Add(p.pack([][]byte{nil}))
	f.Add([]byte{blockPlain, 2, 1, 1, 'a', 'b'})
	f.Add([]byte{blockPlain, 0xff, 0xff, 0x03})
	f.Fuzz(func(t *testing.T, raw []byte) {
		bodies, err := p.unpack(raw)
		if err != nil {
			return
		}
		again, err := p.unpack(p.pack(bodies))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(bodies, again) && len(bodies)+len(again) > 0 {
			t.Fatalf("%q became %q", bodies, again)
		}
	})
}

func FuzzTiming(f *testing.F) {
	f.Add(appendEnds(appendText(nil, "i"), &Timing{StartID: 1, EndID: 2, Start: micros(1), End: micros(5)}), []byte("key 12345678"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, value, key []byte) {
		var one Timing
		_ = cutEnds(value, &one.Name, &one)
		_, _ = cutOpen(Nova, "i", key, value)
	})
}

func TestAFilterKnowsWhatItWasGiven(t *testing.T) {
	const n = 20_000
	b := newBloom(n)
	for i := range n {
		b.add(digest(uuidText(i)))
	}
	wrong := 0
	for i := range n {
		if !b.has(digest(uuidText(i))) {
			t.Fatalf("does not know %d", i)
		}
		if b.has(digest(uuidText(i + n))) {
			wrong++
		}
	}
	if wrong > n/200 {
		t.Errorf("%d of %d strangers were taken for known", wrong, n)
	}
	if _, err := loadBloom([]byte{1}); err == nil {
		t.Error("a filter that was cut short was taken")
	}
}

func uuidText(i int) string {
	return string(appendUUID(nil, []byte{byte(i), byte(i >> 8), byte(i >> 16), 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 9}))
}

func TestTheEntriesOfARunComeInTheOrderOfTheirKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var one, x entries
		var rows []*row
		var want, got, keys []string
		for i := range rapid.IntRange(1, 8).Draw(t, "rows") {
			rows = append(rows, drawRow(t))
			one.add(rows[i], uint32(7+i))
		}
		_ = one.visit(func(e entry) error { want = append(want, fmt.Sprintf("%x %x", e.key, e.value)); return nil })
		_ = x.run(rows, 7, func(e entry) error {
			got, keys = append(got, fmt.Sprintf("%x %x", e.key, e.value)), append(keys, string(e.key))
			return nil
		})
		if !slices.IsSorted(keys) {
			t.Fatalf("the order is %x", keys)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestARunEndsWhereAnEntryIsRefused(t *testing.T) {
	var x entries
	refused := errors.New("refused")
	n := 0
	err := x.run([]*row{{}, {}}, 0, func(entry) error { n++; return refused })
	if !errors.Is(err, refused) || n != 1 {
		t.Errorf("%v after %d entries", err, n)
	}
}
