package events

import (
	"yardmaster/jobs/events/lifecycle"
	"yardmaster/store/events"
)

// judge compares an audit record of an instance with what is known.
func (v *Verifier) judge(tx *events.Tx, x *events.Exists) (bool, string, error) {
	var k lifecycle.Known
	launches, err := events.Launches.List(tx, events.ByInstance, events.TextKey(x.Instance))
	if err != nil {
		return false, "", err
	}
	for i := range launches {
		l := launchOf(&launches[i])
		if k.Launches = append(k.Launches, l); launches[i].ID == x.Usage {
			k.Launch = &l
		}
	}
	deletes, err := events.Deletes.List(tx, events.ByInstance, events.TextKey(x.Instance))
	if err != nil {
		return false, "", err
	}
	for _, d := range deletes {
		one := lifecycle.Delete{Launched: d.Launched, Deleted: d.Deleted}
		if k.Deletes = append(k.Deletes, one); d.ID == x.Delete {
			k.Delete = &one
		}
	}
	ok, reason := v.Rules.Verify(lifecycle.Exists{Instance: x.Instance, Launched: x.Launched, Deleted: x.Deleted, End: x.End, TypeID: x.TypeID,
		FlavorID: x.FlavorID, Tenant: x.Tenant, Image: lifecycle.Image(x.Image)}, k)
	return ok, reason, nil
}

// judgeImage is judge for an image.
func (v *Verifier) judgeImage(tx *events.Tx, x *events.ImageExists) (bool, string, error) {
	var k lifecycle.KnownImage
	u, err := events.ImageUsages.One(tx, events.ByUUID, events.TextKey(x.UUID))
	switch {
	case err == nil:
		k.Usage = &lifecycle.ImageUsage{Created: u.Created, Owner: u.Owner, Size: u.Size}
	case !isNotFound(err):
		return false, "", err
	}
	deletes, err := events.ImageDeletes.List(tx, events.ByUUID, events.TextKey(x.UUID))
	if err != nil {
		return false, "", err
	}
	for _, d := range deletes {
		k.Deletes = append(k.Deletes, d.Deleted)
	}
	ok, reason := v.Rules.VerifyImage(lifecycle.ImageExists{UUID: x.UUID, Created: x.Created, Deleted: x.Deleted, End: x.End, Owner: x.Owner, Size: x.Size}, k)
	return ok, reason, nil
}
