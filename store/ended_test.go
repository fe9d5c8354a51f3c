package store

import (
	"slices"
	"testing"
	"time"
)

func TestEndedOperationsComeInTheOrderInWhichTheyEnded(t *testing.T) {
	db := open(t)
	at := func(s int64) time.Time { return time.Unix(1000+s, 0) }
	update(t, db, func(tx *Tx) error {
		for _, op := range []Operation{
			{ID: "third", State: Succeeded, Finished: at(3)}, {ID: "first", State: Failed, Finished: at(1)}, {ID: "lives", State: Running},
			{ID: "second", State: Canceled, Finished: at(2)}, {ID: "waits", State: Pending},
		} {
			if err := Operations.Put(tx, &op); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		name string
		from time.Time
		want []string
	}{
		{"all", time.Time{}, []string{"first", "second", "third"}},
		{"from the moment of one", at(2), []string{"second", "third"}},
		{"from after the last", at(4), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			update(t, db, func(tx *Tx) error {
				for op, err := range EndedOperations(tx, c.from) {
					if err != nil {
						return err
					}
					got = append(got, op.ID)
				}
				return nil
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
