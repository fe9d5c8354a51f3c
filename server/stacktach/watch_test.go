package stacktach_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"yardmaster/store/events"
)

// watched is what a watch answers: ids of events, and until when.
func (a answer) watched() (ids []any, until string) {
	a.t.Helper()
	var parts []json.RawMessage
	var rows [][]any
	if err := json.Unmarshal(a.Body.Bytes(), &parts); err != nil || len(parts) != 3 {
		a.t.Fatalf("%s: %d %s", a.path, a.Code, a.Body)
	}
	_ = json.Unmarshal(parts[1], &rows)
	_ = json.Unmarshal(parts[2], &until)
	for _, row := range rows {
		ids = append(ids, row[0])
	}
	return ids, until
}

func TestWhatIsWatched(t *testing.T) {
	y := start(t)
	y.get("/stacky/watch/0/").is(200, `[[10, 1, 15, 20, 50, 36], [], "1389787200"]`)
	y.put(nova("a", at(-60)), nova("b", at(-2)), nova("a", at(-1.999999)), nova("c", at(0)), nova("d", at(0.1)), glance("image.upload", at(-1)))
	for query, want := range map[string]string{
		"": "[3 4]", "?since=": "[3 4]", "?since=" + unix(-61): "[1 2 3 4]", "?since=" + unix(-60): "[2 3 4]", "?since=" + unix(-2) + ".0000001": "[3 4]", "?since=" + unix(-2) + ".000001": "[4]",
		"?event_name=a": "[3]", "?event_name=": "[3 4]", "?since=0&event_name=a": "[1 3]", "?limit=1": "[3 4]", "?service=glance": "[1]", "?service=generic": "[]", "?since=" + unix(5): "[]",
	} {
		ids, until := y.get("/stacky/watch/0/" + query).watched()
		if fmt.Sprint(ids) != want || until != unix(0) {
			t.Errorf("%q: %v until %s, want %s", query, ids, until, want)
		}
	}
	for id, want := range map[string]string{"1": "[3 4]", "2": "[]", "99999999999999999999": "[]", strings.Repeat("9", 61): "[]"} {
		if ids, _ := y.get("/stacky/watch/" + id + "/").watched(); fmt.Sprint(ids) != want {
			t.Errorf("deployment %s: %v", id, ids)
		}
	}
	y.get("/stacky/watch/x/").page()
}

func TestARecentWatchAsksNoStore(t *testing.T) {
	y := start(t)
	y.whole = true
	e, other, late := nova("a", at(-1)), nova("b", at(0)), nova("a", at(9))
	e.ID, other.ID, late.ID = 7, 8, 9
	e.Deployment, other.Deployment, late.Deployment = 1, 2, 1
	y.recent = []events.Event{e, other, late}
	for path, want := range map[string]string{"/stacky/watch/0/": "[7 8]", "/stacky/watch/1/": "[7]", "/stacky/watch/0/?event_name=b": "[8]"} {
		if ids, _ := y.get(path).watched(); fmt.Sprint(ids) != want {
			t.Errorf("%s: %v, want %s", path, ids, want)
		}
	}
	if y.asked != 3 || len(y.recent) != 3 || y.recent[0].ID != 7 {
		t.Errorf("asked %d times, ring is %v", y.asked, y.recent)
	}
}

func TestAWatchThatIsFarBehindCatchesUpWithoutALoss(t *testing.T) {
	y := start(t)
	y.whole = true
	const all = 25_000
	for i := range all { // three events a moment
		y.recent = append(y.recent, events.Event{ID: int64(i), Service: events.Nova, Type: "a", When: at(-60).Add(time.Duration(i/3) * time.Microsecond)})
	}
	seen, since := 0, "0"
	ring := y.recent
	for polls := 0; seen < all; polls++ {
		from := seen
		ids, until := y.get("/stacky/watch/0/?since=" + since).watched()
		for i, id := range ids {
			if id != float64(from+i) {
				t.Fatalf("%v after %d events", id, seen)
			}
			seen++
		}
		if since = until; polls > 5 || len(ids) == 0 {
			t.Fatalf("%d events after %d polls, until %s", seen, polls, until)
		}
		y.recent = ring
	}
	if since != unix(0) {
		t.Errorf("until %s", since)
	}
}
