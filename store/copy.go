package store

import (
	"maps"
	"slices"
	"time"
)

// What follows gives records as they come back from the file, and so that nobody who changes one changes another: a list or map
// that is left out when it is empty comes back as none, a time without the reading of the process's clock.

func copyCluster(c Cluster) Cluster {
	c.Created = stored(c.Created)
	return c
}

func copyNode(n Node) Node {
	n.Manage, n.Storage, n.Tags = slices.Clone(n.Manage), slices.Clone(n.Storage), copyTags(n.Tags)
	n.Created = stored(n.Created)
	return n
}

func copyDevice(d Device) Device {
	d.Paths, d.Tags = listed(d.Paths), copyTags(d.Tags)
	d.Created = stored(d.Created)
	return d
}

func copyVolume(v Volume) Volume {
	v.Options, v.Mounts = slices.Clone(v.Options), listed(v.Mounts)
	v.Created = stored(v.Created)
	return v
}

func copyBrick(b Brick) Brick { return b }

func copyBlockVolume(b BlockVolume) BlockVolume {
	b.Hosts = listed(b.Hosts)
	b.Created = stored(b.Created)
	return b
}

func copyVM(v VM) VM {
	v.Tags, v.Disks, v.Tasks, v.Snaps = copyTags(v.Tags), listed(v.Disks), listed(v.Tasks), listed(v.Snaps)
	if v.Place != nil {
		at := *v.Place
		v.Place = &at
	}
	for i := range v.Snaps {
		v.Snaps[i].At = stored(v.Snaps[i].At)
	}
	v.Created, v.Cloned, v.Ready, v.CheckedOut = stored(v.Created), stored(v.Cloned), stored(v.Ready), stored(v.CheckedOut)
	v.Completed, v.Destroyed = stored(v.Completed), stored(v.Destroyed)
	return v
}

func copyCounts(c PoolCounts) PoolCounts {
	c.LastBoot = stored(c.LastBoot)
	return c
}

func copyRequest(r VMRequest) VMRequest {
	r.Items = slices.Clone(r.Items)
	r.Requested, r.Ended = stored(r.Requested), stored(r.Ended)
	return r
}

func copyUsage(d UsageDay) UsageDay { return d }

func copyOperation(o Operation) Operation { return o.Copy() }

// Copy is the operation as it is read back from the file; it shares nothing with o.
func (o Operation) Copy() Operation {
	o.Targets, o.Hosts, o.Input, o.Plan, o.Notes = listed(o.Targets), listed(o.Hosts), listed(o.Input), listed(o.Plan), listed(o.Notes)
	o.Journal = listed(o.Journal)
	for i := range o.Journal {
		s := &o.Journal[i]
		s.At, s.Data = stored(s.At), listed(s.Data)
	}
	if o.Error != nil {
		told := *o.Error
		o.Error = &told
	}
	o.NotBefore, o.Claim.Seen = stored(o.NotBefore), stored(o.Claim.Seen)
	o.Created, o.Started, o.Finished = stored(o.Created), stored(o.Started), stored(o.Finished)
	return o
}

// listed copies a list that is left out of the file when it is empty.
func listed[L ~[]E, E any](list L) L {
	if len(list) == 0 {
		return nil
	}
	return append(L(nil), list...)
}

func copyTags(tags map[string]string) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	return maps.Clone(tags)
}

// stored is t as it is read back: what the file calls Z is UTC.
func stored(t time.Time) time.Time {
	t = t.Round(0)
	if _, offset := t.Zone(); offset == 0 {
		return t.UTC()
	}
	return t
}
