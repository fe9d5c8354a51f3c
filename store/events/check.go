package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"yardmaster/store/kv"
)

// Check reads the whole file and reports all that is wrong with it: what kv finds, and rows, bodies, filters and summaries that do not
// agree. Every index entry is computed anew from the rows.
func (d *DB) Check(ctx context.Context) ([]kv.Problem, error) {
	s := schema
	s.Verify = d.verify
	return d.kv.Check(ctx, s)
}

// verifier checks one service.
type verifier struct {
	tx     *kv.Tx
	press  *press
	shelf  *shelf
	report func(kv.Problem)
	open   map[int64]entry // timings that begin and do not end as far as the index goes, by id
}

func (d *DB) verify(ctx context.Context, tx *kv.Tx, report func(kv.Problem)) error {
	b, err := readBook(tx)
	if errors.Is(err, kv.ErrCorrupt) {
		report(kv.Problem{Fault: kv.FaultTally, Table: headsSeries.Name, Detail: err.Error()})
		return nil
	}
	if err != nil {
		return err
	}
	for n := range b.shelves {
		v := &verifier{tx: tx, press: d.press, shelf: &b.shelves[n], report: report, open: map[int64]entry{}}
		for _, p := range v.shelf.catalog.parts {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := v.part(p); err != nil {
				return err
			}
		}
		if err := v.openTimings(n); err != nil {
			return err
		}
	}
	return strays(tx, report)
}

// strays are parts that no record knows.
func strays(tx *kv.Tx, report func(kv.Problem)) error {
	known := map[int64]bool{}
	for p, err := range partsTable.Scan(tx, nil) {
		if err != nil {
			return err
		}
		known[p.Number] = true
	}
	for _, series := range []*kv.Series{rowsSeries, indexSeries, bodiesSeries} {
		numbers, err := series.Parts(tx)
		if err != nil {
			return err
		}
		for _, n := range numbers {
			if !known[n] {
				report(kv.Problem{Fault: kv.FaultUndeclared, Table: series.Name, Detail: fmt.Sprint("part ", n)})
			}
		}
	}
	return nil
}

func (v *verifier) problem(f kv.Fault, series *kv.Series, p *part, key kv.Key, detail string) {
	v.report(kv.Problem{Fault: f, Table: fmt.Sprintf("%s/%d", series.Name, p.Number), Key: slices.Clone(key), Detail: detail})
}

func (v *verifier) part(p *part) error {
	rows, err := rowsSeries.Part(v.tx, p.Number)
	if err != nil {
		v.problem(kv.FaultNoTable, rowsSeries, p, nil, err.Error())
		return nil
	}
	var reader rowReader
	var want entries
	sum, filter, count := newTally(), newBloom(p.Size), uint32(0)
	err = rows.Walk(kv.Range{}, func(key kv.Key, raw []byte) (bool, error) {
		offset := count
		count++
		if !bytes.Equal(key, offsetKey(offset)) {
			v.problem(kv.FaultMisplaced, rowsSeries, p, key, "")
			return false, nil
		}
		r, err := reader.read(raw, p.Service, p.First+int64(offset))
		if err != nil {
			v.problem(kv.FaultUndecodable, rowsSeries, p, key, err.Error())
			return true, nil
		}
		if r.ID <= v.shelf.indexed {
			want.add(r, offset)
			sum.add(r)
			v.follow(r)
			if r.MessageID != "" {
				filter.add(digest(r.MessageID))
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	v.summary(p, &sum)
	if err := v.filter(p, filter); err != nil {
		return err
	}
	if err := v.bodies(p, count); err != nil {
		return err
	}
	return v.index(p, &want)
}

func (v *verifier) follow(r *row) {
	switch {
	case r.step == stepStart:
		v.open[r.ID] = openEntry(r)
	case r.step == stepEnd && r.pair != 0:
		delete(v.open, r.pair)
	}
}

func (v *verifier) summary(p *part, sum *tally) {
	if !reflect.DeepEqual(&p.tally, sum) {
		v.report(kv.Problem{Fault: kv.FaultTally, Table: partsTable.Name, Key: kv.Int(p.Number)})
	}
}

func (v *verifier) filter(p *part, want bloom) error {
	if !p.Closed {
		return nil
	}
	have, err := readFilter(v.tx, p)
	if err != nil && !errors.Is(err, kv.ErrCorrupt) {
		return err
	}
	for i := range want {
		if len(have) != len(want) || want[i]&^have[i] != 0 {
			v.problem(kv.FaultMissing, bloomsSeries, p, bloomKey(p.Number), "")
			break
		}
	}
	return nil
}

// bodies looks for the body of each of a part's events.
func (v *verifier) bodies(p *part, count uint32) error {
	series, err := bodiesSeries.Part(v.tx, p.Number)
	if err != nil {
		v.problem(kv.FaultNoTable, bodiesSeries, p, nil, err.Error())
		return nil
	}
	next := uint32(0)
	err = series.Walk(kv.Range{}, func(key kv.Key, raw []byte) (bool, error) {
		if !bytes.Equal(key, offsetKey(next)) {
			v.problem(kv.FaultMisplaced, bodiesSeries, p, key, "")
			return false, nil
		}
		bodies, err := v.press.unpack(raw)
		if err != nil {
			v.problem(kv.FaultUndecodable, bodiesSeries, p, key, err.Error())
			next = math.MaxUint32
			return false, nil
		}
		next += uint32(len(bodies))
		return true, nil
	})
	if err == nil && next != count && next != math.MaxUint32 {
		v.problem(kv.FaultTally, bodiesSeries, p, nil, fmt.Sprintf("%d bodies of %d events", next, count))
	}
	return err
}

func (v *verifier) index(p *part, want *entries) error {
	index, err := indexSeries.Part(v.tx, p.Number)
	if err != nil {
		v.problem(kv.FaultNoTable, indexSeries, p, nil, err.Error())
		return nil
	}
	var all []entry
	err = want.visit(func(e entry) error { all = append(all, e); return nil })
	return errors.Join(err, v.compare(index, indexSeries, p, all))
}

// compare goes through what there is and what should be, side by side.
func (v *verifier) compare(have kv.Part, series *kv.Series, p *part, want []entry) error {
	slices.SortFunc(want, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	lacking := func(below kv.Key) {
		for len(want) > 0 && (below == nil || bytes.Compare(want[0].key, below) < 0) {
			v.problem(kv.FaultMissing, series, p, want[0].key, "")
			want = want[1:]
		}
	}
	err := have.Walk(kv.Range{}, func(key kv.Key, value []byte) (bool, error) {
		lacking(key)
		switch {
		case len(want) == 0 || !bytes.Equal(want[0].key, key):
			v.problem(kv.FaultExtra, series, p, key, "")
			return true, nil
		case !bytes.Equal(want[0].value, value):
			v.problem(kv.FaultMissing, series, p, key, "another value")
		}
		want = want[1:]
		return true, nil
	})
	lacking(nil)
	return err
}

// whole is the id from which on no event of the index was trimmed. The end of a timing that began before may have been.
func (v *verifier) whole() int64 {
	from := v.shelf.indexed + 1
	for _, p := range slices.Backward(v.shelf.catalog.parts) {
		if p.end() != from {
			break
		}
		from = p.First
	}
	return from
}

// openTimings compares the series with what the rows leave open. What is left of events that were trimmed is no fault.
func (v *verifier) openTimings(n int) error {
	open, err := openSeries.Part(v.tx, int64(n))
	if err != nil {
		return err
	}
	whole := v.whole()
	want, left := map[string]entry{}, map[string]entry{}
	for id, e := range v.open {
		if id >= whole {
			want[string(e.key)] = e
		} else {
			left[string(e.key)] = e
		}
	}
	err = open.Walk(kv.Range{}, func(key kv.Key, value []byte) (bool, error) {
		one, err := cutOpen(v.shelf.service, "", key, value)
		if err == nil && !v.shelf.holds(one.ID) {
			want[string(key)] = entry{key: slices.Clone(key), value: slices.Clone(value)}
		} else if e, known := left[string(key)]; known {
			want[string(key)] = e
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return v.compare(open, openSeries, &part{Number: int64(n)}, slices.Collect(maps.Values(want)))
}
