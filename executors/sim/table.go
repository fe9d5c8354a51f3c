package sim

import (
	"cmp"
	"maps"
	"slices"
)

// rowKey names one row of the world.
type rowKey struct{ table, group, name string }

// ledger collects the rows that a command wrote (or, with nil, removed), each with its last state.
type ledger struct {
	on   bool
	rows map[rowKey]any
}

func (l *ledger) note(table, group, name string, row any) {
	if !l.on {
		return
	}
	if l.rows == nil {
		l.rows = map[rowKey]any{}
	}
	l.rows[rowKey{table, group, name}] = row
}

// table holds the rows of one sort by group (a node, a volume group, a file system, a trusted pool) and name.
// A row that is changed in place must be put again, or the change is lost with the process.
type table[T any] struct {
	name   string
	ledger *ledger
	groups map[string]map[string]*T
}

func newTable[T any](name string, l *ledger) *table[T] {
	return &table[T]{name: name, ledger: l, groups: map[string]map[string]*T{}}
}

func (t *table[T]) get(group, name string) *T { return t.groups[group][name] }

func (t *table[T]) put(group, name string, row *T) {
	t.set(group, name, row)
	t.ledger.note(t.name, group, name, row)
}

func (t *table[T]) set(group, name string, row *T) {
	g := t.groups[group]
	if g == nil {
		g = map[string]*T{}
		t.groups[group] = g
	}
	g[name] = row
}

func (t *table[T]) del(group, name string) {
	t.unset(group, name)
	t.ledger.note(t.name, group, name, nil)
}

func (t *table[T]) unset(group, name string) {
	g := t.groups[group]
	delete(g, name)
	if len(g) == 0 {
		delete(t.groups, group)
	}
}

// drop removes a whole group.
func (t *table[T]) drop(group string) {
	for name := range t.groups[group] {
		t.ledger.note(t.name, group, name, nil)
	}
	delete(t.groups, group)
}

func (t *table[T]) size(group string) int { return len(t.groups[group]) }

// all gives the rows of a group ordered by name.
func (t *table[T]) all(group string) []*T {
	g := t.groups[group]
	out := make([]*T, 0, len(g))
	for _, name := range sortedKeys(g) {
		out = append(out, g[name])
	}
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
