package kv_test

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yardmaster/store/kv"
)

func TestKeysOrderAsTheirValuesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Bytes near the terminator, the escape and the ends are where an encoding would go wrong.
		text := rapid.Custom(func(t *rapid.T) string {
			return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 0xfe, 0xff}), 0, 5).Draw(t, "bytes"))
		})
		a1, b1 := text.Draw(t, "a1"), text.Draw(t, "b1")
		a2, b2 := rapid.Int64().Draw(t, "a2"), rapid.Int64().Draw(t, "b2")
		a3, b3 := text.Draw(t, "a3"), text.Draw(t, "b3")
		got := bytes.Compare(
			kv.Join(kv.Text(a1), kv.Int(a2), kv.Text(a3)),
			kv.Join(kv.Text(b1), kv.Int(b2), kv.Text(b3)))
		want := cmp.Or(strings.Compare(a1, b1), cmp.Compare(a2, b2), strings.Compare(a3, b3))
		if got != want {
			t.Fatalf("(%q %d %q) against (%q %d %q): keys say %d, values %d", a1, a2, a3, b1, b2, b3, got, want)
		}
	})
}

func TestTimesOrderAndKeepMicroseconds(t *testing.T) {
	times := []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Unix(0, 0).UTC(),
		time.Date(2024, 2, 29, 1, 2, 3, 4_000, time.UTC),
		time.Date(2024, 2, 29, 1, 2, 3, 5_000, time.UTC),
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	var before kv.Key
	for _, at := range times {
		key := kv.Time(at)
		if bytes.Compare(before, key) >= 0 {
			t.Errorf("%v does not come after the time before it", at)
		}
		back, rest, err := key.CutTime()
		if err != nil || len(rest) != 0 || !back.Equal(at) {
			t.Errorf("%v came back as %v (%q left, %v)", at, back, rest, err)
		}
		before = key
	}
}

func TestPrefixFindsExactlyTheTextsThatStartSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, p := rapid.String().Draw(t, "text"), rapid.String().Draw(t, "prefix")
		if got := bytes.HasPrefix(kv.Text(s), kv.Prefix(p)); got != strings.HasPrefix(s, p) {
			t.Fatalf("text %q, prefix %q: keys say %v", s, p, got)
		}
	})
}

func TestDamagedKeysAreRefused(t *testing.T) {
	for name, key := range map[string]kv.Key{
		"nothing":              nil,
		"no end":               kv.Key("abc"),
		"escape at the end":    {'a', 1},
		"escape of nothing":    {'a', 1, 'b', 0},
		"escape of terminator": {1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := key.CutText()
			want(t, err, kv.ErrBadKey)
		})
	}
	_, _, err := kv.Key("1234567").CutInt()
	want(t, err, kv.ErrBadKey)
	_, _, err = kv.Key(nil).CutTime()
	want(t, err, kv.ErrBadKey)
}

func FuzzKeys(f *testing.F) {
	f.Add("", "", int64(0), int64(0))
	f.Add("a\x00", "a\x01", int64(math.MinInt64), int64(math.MaxInt64))
	f.Add("\x01\x00\xff", "\x01", int64(-1), int64(1))
	f.Fuzz(func(t *testing.T, a, b string, m, n int64) {
		text, rest, err := kv.Join(kv.Text(a), kv.Int(m), kv.Text(b)).CutText()
		if err != nil || text != a {
			t.Fatalf("text %q came back as %q (%v)", a, text, err)
		}
		number, rest, err := rest.CutInt()
		if err != nil || number != m {
			t.Fatalf("number %d came back as %d (%v)", m, number, err)
		}
		if text, rest, err = rest.CutText(); err != nil || text != b || len(rest) != 0 {
			t.Fatalf("text %q came back as %q, %q left (%v)", b, text, rest, err)
		}
		if got := bytes.Compare(kv.Join(kv.Text(a), kv.Int(m)), kv.Join(kv.Text(b), kv.Int(n))); got != cmp.Or(strings.Compare(a, b), cmp.Compare(m, n)) {
			t.Fatalf("(%q %d) against (%q %d): keys say %d", a, m, b, n, got)
		}
	})
}

func FuzzCutText(f *testing.F) {
	f.Add([]byte("abc\x00rest"))
	f.Add([]byte{1, 1, 1, 2, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, rest, err := kv.Key(raw).CutText()
		if err == nil && !bytes.Equal(kv.Join(kv.Text(text), rest), raw) {
			t.Fatalf("%q decodes to %q and %q, which encode differently", raw, text, rest)
		}
	})
}
