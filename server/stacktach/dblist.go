package stacktach

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// mostLooked is how many records a list may read.
const mostLooked = 500_000

// listed makes the handler of a list.
func listed[T any](a *API, r *relation[T]) rest.Handler {
	return func(req *http.Request) (rest.Response, error) {
		l, err := r.listing(paramsOf(req))
		if err != nil {
			return rest.Response{}, err
		}
		var shown list
		err = a.service.View(req.Context(), func(tx *events.Tx) (err error) {
			shown, err = l.page(req.Context(), tx)
			return err
		})
		return reply(http.StatusOK, object{{r.many, shown}}), err
	}
}

// single makes the handler of one record.
func single[T any](a *API, r *relation[T]) rest.Handler {
	return func(req *http.Request) (rest.Response, error) {
		id := idOf(req)
		var v T
		err := a.service.View(req.Context(), func(tx *events.Tx) (err error) {
			v, err = r.rows.Get(tx, id)
			return err
		})
		if errors.Is(err, events.ErrNotFound) {
			err = absent("There is no %s %s.", r.one, rest.Var(req, "id"))
		}
		return reply(http.StatusOK, object{{r.one, r.show(&v)}}), err
	}
}

// listing is what a request asks of a table.
type listing[T any] struct {
	*relation[T]
	ranges   []span // one for each of on
	on       []field[T]
	instance string // "": all
	sort     field[T]
	down     bool
	at       page
}

func (r *relation[T]) listing(p params) (l listing[T], err error) {
	if l, err = r.filters(p); err != nil {
		return l, err
	}
	by, given := p.get("order_by")
	if !given {
		by = r.order
	}
	if l.sort, err = r.field(by); err != nil {
		return l, err
	}
	direction, given := p.get("direction")
	l.down = !given || direction == "desc"
	l.at, err = p.page()
	return l, err
}

// filters reads what of the table is asked for. Whatever is called something_min or something_max bounds something.
func (r *relation[T]) filters(p params) (listing[T], error) {
	l := listing[T]{relation: r}
	if id, given := p.get("instance"); given {
		switch {
		case !isUUID(id):
			return l, bad("%s is not uuid-like", id)
		case r.instance == nil:
			return l, bad("No such field 'instance'.")
		}
		l.instance = id
	}
	var bounds []string
	for key := range p.Values {
		if strings.HasSuffix(key, "_min") || strings.HasSuffix(key, "_max") {
			bounds = append(bounds, key)
		}
	}
	slices.Sort(bounds)
	for _, key := range bounds {
		name := key[:len(key)-len("_min")]
		f, err := r.bounded(name)
		if err != nil {
			return l, err
		}
		s, _ := p.get(key)
		t, ok := parseDate(s)
		if !ok {
			return l, bad("Range filters must be dates.")
		}
		l.bound(f, t, strings.HasSuffix(key, "_min"))
	}
	return l, nil
}

// bounded is a column that may be bounded: also received, which is none of the table's.
func (r *relation[T]) bounded(name string) (field[T], error) {
	if name == "received" && r.received != nil {
		return field[T]{name, func(v *T) cell { return timeCell{r.received(v)} }}, nil
	}
	return r.field(name)
}

func (l *listing[T]) bound(f field[T], t time.Time, lower bool) {
	i := slices.IndexFunc(l.on, func(o field[T]) bool { return o.name == f.name })
	if i < 0 {
		i = len(l.on)
		l.on, l.ranges = append(l.on, f), append(l.ranges, span{})
	}
	if lower {
		l.ranges[i].min = t
	} else {
		l.ranges[i].max = t
	}
}

func (l *listing[T]) holds(v *T) bool {
	if l.instance != "" && !sameText(l.relation.instance(v), l.instance) {
		return false
	}
	for i, f := range l.on {
		n, ok := f.of(v).number()
		within := l.ranges[i]
		if !ok || !within.min.IsZero() && n < float64(within.min.UnixMicro()) || !within.max.IsZero() && n > float64(within.max.UnixMicro()) {
			return false
		}
	}
	return true
}

// source is where the records come from: the narrowest index there is. sorted tells that they come in the order that is asked for.
func (l *listing[T]) source(tx *events.Tx) (all iter.Seq2[T, error], sorted bool) {
	if l.instance != "" {
		return l.rows.By(tx, events.ByInstance, events.Range{Prefix: events.TextKey(l.instance)}), false
	}
	for i, f := range l.on {
		if index := l.indexes[f.name]; index != "" {
			r := events.Between(nil, l.ranges[i].min, l.ranges[i].max)
			r.Reverse = l.down
			return l.rows.By(tx, index, r), f.name == l.sort.name
		}
	}
	r := events.Range{Reverse: l.down}
	if index := l.indexes[l.sort.name]; index != "" {
		return l.rows.By(tx, index, r), true
	}
	return l.rows.Scan(tx, r), l.sort.name == "id"
}

// matching is the records that match, of at most mostLooked.
func (l *listing[T]) matching(ctx context.Context, all iter.Seq2[T, error], each func(*T) (more bool)) error {
	looked := 0
	for v, err := range all {
		switch {
		case err != nil:
			return err
		case looked >= mostLooked:
			return &events.BudgetError{Looked: looked}
		case looked%1024 == 0 && ctx.Err() != nil:
			return ctx.Err()
		}
		looked++
		if l.holds(&v) && !each(&v) {
			return nil
		}
	}
	return nil
}

// page gives the records that are asked for.
func (l *listing[T]) page(ctx context.Context, tx *events.Tx) (list, error) {
	if l.at.limit == 0 {
		return list{}, nil
	}
	all, sorted := l.source(tx)
	if !sorted {
		return l.sortedPage(ctx, tx, all)
	}
	shown, skip := list{}, l.at.offset
	err := l.matching(ctx, all, func(v *T) bool {
		if skip > 0 {
			skip--
			return true
		}
		shown = append(shown, l.show(v))
		return len(shown) < l.at.limit
	})
	return shown, err
}

// sortedPage keeps of each record no more than what it is sorted by.
func (l *listing[T]) sortedPage(ctx context.Context, tx *events.Tx, all iter.Seq2[T, error]) (list, error) {
	type entry struct {
		by cell
		id int64
	}
	var found []entry
	err := l.matching(ctx, all, func(v *T) bool {
		found = append(found, entry{l.sort.of(v), l.id(v)})
		return true
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(x, y entry) int {
		if l.down {
			x, y = y, x
		}
		return cmp.Or(x.by.order(y.by), cmp.Compare(x.id, y.id))
	})
	shown := list{}
	for _, e := range cut(l.at, found) {
		v, err := l.rows.Get(tx, e.id)
		if err != nil {
			return nil, err
		}
		shown = append(shown, l.show(&v))
	}
	return shown, nil
}
