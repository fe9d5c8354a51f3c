package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/client"
)

// ledger is what clients were promised, to be held against the server when all is over.
type ledger struct {
	mu       sync.Mutex
	given    []string          // ids of operations, as they were given out
	ended    map[string]string // of those that were seen to end: their state
	volumes  map[string]string // volumes whose creation was acknowledged and whose deletion was not asked for: id -> name
	deleted  map[string]string // volumes whose deletion was acknowledged
	problems []string
	created  int
}

func newLedger() *ledger {
	return &ledger{ended: map[string]string{}, volumes: map[string]string{}, deleted: map[string]string{}}
}

func (l *ledger) note(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *ledger) problem(format string, args ...any) {
	l.note(func() { l.problems = append(l.problems, fmt.Sprintf(format, args...)) })
}

// open are the ids that nobody has seen the end of.
func (l *ledger) open() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, id := range l.given {
		if _, over := l.ended[id]; !over {
			out = append(out, id)
		}
	}
	return out
}

// load is a number of clients that create and delete volumes until they are stopped.
type load struct {
	*ledger
	client *client.Client
	work   sync.WaitGroup
	stop   context.CancelFunc
}

// startLoad sets clients to work. What they are refused for lack of a server they ask again.
func startLoad(t *testing.T, c *client.Client, clients int, seed uint64) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{ledger: newLedger(), client: c, stop: cancel}
	for n := range clients {
		l.work.Go(func() { l.run(ctx, n, rand.New(rand.NewPCG(seed, uint64(n)))) })
	}
	t.Cleanup(l.end)
	return l
}

// end stops the clients and waits for them. What they have begun, the server may still have to finish.
func (l *load) end() {
	l.stop()
	l.work.Wait()
}

func (l *load) run(ctx context.Context, n int, dice *rand.Rand) {
	var mine []string
	for i := 0; ctx.Err() == nil; i++ {
		if len(mine) > 3 || len(mine) > 0 && dice.IntN(2) == 0 {
			k := dice.IntN(len(mine))
			l.delete(ctx, mine[k])
			mine = append(mine[:k], mine[k+1:]...)
			continue
		}
		if id := l.create(ctx, fmt.Sprintf("c%d-%d", n, i), 1+dice.IntN(3), 2+dice.IntN(2)); id != "" {
			mine = append(mine, id)
		}
	}
}

func (l *load) create(ctx context.Context, name string, size, replica int) string {
	op, ok := l.do(ctx, http.MethodPost, "/volumes", map[string]any{"size": size, "name": name,
		"durability": map[string]any{"type": "replicate", "replicate": map[string]int{"replica": replica}}})
	if !ok {
		return ""
	}
	id := strings.TrimPrefix(op.Result, "volume/")
	l.note(func() { l.volumes[id] = name; l.created++ })
	return id
}

func (l *load) delete(ctx context.Context, id string) {
	var name string
	l.note(func() { name = l.volumes[id]; delete(l.volumes, id) })
	if _, ok := l.do(ctx, http.MethodDelete, "/volumes/"+id, nil); ok {
		l.note(func() { l.deleted[id] = name })
	}
}

// do asks for a change and follows it to its end. An answer that never came makes it give up: the change may have been made
// or not, and nobody was promised anything.
func (l *load) do(ctx context.Context, method, path string, body any) (client.Operation, bool) {
	id, err := l.client.Start(ctx, method, path, body)
	var answer *client.Error
	switch {
	case errors.As(err, &answer) && (answer.Status == http.StatusTooManyRequests || answer.Status == http.StatusServiceUnavailable), err != nil && answer == nil:
		breathe(ctx)
		return client.Operation{}, false
	case err != nil:
		l.problem("%s %s: %v", method, path, err)
		breathe(ctx)
		return client.Operation{}, false
	}
	l.note(func() { l.given = append(l.given, id) })
	op, err := follow(ctx, l.client, id)
	if err != nil {
		if ctx.Err() == nil {
			l.problem("operation %s was given out for %s %s: %v", id, method, path, err)
		}
		return op, false
	}
	l.note(func() { l.ended[id] = op.State })
	if op.State != "succeeded" {
		l.problem("%s %s: operation %s %s: %s", method, path, id, op.State, message(op))
	}
	return op, op.State == "succeeded"
}

func message(op client.Operation) string {
	if op.Error == nil {
		return "no error"
	}
	return op.Error.Message
}

// follow waits for the end of an operation through restarts of the server.
func follow(ctx context.Context, c *client.Client, id string) (client.Operation, error) {
	for {
		var op client.Operation
		err := c.Get(ctx, "/operations/"+id+"/wait?timeout=5s", &op)
		var answer *client.Error
		switch {
		case ctx.Err() != nil:
			return op, ctx.Err()
		case errors.As(err, &answer):
			return op, err
		case err != nil:
			breathe(ctx)
		case op.Ended():
			return op, nil
		}
	}
}

// breathe is the pause of a client whose server is gone or busy.
func breathe(ctx context.Context) { pause(ctx, 20*time.Millisecond) }

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
