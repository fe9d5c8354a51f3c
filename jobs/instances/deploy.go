package instances

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// reserved are names that the API has taken for itself.
var reserved = []string{"diff", "statuslist"}

// Deploy makes an instance what its configuration says, and gives the job's id. Errors: ErrInvalid, ErrConflict.
func (s *Service) Deploy(ctx context.Context, by Who, i Instance) (string, error) {
	if err := s.refresh(ctx, by); err != nil {
		return "", err
	}
	return s.deploy(ctx, by, i.Org, i.Name, func(*store.Instance) (Instance, error) { return i, nil })
}

// Update deploys an instance as it is configured, with today's defaults. Errors: ErrNotFound, ErrConflict.
func (s *Service) Update(ctx context.Context, by Who, org int, name string) (string, error) {
	if err := s.refresh(ctx, by); err != nil {
		return "", err
	}
	return s.deploy(ctx, by, org, name, func(rec *store.Instance) (Instance, error) {
		var i Instance
		if rec.Body == "" {
			return i, fmt.Errorf("%w: instance %s of organization %d", ErrNotFound, name, org)
		}
		if err := s.unpack(rec.Body, &i); err != nil {
			return i, err
		}
		i.Color = wanted(rec, i)
		return i, nil
	})
}

func (s *Service) deploy(ctx context.Context, by Who, org int, name string, read func(*store.Instance) (Instance, error)) (string, error) {
	if slices.Contains(reserved, name) {
		return "", fmt.Errorf("%w: name: %q is a word of the API's paths, the instance could not be reached", ErrInvalid, name)
	}
	op, err := s.begin(ctx, by, kindDeploy, jobID("deploy", org, name), org, name, func(tx *store.Tx, rec *store.Instance) (*draft, error) {
		posted, err := read(rec)
		if err != nil {
			return nil, err
		}
		if err := s.alone(tx, org, name); err != nil {
			return nil, err
		}
		return s.deployment(rec, posted)
	})
	return op.Alias, err
}

// alone holds that no other organization has an instance of that name where instances have hosts of theirs: both would have the same.
func (s *Service) alone(tx *store.Tx, org int, name string) error {
	if s.config.Load().Domain == "" {
		return nil
	}
	for other, err := range store.Instances.All(tx) {
		if err != nil {
			return err
		}
		if other.Name == name && other.Org != org {
			return fmt.Errorf("%w: name: organization %d has an instance %s, which answers at %s.%s already", ErrInvalid, other.Org, name, name, s.config.Load().Domain)
		}
	}
	return nil
}

// deployment plans a deploy, and changes the record to one that is being deployed.
func (s *Service) deployment(rec *store.Instance, posted Instance) (*draft, error) {
	config := s.config.Load()
	var was Instance
	if rec.Body != "" {
		if err := s.unpack(rec.Body, &was); err != nil {
			return nil, err
		}
		posted = inherit(rec, posted, was)
	}
	if posted.Color == "" {
		posted.Color = rec.Color
	}
	i := config.Complete(posted, s.draw)
	if err := config.Validate(i); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	rec.Revision++
	rec.State = stateDeploying
	posted.AdminKey, posted.Color, posted.TSDBAuth = i.AdminKey, i.Color, i.TSDBAuth
	posted.Revision, posted.State, posted.JobData = 0, "", nil
	i.Revision, i.State = rec.Revision, rec.State
	options := expand.Options{Namespace: s.cluster.Namespace(), Standby: rec.Standby, Active: i.Color}
	objects, err := config.Expand(i, options)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	body, err := s.pack(posted)
	if err != nil {
		return nil, err
	}
	w := s.draft(i)
	w.rollout(objects, i.Color)
	if err := s.mirrors(w, i); err != nil {
		return nil, err
	}
	all := refs(objects)
	w.Remove = minus(rec.Objects, all)
	leaving(w.Remove)
	w.Data = dataOf(*config, i)
	on := i.Importer != nil
	w.Done = after{Body: body, Color: i.Color, Importer: &on, Objects: all}
	if rec.Color != "" && rec.Serving == nil {
		rec.Serving = &store.InstanceServing{Body: rec.Body, Writers: writers(rec.Objects)}
	}
	rec.Body, rec.Objects = body, union(rec.Objects, all) // whatever becomes of the job, this is what is wanted from now on
	return w, w.seal()
}

// inherit gives a configuration what it leaves to the one before: keys, and the importer, which is switched by calls of its own.
func inherit(rec *store.Instance, posted, was Instance) Instance {
	posted = posted.Inherit(was)
	if rec.Importer && posted.Importer == nil {
		posted.Importer = was.Importer
	}
	return posted
}

func dataOf(c expand.Config, i Instance) *data {
	return &data{Topics: []string{expand.Topic(i), expand.PersistTopic(i)}, Partitions: int32(i.Plan.Partitions), Copies: int16(max(c.Kafka.Replication, 1)),
		Keyspace: expand.Keyspace(i), Replication: c.Cassandra.Replication}
}

// removalOrder is the order in which an instance goes: what leads to it first, so that nobody is served by half of it.
var removalOrder = []string{expand.RouteObjects, expand.RelayObjects, expand.GatewayObjects, expand.ImporterObjects, expand.GraphiteObjects,
	expand.ReadObjects, expand.WriteObjects, expand.ConfigObjects, expand.AuthObjects}

// leaving sorts objects into that order.
func leaving(objects []store.InstanceObject) {
	slices.SortStableFunc(objects, func(a, b store.InstanceObject) int {
		return slices.Index(removalOrder, a.Component) - slices.Index(removalOrder, b.Component)
	})
}

// Delete removes an instance, and its data unless that is to be kept, and gives the job's id. It can be aborted until data is dropped.
// Errors: ErrNotFound, ErrConflict.
func (s *Service) Delete(ctx context.Context, by Who, org int, name string, keepData bool) (string, error) {
	alias := func(int) string { return fmt.Sprintf("hm-delete-%d-%s", org, name) }
	op, err := s.begin(ctx, by, kindDelete, alias, org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		if rec.Body == "" {
			return nil, fmt.Errorf("%w: instance %s of organization %d", ErrNotFound, name, org)
		}
		return s.deletion(rec, keepData)
	})
	return op.Alias, err
}

// deletion plans a deletion, and changes the record to one that is being deleted.
func (s *Service) deletion(rec *store.Instance, keepData bool) (*draft, error) {
	var i Instance
	if err := s.unpack(rec.Body, &i); err != nil {
		return nil, err
	}
	i.Color = wanted(rec, i) // the record forgets it once no Service leads there
	body, err := s.pack(i)
	if err != nil {
		return nil, err
	}
	i = s.complete(rec, i)
	w := s.draft(i)
	w.Org, w.Name = rec.Org, rec.Name
	for _, o := range rec.Objects {
		if o.Component == expand.MirrorObjects {
			w.Last = append(w.Last, o)
		} else {
			w.Remove = append(w.Remove, o)
		}
	}
	leaving(w.Remove)
	if !keepData {
		w.Data, w.DropData = dataOf(*s.config.Load(), i), true
	}
	if err := s.mirrors(w, i); err != nil && !errors.Is(err, ErrInvalid) { // what could not be deployed any more can go all the same
		return nil, err
	}
	w.MirrorDone, w.Deployed = -1, rec.Color != ""
	w.Done = after{Delete: true, Body: body}
	rec.State = stateDeleting
	return w, w.seal()
}
