package pools

import (
	"cmp"
	"slices"

	"yardmaster/store"
)

// TakeoverReport says what a Takeover brought over, or would bring, and what it left. It holds no secret.
type TakeoverReport struct {
	Applied   bool
	Tokens    TakeoverCount
	Overrides TakeoverCount
	Requests  TakeoverCount
	Machines  map[string]*TakeoverMachines // by pool
	Days      map[string]*TakeoverCount    // by task; in days
	Older     int                          // days before the first one wanted

	EndedRequests int
	Unknown       map[string]*TakeoverUnknown // by pool
	Left          []TakeoverLeft
	Problems      []TakeoverProblem // the first ones
	MoreProblems  int               // those after them
}

// TakeoverCount counts records: those that were new, those that control.db had already, and those left out with a problem.
type TakeoverCount struct{ New, There, Out int }

// reset forgets what a transaction counted that may have to begin anew.
func (c *TakeoverCount) reset() { c.New, c.There = 0, 0 }

func (c *TakeoverCount) add(o TakeoverCount) {
	c.New += o.New
	c.There += o.There
	c.Out += o.Out
}

// TakeoverMachines counts the machines of one pool.
type TakeoverMachines struct{ Running, Ready TakeoverCount }

// TakeoverUnknown is what a pool has that is not configured here.
type TakeoverUnknown struct{ Running, Ready, Overrides int }

func (u *TakeoverUnknown) machine(queue string) {
	if queue == queueRunning {
		u.Running++
	} else {
		u.Ready++
	}
}

// TakeoverLeft is what is not brought over by its nature: machines of a queue of a pool, or things of no pool.
type TakeoverLeft struct {
	What, Pool string
	Names      []string
}

// TakeoverProblem is one value that could not be read, or not be believed. Field may be "".
type TakeoverProblem struct{ Key, Field, Reason string }

// maxProblems bounds a report on a Redis that is full of something else.
const maxProblems = 500

func newTakeoverReport(applied bool) *TakeoverReport {
	r := &TakeoverReport{Applied: applied, Machines: map[string]*TakeoverMachines{}, Days: map[string]*TakeoverCount{},
		Unknown: map[string]*TakeoverUnknown{}}
	for _, task := range dayTasks {
		r.Days[task] = &TakeoverCount{}
	}
	return r
}

func (r *TakeoverReport) complain(key, field, reason string) {
	if len(r.Problems) == maxProblems {
		r.MoreProblems++
		return
	}
	r.Problems = append(r.Problems, TakeoverProblem{Key: printable(key), Field: printable(field), Reason: reason})
}

func (r *TakeoverReport) leave(what, pool, name string) {
	name = printable(name)
	for i := range slices.Backward(r.Left) {
		if l := &r.Left[i]; l.What == what && l.Pool == pool {
			l.Names = append(l.Names, name)
			return
		}
	}
	r.Left = append(r.Left, TakeoverLeft{What: what, Pool: pool, Names: []string{name}})
}

func (r *TakeoverReport) unknownPool(pool string) *TakeoverUnknown {
	return entry(r.Unknown, printable(pool))
}

func (r *TakeoverReport) machinesOf(pool string, state store.VMState) *TakeoverCount {
	m := entry(r.Machines, pool)
	if state == store.VMRunning {
		return &m.Running
	}
	return &m.Ready
}

func (r *TakeoverReport) machines(v *store.VM) *TakeoverCount { return r.machinesOf(v.Pool, v.State) }

func (r *TakeoverReport) resetMachines() {
	for _, m := range r.Machines {
		m.Running.reset()
		m.Ready.reset()
	}
}

// day counts a part of a day in which n things were counted.
func (r *TakeoverReport) day(task string, n int, there bool) {
	switch {
	case n == 0:
	case there:
		r.Days[task].There++
	default:
		r.Days[task].New++
	}
}

func (r *TakeoverReport) finish() {
	slices.SortStableFunc(r.Left, func(a, b TakeoverLeft) int { return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Pool, b.Pool)) })
}

// entry is the value of a key, made if need be.
func entry[V any](m map[string]*V, key string) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}
