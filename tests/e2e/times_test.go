//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// times is the table of what each operation took.
type times struct {
	t    *testing.T
	mu   sync.Mutex
	rows []row
}

type row struct {
	name string
	took time.Duration
	peer time.Duration // the same work done command by command, where it was
}

func (l *times) add(name string, took time.Duration) { l.put(row{name: name, took: took}) }

func (l *times) put(r row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, r)
	l.t.Logf("%6d ms  %s", r.took.Milliseconds(), r.name)
}

func (l *times) print() {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%-52s %9s %12s %6s\n", "operation on real nodes", "ms", "Heketi's way", "ratio")
	for _, r := range l.rows {
		peer, ratio := "", ""
		if r.peer > 0 {
			peer, ratio = fmt.Sprint(r.peer.Milliseconds()), fmt.Sprintf("%.2f", r.took.Seconds()/r.peer.Seconds())
		}
		fmt.Fprintf(&out, "%-52s %9d %12s %6s\n", r.name, r.took.Milliseconds(), peer, ratio)
	}
	l.t.Log(out.String())
}
