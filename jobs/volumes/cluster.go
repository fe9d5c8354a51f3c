package volumes

import (
	"context"
	"errors"
	"maps"

	"yardmaster/store"
)

// CreateCluster makes an empty trusted pool.
func (s *Service) CreateCluster(ctx context.Context, file, block bool) (store.Cluster, error) {
	c := store.Cluster{ID: s.newID(), File: file, Block: block}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		c.Created = tx.Now()
		return store.Clusters.Put(tx, &c)
	})
	return c, err
}

// SetClusterFlags says which volumes a cluster takes from now on. ErrNotFound.
func (s *Service) SetClusterFlags(ctx context.Context, id string, file, block bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		c, err := known(store.Clusters, tx, id)
		if err != nil {
			return err
		}
		c.File, c.Block = file, block
		return store.Clusters.Put(tx, &c)
	})
}

// DeleteCluster forgets an empty cluster. ErrNotFound, ErrConflict.
func (s *Service) DeleteCluster(ctx context.Context, id string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := known(store.Clusters, tx, id); err != nil {
			return err
		}
		if store.Nodes.CountBy(tx, store.ByCluster, id)+store.Volumes.CountBy(tx, store.ByCluster, id) > 0 {
			return refusef(ErrConflict, "Unable to delete cluster [%s] because it contains volumes and/or nodes", id)
		}
		return store.Clusters.Delete(tx, id)
	})
}

// known is a record, or the dialects' ErrNotFound.
func known[V any](t store.Table[V], tx *store.Tx, id string) (V, error) {
	v, err := t.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return v, ErrNotFound
	}
	return v, err
}

// TagChange is how SetTags treats the tags that are there.
type TagChange string

// The ways to change tags: in place of all, beside the others, or away by name.
const (
	TagsSet    TagChange = "set"
	TagsUpdate TagChange = "update"
	TagsDelete TagChange = "delete"
)

// MaxTags is how many tags one node or device may carry.
const MaxTags = 32

// SetNodeTags changes a node's tags and gives all it has then. ErrNotFound, ErrInvalid.
func (s *Service) SetNodeTags(ctx context.Context, id string, change TagChange, tags map[string]string) (all map[string]string, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := known(store.Nodes, tx, id)
		if err != nil {
			return err
		}
		if n.Tags, err = retag(n.Tags, change, tags); err != nil {
			return err
		}
		all = n.Tags
		return store.Nodes.Put(tx, &n)
	})
	return all, err
}

// SetDeviceTags is SetNodeTags for a device.
func (s *Service) SetDeviceTags(ctx context.Context, id string, change TagChange, tags map[string]string) (all map[string]string, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		d, err := known(store.Devices, tx, id)
		if err != nil {
			return err
		}
		if d.Tags, err = retag(d.Tags, change, tags); err != nil {
			return err
		}
		all = d.Tags
		return store.Devices.Put(tx, &d)
	})
	return all, err
}

func retag(have map[string]string, change TagChange, tags map[string]string) (map[string]string, error) {
	out := map[string]string{}
	if change != TagsSet {
		maps.Copy(out, have)
	}
	for k, v := range tags {
		if change == TagsDelete {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	if len(out) > MaxTags {
		return nil, refusef(ErrInvalid, "too many tags specified (%d), up to %d supported", len(out), MaxTags)
	}
	return out, nil
}
