package volumes

import (
	"context"
	"yardmaster/store"
)

// Explanation says of one cluster whether it could take a volume, and how or why not.
type Explanation struct {
	Cluster string   `json:"cluster"`
	Fits    bool     `json:"fits"`
	Bricks  []string `json:"bricks,omitempty"`  // where they would go
	Reasons []string `json:"reasons,omitempty"` // why they cannot
}

// Explain places a volume without making it, in every cluster that was asked for. Errors: ErrInvalid.
func (s *Service) Explain(ctx context.Context, spec Spec) ([]Explanation, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	var out []Explanation
	err := s.db.View(ctx, func(tx *store.Tx) error {
		v := s.volumeOf(tx, "", s.newID(), "", spec)
		clusters, err := s.clustersFor(tx, spec.Clusters)
		if err != nil {
			return err
		}
		for _, c := range clusters {
			e := Explanation{Cluster: c.ID}
			v.Cluster = c.ID
			if why, err := s.refusal(tx, c, &v); err != nil || why != nil {
				e.Reasons = []string{firstOf(err, why).Error()}
				out = append(out, e)
				continue
			}
			f, layout, _, notes, err := s.tryCluster(tx, &v, spec, nil, s.busyHosts(tx))
			if err != nil {
				e.Reasons = append([]string{err.Error()}, notes...)
			}
			for _, set := range layout.Sets {
				for _, slot := range set {
					e.Fits = true
					e.Bricks = append(e.Bricks, f.nodes[slot.Node].Host()+":"+f.devices[slot.Device].Name)
				}
			}
			out = append(out, e)
		}
		return nil
	})
	return out, err
}
