package amqp

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLedger(t *testing.T) {
	type sent struct {
		UpTo   uint64
		Single []uint64
		N      int
	}
	for _, c := range []struct {
		name string
		acks [][]uint64
		want []sent
	}{
		{"in one go", [][]uint64{{1, 2, 3}}, []sent{{3, nil, 3}}},
		{"one after another", [][]uint64{{1}, {2}}, []sent{{1, nil, 1}, {2, nil, 1}}},
		{"with one in between that is open", [][]uint64{{1, 3}, {2}}, []sent{{1, []uint64{3}, 2}, {2, nil, 1}}},
		{"the last was acknowledged alone, so it is not named again", [][]uint64{{2, 3}, {1}}, []sent{{0, []uint64{2, 3}, 2}, {1, nil, 1}}},
		{"twice", [][]uint64{{1, 1, 3, 3}, {1, 3}}, []sent{{1, []uint64{3}, 2}, {0, nil, 0}}},
		{"none", [][]uint64{nil}, []sent{{0, nil, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledger{done: map[uint64]struct{}{}}
			var got []sent
			for _, tags := range c.acks {
				upTo, single, n := l.settle(tags)
				got = append(got, sent{upTo, single, n})
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A broker that is told what the ledger says never hears of a tag that is not open, and forgets what was acknowledged and nothing else.
func TestLedgerAgreesWithABroker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "messages")
		open, acked := map[uint64]bool{}, map[uint64]bool{}
		for tag := range uint64(n) {
			open[tag+1] = true
		}
		l := ledger{done: map[uint64]struct{}{}}
		for range rapid.IntRange(1, 20).Draw(t, "acks") {
			tags := rapid.SliceOfN(rapid.Uint64Range(1, uint64(n)), 0, 20).Draw(t, "tags")
			upTo, single, _ := l.settle(slices.Clone(tags))
			if upTo > 0 && !open[upTo] {
				t.Fatalf("%d is not open", upTo)
			}
			for tag := range open {
				if tag <= upTo {
					delete(open, tag)
				}
			}
			for _, tag := range single {
				if !open[tag] {
					t.Fatalf("%d is not open", tag)
				}
				delete(open, tag)
			}
			for _, tag := range tags {
				acked[tag] = true
			}
			if len(open)+len(acked) != n {
				t.Fatalf("%d open and %d acknowledged, of %d", len(open), len(acked), n)
			}
		}
	})
}
