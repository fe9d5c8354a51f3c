package events

import (
	"cmp"
	"container/heap"
)

// rank is where something stands in an order: by a, then by b. A descending order has both negated.
type rank struct{ a, b int64 }

func (r rank) compare(o rank) int {
	if c := cmp.Compare(r.a, o.a); c != 0 {
		return c
	}
	return cmp.Compare(r.b, o.b)
}

// item is one thing of a lane: an event of a part, one of the tail, or a timing.
type item struct {
	rank
	part   *part
	offset uint32
	row    *row
	value  []byte
}

// lane gives items in order. It is not opened before its turn comes: all of its items stand at bound or behind it.
type lane struct {
	bound rank
	open  func() (next func() (item, bool, error), err error)

	next func() (item, bool, error)
	head item
}

func (l *lane) at() rank {
	if l.next == nil {
		return l.bound
	}
	return l.head.rank
}

// lanes is a heap of lanes by what they give next.
type lanes []*lane

func (l lanes) Len() int           { return len(l) }
func (l lanes) Less(i, j int) bool { return l[i].at().compare(l[j].at()) < 0 }
func (l lanes) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lanes) Push(x any)        { *l = append(*l, x.(*lane)) }
func (l *lanes) Pop() any {
	last := (*l)[len(*l)-1]
	*l = (*l)[:len(*l)-1]
	return last
}

// merge visits the items of all lanes in order until visit returns false or an error.
func merge(all lanes, visit func(item) (bool, error)) error {
	heap.Init(&all)
	for len(all) > 0 {
		l := all[0]
		if l.next != nil {
			if more, err := visit(l.head); err != nil || !more {
				return err
			}
		} else {
			next, err := l.open()
			if err != nil {
				return err
			}
			l.next = next
		}
		head, ok, err := l.next()
		if err != nil {
			return err
		}
		if !ok {
			heap.Pop(&all)
			continue
		}
		l.head = head
		heap.Fix(&all, 0)
	}
	return nil
}

// listed is a lane of items that are there and in order.
func listed(items []item) *lane {
	return &lane{open: func() (func() (item, bool, error), error) {
		return func() (item, bool, error) {
			if len(items) == 0 {
				return item{}, false, nil
			}
			one := items[0]
			items = items[1:]
			return one, true, nil
		}, nil
	}, bound: firstRank(items)}
}

func firstRank(items []item) rank {
	if len(items) == 0 {
		return rank{}
	}
	return items[0].rank
}
