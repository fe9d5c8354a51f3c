package configs

import "context"

// addLive adds to previews of a push what it would change on the cluster. rerun: a Job that has ended would run again.
func (s *Service) addLive(ctx context.Context, previews []Preview, rerun bool) error {
	w, err := s.previewed(ctx, previews, rerun)
	if err != nil {
		return err
	}
	if !acquire(ctx, s.sweeping) {
		return ctx.Err()
	}
	found, err := s.scan(ctx, w)
	<-s.sweeping
	if err != nil {
		return outward(err)
	}
	for i, one := range w.objects {
		out := Inconsistencies{Resources: map[string]Inconsistency{}, Foreign: map[string][]Row{}, Skipped: map[string]Skip{}}
		out.enter(one, found[one.ref])
		previews[i].Live = out.Resources[one.show].Rows
		if skip, skipped := out.Skipped[one.show]; skipped {
			previews[i].Message = "not compared with the cluster: " + skip.Reason
		}
	}
	return nil
}

// previewed is what would be pushed, in the order of the previews.
func (s *Service) previewed(ctx context.Context, previews []Preview, rerun bool) (w watch, err error) {
	err = s.view(ctx, func(st *state) error {
		w = watch{mood: st.mood(), objects: make([]watched, len(previews))}
		if w.scaled, err = st.scaled(); err != nil {
			return err
		}
		for i, p := range previews {
			o, err := st.find(p.Object)
			if err != nil {
				return err
			}
			w.objects[i] = watched{id: o.rec.ID, show: p.Object, text: p.Config}
			if w.objects[i].ran, err = s.ran(o, p.Config); err != nil {
				return err
			}
			w.objects[i].ran = w.objects[i].ran && !rerun
		}
		return nil
	})
	return w, err
}
