package events

import (
	"context"
	"time"
)

// trim takes old records of one table away.
type trim interface {
	run(ctx context.Context, d *DB, olderThan time.Time, rows *int64) error
}

// trims are done in this order: a deletion goes together with the usage that it ended.
var trims = []trim{
	byAge[Report]{Reports, ByCreated, func(v *Report) time.Time { return v.Created }, nil},
	byAge[DeadLetter]{DeadLetters, ByReceived, func(v *DeadLetter) time.Time { return v.Received }, nil},
	byAge[Tracker]{Trackers, ByStart, func(v *Tracker) time.Time { return v.Start }, nil},
	byAge[Exists]{ExistsTable, ByReceived, func(v *Exists) time.Time { return v.Received }, nil},
	byAge[ImageExists]{ImageExistsTable, ByReceived, func(v *ImageExists) time.Time { return v.Received }, nil},
	byAge[Delete]{Deletes, ByDeleted, func(v *Delete) time.Time { return v.Deleted }, trimLaunches},
	byAge[ImageDelete]{ImageDeletes, ByDeleted, func(v *ImageDelete) time.Time { return v.Deleted }, trimImage},
}

// byAge takes the records of a table that are older than a time, oldest first, and with each what also says of it.
type byAge[V any] struct {
	table Numbered[V]
	index string
	when  func(*V) time.Time
	also  func(tx *Tx, v *V) (rows int64, err error)
}

func (a byAge[V]) run(ctx context.Context, d *DB, olderThan time.Time, rows *int64) error {
	for {
		var n int64
		more := false
		err := d.Update(ctx, func(tx *Tx) (err error) {
			n, more, err = a.batch(tx, olderThan)
			return err
		})
		if err != nil {
			return err
		}
		*rows += n
		if !more {
			return nil
		}
	}
}

// batch takes some of them. A record without a time is not old.
func (a byAge[V]) batch(tx *Tx, olderThan time.Time) (rows int64, more bool, err error) {
	var old []V
	for v, err := range a.table.By(tx, a.index, Range{From: TimeKey(time.Time{}.Add(time.Microsecond)), Before: TimeKey(olderThan)}) {
		if err != nil {
			return 0, false, err
		}
		if old = append(old, v); len(old) == trimRows {
			break
		}
	}
	for i := range old {
		if a.also != nil {
			n, err := a.also(tx, &old[i])
			if err != nil {
				return 0, false, err
			}
			rows += n
		}
		if err := a.table.Delete(tx, *a.table.id(&old[i])); err != nil {
			return 0, false, err
		}
		rows++
	}
	return rows, len(old) == trimRows, nil
}

// trimLaunches takes the launches of an instance that its deletion ended.
func trimLaunches(tx *Tx, v *Delete) (rows int64, err error) {
	list, err := Launches.List(tx, ByInstance, TextKey(v.Instance))
	if err != nil {
		return 0, err
	}
	for _, l := range list {
		if l.Launched.After(v.Deleted) {
			continue
		}
		if err := Launches.Delete(tx, l.ID); err != nil {
			return 0, err
		}
		rows++
	}
	return rows, nil
}

// trimImage takes the usage of an image that was deleted; images are not made again.
func trimImage(tx *Tx, v *ImageDelete) (rows int64, err error) {
	u, err := ImageUsages.One(tx, ByUUID, TextKey(v.UUID))
	if err != nil {
		if isNotFound(err) {
			err = nil
		}
		return 0, err
	}
	return 1, ImageUsages.Delete(tx, u.ID)
}
