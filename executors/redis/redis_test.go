package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// hashes gathers what Hashes hands over, in one line a key.
func hashes(t *testing.T, r *Reader, keys ...string) []string {
	t.Helper()
	var got []string
	err := r.Hashes(t.Context(), keys, func(key string, fields map[string]string, err error) error {
		got = append(got, fmt.Sprint(key, " ", fields, " ", err))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func members(t *testing.T, r *Reader, keys ...string) []string {
	t.Helper()
	var got []string
	err := r.Members(t.Context(), keys, func(key string, members []string, err error) error {
		if key != "sorted" {
			slices.Sort(members)
		}
		got = append(got, fmt.Sprint(key, " ", members, " ", err))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ok fails the test unless a command of its own went through.
func ok(t *testing.T, cmd redis.Cmder) {
	t.Helper()
	if err := cmd.Err(); err != nil {
		t.Fatal(err)
	}
}

// Each key is read as what it is; one that is something else, or not there, stands in nobody's way.
func TestEveryKeyIsReadForItself(t *testing.T) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprint("server that does not weigh keys: ", old), func(t *testing.T) {
			var more []string
			if old {
				more = []string{"--rename-command", "MEMORY", ""}
			}
			s := start(t, more...)
			ctx := t.Context()
			ok(t, s.fill.HSet(ctx, "hash", "a", "1", "b", "\xff\x00"))
			ok(t, s.fill.SAdd(ctx, "set", "x", "y"))
			ok(t, s.fill.ZAdd(ctx, "sorted", redis.Z{Score: 2, Member: "late"}, redis.Z{Score: 1, Member: "soon"}))
			ok(t, s.fill.Set(ctx, "text", "t", 0))
			r := s.reader(t, Options{})
			want := []string{"hash map[a:1 b:\xff\x00] <nil>", "set map[] holds another kind of value: a set", "none map[] <nil>",
				"text map[] holds another kind of value: a string", "hash map[a:1 b:\xff\x00] <nil>"}
			if d := cmp.Diff(want, hashes(t, r, "hash", "set", "none", "text", "hash")); d != "" {
				t.Error(d)
			}
			want = []string{"set [x y] <nil>", "hash [] holds another kind of value: a hash", "none [] <nil>", "sorted [soon late] <nil>"}
			if d := cmp.Diff(want, members(t, r, "set", "hash", "none", "sorted")); d != "" {
				t.Error(d)
			}
		})
	}
}

// A scan finds every key that begins so, each once, and reads nothing into the prefix.
func TestKeys(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	pipe := s.fill.Pipeline()
	var want []string
	for i := range 5000 {
		key := fmt.Sprintf("a[1]*__%d", i)
		want = append(want, key)
		pipe.Set(ctx, key, "", 0)
	}
	for _, key := range []string{"a1__x", "a[1]", "b", "xa[1]*__"} {
		pipe.Set(ctx, key, "", 0)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	r := s.reader(t, Options{})
	got, err := r.Keys(ctx, "a[1]*__")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Thousands of keys and megabytes of values come in their order, in more than one helping.
func TestManyAndLarge(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	var keys []string
	for i := range 1000 {
		key := fmt.Sprint("small", i)
		keys = append(keys, key)
		ok(t, s.fill.HSet(ctx, key, "n", i))
	}
	text := strings.Repeat("x", 6<<20)
	for i := range 6 {
		key := fmt.Sprint("large", i)
		keys = append(keys, key)
		ok(t, s.fill.HSet(ctx, key, "n", len(keys)-1, "text", text))
	}
	r := s.reader(t, Options{})
	n := 0
	err := r.Hashes(ctx, keys, func(key string, fields map[string]string, err error) error {
		if key != keys[n] || fields["n"] != fmt.Sprint(n) || err != nil {
			t.Fatalf("%d: got %s, n %q, %v", n, key, fields["n"], err)
		}
		if strings.HasPrefix(key, "large") && fields["text"] != text {
			t.Fatalf("%s: %d bytes", key, len(fields["text"]))
		}
		n++
		return nil
	})
	if err != nil || n != len(keys) {
		t.Errorf("read %d of %d keys, then: %v", n, len(keys), err)
	}
}

// What is too large to be fetched is said to be so, and what comes after it is read.
func TestTooLargeIsLeftAlone(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	for i := range 3 { // one element that a sample could miss
		ok(t, s.fill.HSet(ctx, "huge", fmt.Sprint("f", i), strings.Repeat("x", 30<<20)))
	}
	for i := range 100 {
		ok(t, s.fill.HSet(ctx, "huge", fmt.Sprint("g", i), "x"))
	}
	ok(t, s.fill.HSet(ctx, "next", "a", "1"))
	r := s.reader(t, Options{})
	var errs []error
	var last map[string]string
	err := r.Hashes(ctx, []string{"huge", "next"}, func(_ string, fields map[string]string, err error) error {
		errs, last = append(errs, err), fields
		return nil
	})
	if err != nil || len(errs) != 2 || !errors.Is(errs[0], ErrTooLarge) || errs[1] != nil || last["a"] != "1" {
		t.Errorf("got %v, %v, %v", errs, last, err)
	}
}

func TestHelpingsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []int64
		want  int
	}{
		{"all at once", []int64{1, 2, 3}, 3},
		{"the first alone, however large", []int64{maxAnswer * 3, 1}, 1},
		{"up to the bound", []int64{maxAnswer / 2, maxAnswer / 2, 1}, 2},
		{"one", []int64{maxAnswer + 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ws := make([]weighed, len(c.sizes))
			for i, n := range c.sizes {
				ws[i].size = n
			}
			if got := helping(ws); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
	ws := []weighed{{size: maxKey + 1, err: ErrTooLarge}, {size: 1}, {size: 1}}
	if got := helping(ws); got != 3 {
		t.Errorf("what is not fetched counts: got %d", got)
	}
}

// The reader sends nothing that a server would not let somebody do who may only read.
func TestReadingNeedsNoRightToWrite(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	ok(t, s.fill.HSet(ctx, "hash", "a", "1"))
	ok(t, s.fill.Do(ctx, "ACL", "SETUSER", "guest", "on", ">the word", "~*", "+@read", "+ping", "+select"))
	r := s.reader(t, Options{URL: "redis://guest:wrong@" + s.addr + "/0", Password: "the word"})
	if _, err := r.Keys(ctx, "h"); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"hash map[a:1] <nil>"}, hashes(t, r, "hash")); d != "" {
		t.Error(d)
	}
}

// A server that forbids to read is not taken for an empty one.
func TestForbiddenIsAnError(t *testing.T) {
	s := start(t)
	ctx := t.Context()
	ok(t, s.fill.HSet(ctx, "hash", "a", "1"))
	ok(t, s.fill.Do(ctx, "ACL", "SETUSER", "guest", "on", ">word", "~*", "+type", "+ping"))
	r := s.reader(t, Options{URL: "redis://guest:word@" + s.addr})
	err := r.Hashes(ctx, []string{"hash"}, func(key string, _ map[string]string, err error) error {
		t.Errorf("handed over %s: %v", key, err)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("got %v", err)
	}
	if _, err := r.Keys(ctx, ""); err == nil {
		t.Error("a scan that is forbidden found nothing, and was content")
	}
}

// What each returns ends the reading.
func TestEachEndsTheReading(t *testing.T) {
	s := start(t)
	r := s.reader(t, Options{})
	enough := errors.New("enough")
	calls := 0
	err := r.Members(t.Context(), []string{"a", "b"}, func(string, []string, error) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// A server that is gone is an error soon, and one context ends any call.
func TestLostServer(t *testing.T) {
	s := start(t)
	r := s.reader(t, Options{Timeout: 2 * time.Second})
	_ = s.fill.ShutdownNoSave(t.Context()).Err()
	if _, err := r.Keys(t.Context(), "a"); err == nil {
		t.Error("a server that is gone has keys")
	}
	begin := time.Now()
	if _, err := Open(t.Context(), Options{URL: s.url, Timeout: 2 * time.Second}); err == nil || time.Since(begin) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Hashes(done, []string{"a"}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A URL that is none is refused with words that do not repeat it: it may hold a password.
func TestBadURLs(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"none", "", "must begin with"},
		{"no scheme", "host:6379", "must begin with"},
		{"http", "http://u:secret@host", "must begin with"},
		{"unreadable", "redis://u:secret@ho st:1%zz", "cannot be read"},
		{"bad port", "redis://u:secret@host:port", "cannot be read"},
		{"database that is no number", "redis://u:secret@host/secret", "DATABASE"},
		{"parameters", "redis://u:secret@host?pool_size=secret", "no parameters"},
		{"socket without a path", "unix://", "DATABASE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{URL: c.url})
			if !errors.Is(err, ErrURL) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v", err)
			}
		})
	}
	_, err := Open(t.Context(), Options{URL: "redis://u:secret@127.0.0.1:1", Timeout: time.Second})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v", err)
	}
}

// stutter is a server whose scans come upon keys twice, as they may when it grows meanwhile.
type stutter struct{ redis.UniversalClient }

func (s stutter) Scan(ctx context.Context, cursor uint64, match string, count int64) *redis.ScanCmd {
	cmd := s.UniversalClient.Scan(ctx, cursor, match, count)
	page, next := cmd.Val()
	cmd.SetVal(slices.Concat(page, page), next)
	return cmd
}

func TestKeysThatAScanMeetsTwice(t *testing.T) {
	s := start(t)
	ok(t, s.fill.MSet(t.Context(), "a1", "", "a2", ""))
	r := s.reader(t, Options{})
	r.c = stutter{r.c}
	got, err := r.Keys(t.Context(), "a")
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"a1", "a2"}) {
		t.Errorf("got %q, %v", got, err)
	}
}
