package configs

import (
	"context"
	"errors"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs/materialize"
)

// ran says that an object is a Job that cleans up after itself and that the cluster was given before to run just what text has: where
// it is gone, it has done its work.
func (d *Domain) ran(o *object, text string) (bool, error) {
	if o.rec.Kind != "Job" || o.golden == nil {
		return false, nil
	}
	last, err := d.unpack(o.golden.Body)
	if err != nil {
		return false, err
	}
	var refs [2]kube.Ref
	for i, t := range []string{last, text} {
		m, err := kube.Parse([]byte(t))
		if err != nil {
			return false, err
		}
		refs[i] = m.Ref
		refs[i].Namespace = orElse(m.Namespace, d.cluster.Namespace())
	}
	return refs[0] == refs[1] && materialize.SameRun(last, text), nil
}

// ended says that an object of a push has done its work and has been cleaned up.
func (p *run) ended(ctx context.Context, o pushed) (bool, error) {
	if !o.Ran {
		return false, nil
	}
	_, err := p.d.cluster.Get(ctx, p.text[o.ID].Ref)
	if errors.Is(err, kube.ErrNotFound) {
		return true, nil
	}
	return false, err
}
