package events

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Order is the order in which a query gives its events.
type Order int

// The orders. ByWhenDesc is ByWhen backwards, also among events of one moment.
const (
	ByWhen Order = iota // and then by id
	ByWhenDesc
	ByID
)

// Query asks for events of one service. All of its conditions must hold.
type Query struct {
	Service Service

	// Exact matches; nil and 0 match all. A null column matches no text.
	Instance, UUID, RequestID, Host, Type, Tenant, MessageID *string
	Deployment                                               int64

	WhenMin, WhenMax time.Time         // inclusive; zero: open
	After            time.Time         // exclusive; zero: open
	Where            func(*Event) bool // must not keep nor change the event
	WhereBody        func([]byte) bool // must not keep nor change the body

	Order  Order
	Offset int
	Limit  int // 0: no events; -1: all
	Budget int // events that may be looked at in vain; 0: 500,000
	// Stop is asked again and again; its error ends the search. nil: nobody is asked.
	Stop func() error
}

const (
	defaultBudget = 500_000
	// bodyCost is what a body that was read in vain costs of the budget.
	bodyCost = 5
)

// ErrBudget marks a query that looked at too many events in vain.
var ErrBudget = errors.New("too many events to look through")

// BudgetError says how many that were; it is an ErrBudget.
type BudgetError struct{ Looked int }

func (e *BudgetError) Error() string { return fmt.Sprintf("%v: stopped after %d", ErrBudget, e.Looked) }

// Unwrap lets errors.Is find ErrBudget.
func (e *BudgetError) Unwrap() error { return ErrBudget }

// span is a range of When in microseconds, both ends inclusive.
type span struct{ min, max int64 }

func newSpan(from, to time.Time) span {
	s := span{math.MinInt64, math.MaxInt64}
	if !from.IsZero() {
		s.min = from.UnixMicro()
		if from.Nanosecond()%1000 != 0 {
			s.min++
		}
	}
	if !to.IsZero() {
		s.max = to.UnixMicro()
	}
	return s
}

func (s span) holds(when int64) bool { return when >= s.min && when <= s.max }

func (s span) empty() bool { return s.min > s.max }

// overlaps says whether events between two times may be in the span.
func (s span) overlaps(first, last int64) bool { return first <= s.max && last >= s.min }

// covers says that all of them are.
func (s span) covers(first, last int64) bool { return s.min <= first && last <= s.max }

func (q *Query) span() span {
	s := newSpan(q.WhenMin, q.WhenMax)
	if !q.After.IsZero() {
		s.min = max(s.min, q.After.UnixMicro()+1)
	}
	return s
}

// match is one exact condition of a query: what it asks of the index and of an event.
type match struct {
	tag   byte
	value string
	text  bool // false: the deployment
	id    int64
}

// matches lists the exact conditions, the one that is likely to leave the fewest events first.
func (q *Query) matches() []match {
	var list []match
	for _, c := range [...]struct {
		tag   byte
		value *string
	}{
		{tagMessage, q.MessageID}, {tagRequest, q.RequestID}, {tagUUID, q.UUID}, {tagInstance, q.Instance},
		{tagHost, q.Host}, {tagTenant, q.Tenant}, {tagType, q.Type},
	} {
		if c.value != nil {
			list = append(list, match{tag: c.tag, value: *c.value, text: true})
		}
	}
	if q.Deployment != 0 {
		list = append(list, match{tag: tagDeployment, id: q.Deployment})
	}
	return list
}

// prefix is what the index entries of the events begin with.
func (m match) prefix() []byte {
	if m.tag == tagDeployment {
		return appendDeployment(nil, m.id)
	}
	return appendKey([]byte{m.tag}, m.value)
}

// holds says whether an event meets the condition.
func (m match) holds(e *Event) bool {
	switch m.tag {
	case tagInstance:
		return e.Instance == Some(m.value)
	case tagUUID:
		return e.UUID == Some(m.value)
	case tagHost:
		return e.Host == Some(m.value)
	case tagTenant:
		return e.Tenant == Some(m.value)
	case tagRequest:
		return e.RequestID == m.value
	case tagMessage:
		return e.MessageID == m.value
	case tagType:
		return e.Type == m.value
	}
	return e.Deployment == m.id
}

// The share of a part's events that a value stands for, where the part does not count them.
const (
	fewOf    = 1 // one message, a request or an instance has few, however many there are in all
	tenantOf = 200
)

// estimate says how many events of a part meet the condition; 0 only if none does.
func (m match) estimate(p *part) int64 {
	switch m.tag {
	case tagHost:
		return p.Hosts[m.value]
	case tagType:
		return p.Types[m.value]
	case tagDeployment:
		return p.Deployments[m.id]
	case tagTenant:
		return p.Count/tenantOf + fewOf
	}
	return fewOf
}
