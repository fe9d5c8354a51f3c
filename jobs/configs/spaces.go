package configs

import (
	"cmp"
	"context"
	"slices"

	"yardmaster/executors/kube"
)

// spaces are the namespaces in which the platform's workloads and autoscalers are to be, the server's own first. Its own is always
// among them, but last where nothing is to be there any more: what a move left behind may still be.
func (st *state) spaces() ([]string, error) {
	var out []string
	for _, id := range st.ids() {
		o := st.objects[id]
		if o.current == nil || !inhabits(o.rec.Kind) {
			continue
		}
		text, err := st.d.unpack(o.current.Body)
		if err != nil {
			return nil, err
		}
		m, err := kube.Parse([]byte(text))
		if err != nil {
			return nil, err
		}
		out = append(out, m.Namespace)
	}
	if out = st.d.distinct(out); !slices.Contains(out, st.d.cluster.Namespace()) {
		out = append(out, st.d.cluster.Namespace())
	}
	return out, nil
}

// spaces are the state's at this moment.
func (s *Service) spaces(ctx context.Context) (out []string, err error) {
	err = s.view(ctx, func(st *state) error {
		out, err = st.spaces()
		return err
	})
	return out, err
}

// inhabits says that objects of a kind are or have pods, or scale what has.
func inhabits(kind string) bool {
	switch kind {
	case "DaemonSet", "ReplicaSet", "Pod", "Job", "CronJob", "HorizontalPodAutoscaler":
		return true
	}
	return workload(kind)
}

// distinct are the namespaces among these, the server's own first, then by name. "" is its own.
func (d *Domain) distinct(all []string) []string {
	own := d.cluster.Namespace()
	out := make([]string, len(all))
	for i, name := range all {
		out[i] = cmp.Or(name, own)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if i := slices.Index(out, own); i > 0 {
		out = slices.Insert(slices.Delete(out, i, i+1), 0, own)
	}
	return out
}
