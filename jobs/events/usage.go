package events

import (
	"errors"
	"iter"
	"time"

	"yardmaster/jobs/events/lifecycle"
	"yardmaster/jobs/events/notice"
	"yardmaster/store/events"
)

func isNotFound(err error) bool { return errors.Is(err, events.ErrNotFound) }

// applyUsage writes what an event says of use that is billed. Each fact is tried, whatever becomes of the others.
func applyUsage(tx *events.Tx, e *events.Event, it *item) error {
	u := &it.usage
	var err error
	if u.Launch != nil {
		err = errors.Join(err, launch(tx, u.Launch))
	}
	if u.Delete != nil {
		err = errors.Join(err, deleted(tx, e, u.Delete))
	}
	if u.Exists != nil {
		err = errors.Join(err, exists(tx, e, u.Exists))
	}
	if u.Image != nil {
		err = errors.Join(err, image(tx, e, u.Image))
	}
	if u.ImageDelete != nil {
		err = errors.Join(err, events.ImageDeletes.Insert(tx, &events.ImageDelete{UUID: u.ImageDelete.UUID, Deleted: u.ImageDelete.Deleted, Raw: e.ID}))
	}
	for i := range u.ImageExists {
		err = errors.Join(err, imageExists(tx, e, &u.ImageExists[i]))
	}
	return err
}

// launch brings the record of an instance and a request up to what a fact says.
func launch(tx *events.Tx, f *notice.Launch) error {
	row, err := events.Launches.One(tx, events.ByRequest, events.TextKey(f.Instance), events.TextKey(f.RequestID))
	known := err == nil
	if err != nil && !isNotFound(err) {
		return err
	}
	var prev *lifecycle.Launch
	if known {
		l := launchOf(&row)
		prev = &l
	}
	next, changed := lifecycle.ApplyLaunch(prev, lifecycle.LaunchFact(*f))
	if !changed {
		return nil
	}
	row = events.Launch{ID: row.ID, Instance: next.Instance, RequestID: next.RequestID, Launched: next.Launched, TypeID: next.TypeID,
		FlavorID: next.FlavorID, Tenant: next.Tenant, Image: events.Image(next.Image)}
	if known {
		return events.Launches.Put(tx, &row)
	}
	return events.Launches.Insert(tx, &row)
}

func launchOf(row *events.Launch) lifecycle.Launch {
	return lifecycle.Launch{Instance: row.Instance, RequestID: row.RequestID, Launched: row.Launched, TypeID: row.TypeID, FlavorID: row.FlavorID,
		Tenant: row.Tenant, Image: lifecycle.Image(row.Image)}
}

func deleted(tx *events.Tx, e *events.Event, f *notice.Delete) error {
	err := events.Deletes.Insert(tx, &events.Delete{Instance: f.Instance, Launched: f.Launched, Deleted: f.Deleted, Raw: e.ID})
	if errors.Is(err, events.ErrExists) {
		return nil // the same end, told again
	}
	return err
}

// exists keeps an audit record, to be verified when its period has settled.
func exists(tx *events.Tx, e *events.Event, f *notice.Exists) error {
	row := events.Exists{MessageID: f.MessageID, Instance: f.Instance, Launched: f.Launched, Deleted: f.Deleted, Begin: f.Begin, End: f.End,
		TypeID: f.TypeID, FlavorID: f.FlavorID, Status: events.ExistsPending, Raw: e.ID, Tenant: f.Tenant, BandwidthOut: f.BandwidthOut, Received: e.When,
		Image: events.Image{Architecture: f.Architecture, Distro: f.Distro, Version: f.Version, Options: f.Options}}
	from, to := lifecycle.SameSecond(f.Launched)
	l, ok, err := firstOf(events.Launches.By(tx, events.ByInstance, sameSecond(f.Instance, from, to)))
	if err != nil {
		return err
	}
	if ok {
		row.Usage = l.ID
	}
	if !f.Deleted.IsZero() {
		d, ok, err := firstOf(events.Deletes.By(tx, events.ByInstance, sameSecond(f.Instance, from, to)))
		if err != nil {
			return err
		}
		if ok {
			row.Delete = d.ID
		}
	}
	return events.ExistsTable.Insert(tx, &row)
}

// sameSecond is the range of what was launched then, of one instance.
func sameSecond(instance string, from, to time.Time) events.Range {
	return events.Between(events.TextKey(instance), from, to)
}

// image keeps the newest word on an image that was activated.
func image(tx *events.Tx, e *events.Event, f *notice.Image) error {
	row, err := events.ImageUsages.One(tx, events.ByUUID, events.TextKey(f.UUID))
	if err != nil && !isNotFound(err) {
		return err
	}
	row = events.ImageUsage{ID: row.ID, UUID: f.UUID, Created: f.Created, Owner: f.Owner, Size: f.Size, Raw: e.ID}
	if row.ID != 0 {
		return events.ImageUsages.Put(tx, &row)
	}
	return events.ImageUsages.Insert(tx, &row)
}

func imageExists(tx *events.Tx, e *events.Event, f *notice.ImageExists) error {
	row := events.ImageExists{MessageID: f.MessageID, UUID: f.UUID, Created: f.Created, Deleted: f.Deleted, Begin: f.Begin, End: f.End, Owner: f.Owner,
		Size: f.Size, Status: events.ExistsPending, Raw: e.ID, Received: e.When}
	usage, err := events.ImageUsages.One(tx, events.ByUUID, events.TextKey(f.UUID))
	if err != nil && !isNotFound(err) {
		return err
	}
	row.Usage = usage.ID
	if !f.Deleted.IsZero() {
		d, err := events.ImageDeletes.First(tx, events.ByUUID, events.TextKey(f.UUID))
		if err != nil && !isNotFound(err) {
			return err
		}
		row.Delete = d.ID
	}
	return events.ImageExistsTable.Insert(tx, &row)
}

// firstOf is the first of some rows; false if there are none.
func firstOf[V any](rows iter.Seq2[V, error]) (v V, ok bool, err error) {
	for v, err := range rows {
		return v, err == nil, err
	}
	return v, false, nil
}
