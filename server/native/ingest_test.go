package native

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
)

func posted(t *testing.T, encoding string, body []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/events", bytes.NewReader(body))
	r.Header.Set("Content-Encoding", encoding)
	return r
}

func packed(t *testing.T, body []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	z := gzip.NewWriter(&to)
	_, err := z.Write(body)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func TestBodiesAreUnpacked(t *testing.T) {
	a := api{unpacked: semaphore.NewWeighted(unpackMost)}
	short, long := []byte(`{"a":1}`), bytes.Repeat([]byte(" "), 3*unpackUsual)
	for _, c := range []struct {
		name, encoding string
		body, want     []byte
		err            error
	}{
		{"plain", "", short, short, nil},
		{"plain and said so", "Identity", short, short, nil},
		{"packed", "gzip", packed(t, short), short, nil},
		{"packed and long", "GZIP", packed(t, long), long, nil},
		{"packed otherwise", "br", short, nil, errFilter},
		{"not packed", "gzip", short, nil, rest.ErrBody},
		{"cut off", "gzip", packed(t, short)[:12], nil, rest.ErrBody},
	} {
		body, free, err := a.body(posted(t, c.encoding, c.body))
		if !errors.Is(err, c.err) || !bytes.Equal(body, c.want) {
			t.Errorf("%s: %d bytes, %v", c.name, len(body), err)
		}
		if err == nil {
			free()
		}
		if !a.unpacked.TryAcquire(unpackMost) {
			t.Fatalf("%s: room is still taken", c.name)
		}
		a.unpacked.Release(unpackMost)
	}
}

func TestWhatIsUnpackedIsBounded(t *testing.T) {
	body := make([]byte, 1000)
	if got, err := unpack(packed(t, body), 1000); err != nil || !bytes.Equal(got, body) {
		t.Errorf("as much as may be: %d bytes, %v", len(got), err)
	}
	if _, err := unpack(packed(t, body), 999); !errors.Is(err, rest.ErrTooLarge) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestOnlySoMuchIsUnpackedAtOnce(t *testing.T) {
	a := api{unpacked: semaphore.NewWeighted(ingestMost)}
	long := packed(t, make([]byte, 2*unpackUsual))
	_, free, err := a.body(posted(t, "gzip", long))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, _, err := a.body(posted(t, "gzip", long).WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second one has not waited: %v", err)
	}
	free()
	if _, free, err = a.body(posted(t, "gzip", long)); err != nil {
		t.Fatal(err)
	}
	free()
}

func TestAnArrayOfNothingCostsLittleMoreThanItsBytes(t *testing.T) {
	body := []byte("[" + strings.Repeat("0,", 4<<20) + "0]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := split(body, eventjobs.Incoming{}); !errors.Is(err, rest.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 3*uint64(len(body)) {
		t.Errorf("%d bytes were taken for a body of %d", took, len(body))
	}
}

// elementsSlowly is elements by encoding/json.
func elementsSlowly(v []byte) []json.RawMessage {
	var all []json.RawMessage
	if len(v) == 0 || v[0] != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	return all
}

func FuzzElements(f *testing.F) {
	for _, s := range []string{``, `[]`, "[ \n]", `[1]`, ` [1]`, `[1,2,3] `, `["a", {"b": "],\""}]`, `[[1,[2]],{"a":[]},"\\",null , true]`, `[1,]`, `[1]2`, `{"a":[1,2]}`, `["\u005d",`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		want := elementsSlowly(v)
		got := elements(v, len(v)+1)
		if (got == nil) != (want == nil) || len(got) != len(want) {
			t.Fatalf("%q: %q, want %q", v, got, want)
		}
		for i := range got {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("%q: %q, want %q", v, got, want)
			}
		}
		if few := elements(v, 2); len(few) != min(2, len(want)) {
			t.Errorf("%q: %q are not two at most", v, few)
		}
	})
}

func TestOneTooManyIsTooMany(t *testing.T) {
	for _, n := range []int{splitMost, splitMost + 1} {
		got, err := split([]byte("["+strings.Repeat("1,", n-1)+"1]"), eventjobs.Incoming{})
		if tooMany := n > splitMost; errors.Is(err, rest.ErrTooLarge) != tooMany || !tooMany && len(got) != n {
			t.Errorf("%d notifications: %d, %v", n, len(got), err)
		}
	}
}
