package crash

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"yardmaster/client"
	"yardmaster/tests/harness"
)

// recovery is how long an operation may take to end once the server is back.
const recovery = 30 * time.Second

// ended requires that every operation of ids ends in time; it gives those that did not succeed.
func (y *yard) ended(within time.Duration, ids []string) {
	y.t.Helper()
	var left []string
	ok := false
	defer func() {
		if !ok {
			for _, id := range left {
				y.t.Logf("not ended: %+v", y.operation(id))
			}
		}
	}()
	harness.Eventually(y.t, within, "every operation that was given out has ended", func() bool {
		left = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return y.operation(id).Ended() })
		ids = left
		return len(left) == 0
	})
	ok = true
}

func (y *yard) operation(id string) client.Operation {
	y.t.Helper()
	var op client.Operation
	if err := y.client.Get(y.t.Context(), "/operations/"+id, &op); err != nil {
		y.t.Fatalf("operation %s was given out: %v", id, err)
	}
	return op
}

// keeps holds what clients were promised against what there is: after any crash, nothing acknowledged is lost, nothing is left
// over, and every id still answers.
func (y *yard) keeps(l *ledger) {
	y.t.Helper()
	y.settled(recovery)
	y.answers(l.given)
	told := y.agree()
	there := map[string]bool{}
	for _, id := range told.Volumes() {
		there[id] = true
	}
	for id, name := range l.volumes {
		if !there[id] {
			y.t.Errorf("volume %s (%s) was acknowledged and is lost", id, name)
		}
	}
	for id, name := range l.deleted {
		if there[id] {
			y.t.Errorf("volume %s (%s) was acknowledged as deleted and is there", id, name)
		}
	}
	for _, p := range l.problems {
		y.t.Errorf("a client met: %s", p)
	}
	y.t.Logf("%d operations given out, %d volumes created, %d deleted, %d there", len(l.given), l.created, len(l.deleted), len(there))
}

// answers polls every id twice, as Heketi's clients do: an end that was told once is told again.
func (y *yard) answers(ids []string) {
	y.t.Helper()
	for _, id := range ids {
		var states [2]string
		for i := range states {
			err := y.client.Call(y.t.Context(), http.MethodGet, "/queue/"+id, nil, nil)
			states[i] = told(err)
		}
		if states[0] == "" || states[0] != states[1] {
			y.t.Errorf("queue id %s answers %q, then %q", id, states[0], states[1])
		}
	}
}

// told is the answer to a poll in a word; "" is one that an id which was given out must never get.
func told(err error) string {
	answer, refused := err.(*client.Error)
	switch {
	case err == nil:
		return "nothing more to tell"
	case refused && answer.Status == http.StatusSeeOther:
		return "see the result"
	case refused && answer.Status == http.StatusInternalServerError:
		return answer.Text
	}
	return ""
}

// times is n, or a fifth of it in a short test run.
func times(n int) int {
	if testing.Short() {
		return max(n/5, 1)
	}
	return n
}
