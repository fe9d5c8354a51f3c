package instances

import (
	"context"
	"fmt"

	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// current is the completed configuration that serves, which is the stored one unless a deploy of that has not ended well. Errors:
// ErrNotFound, ErrConflict if nothing serves.
func (s *Service) current(rec *store.Instance) (Instance, error) {
	var i Instance
	if rec.Body == "" {
		return i, fmt.Errorf("%w: instance %s of organization %d", ErrNotFound, rec.Name, rec.Org)
	}
	body := rec.Body
	if rec.Serving != nil {
		body = rec.Serving.Body
	}
	if err := s.unpack(body, &i); err != nil {
		return i, err
	}
	if rec.Color == "" {
		return i, undeployed(rec)
	}
	i = s.complete(rec, i)
	i.Color = rec.Color
	return i, nil
}

func undeployed(rec *store.Instance) error {
	return fmt.Errorf("%w: instance %s is %s, deploy it first", ErrConflict, rec.Name, rec.State)
}

// rewrite changes a stored configuration.
func (s *Service) rewrite(body string, change func(*Instance)) (string, error) {
	var i Instance
	if err := s.unpack(body, &i); err != nil {
		return "", err
	}
	change(&i)
	return s.pack(i)
}

// expanded is an instance's objects with the other colour there or not, and Services on one of them. Errors: ErrInvalid, for what the
// defaults of today have no place for.
func (s *Service) expanded(i Instance, standby bool, active string) ([]expand.Object, error) {
	i.State, i.JobData = stateActive, nil
	objects, err := s.config.Load().Expand(i, expand.Options{Namespace: s.cluster.Namespace(), Standby: standby, Active: active})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return objects, nil
}

// fitting is expanded, for what changes only a part of an instance: the rest must be there as it is worked out today, or the part would
// not fit. Errors: ErrInvalid, ErrConflict.
func (s *Service) fitting(rec *store.Instance, i Instance, standby bool, active string) ([]expand.Object, error) {
	objects, err := s.expanded(i, standby, active)
	if err != nil {
		return nil, err
	}
	there := writers(rec.Objects)
	if rec.Serving != nil {
		there = rec.Serving.Writers
	}
	wanted := refs(of(objects, "", expand.WriteObjects))
	if len(minus(there, wanted))+len(minus(wanted, there)) > 0 {
		return nil, fmt.Errorf("%w: the plan of instance %s has changed since it was deployed, update it first", ErrConflict, rec.Name)
	}
	return objects, nil
}

// StandbyOn brings up the colour that does not serve, and gives the job's id. Where it is up already it is made what it should be. It is
// brought up as the instance is configured, so that a deploy of that must have ended well.
// Errors: ErrNotFound, ErrConflict, ErrInvalid.
func (s *Service) StandbyOn(ctx context.Context, by Who, org int, name string) (string, error) {
	op, err := s.begin(ctx, by, kindStandbyOn, jobID("standby-on", org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		if rec.State != stateActive {
			return nil, undeployed(rec)
		}
		objects, err := s.fitting(rec, i, true, rec.Color)
		if err != nil {
			return nil, err
		}
		idle := other(rec.Color)
		w := s.draft(i)
		w.stage("configuration", of(objects, idle, expand.ConfigObjects))
		w.stage("reads "+idle, of(objects, idle, expand.ReadObjects))
		w.stage("graphite "+idle, of(objects, idle, expand.GraphiteObjects))
		w.stage("budgets", of(objects, idle, expand.RouteObjects))
		up := true
		w.Done = after{Standby: &up, Objects: union(rec.Objects, refs(objects))}
		rec.Objects = w.Done.Objects
		return w, w.seal()
	})
	return op.Alias, err
}

// StandbyOff takes it down again, and touches nothing else, whatever the defaults have become. After a deploy that has not ended well some
// Services may lead to what it takes down: those are led back first. Errors: ErrNotFound, ErrConflict, ErrInvalid.
func (s *Service) StandbyOff(ctx context.Context, by Who, org int, name string) error {
	op, err := s.begin(ctx, by, kindStandbyOff, jobID("standby-off", org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		w := s.draft(i)
		if rec.State != stateActive {
			objects, err := s.expanded(i, false, rec.Color)
			if err != nil {
				return nil, err
			}
			w.stage(stageRoutes, of(objects, "", expand.RouteObjects))
			rec.Objects = union(rec.Objects, refs(of(objects, "", expand.RouteObjects)))
		}
		for _, o := range rec.Objects {
			if o.Color == other(rec.Color) {
				w.Remove = append(w.Remove, o)
			}
		}
		leaving(w.Remove)
		down := false
		w.Done = after{Standby: &down, Objects: minus(rec.Objects, w.Remove)}
		return w, w.seal()
	})
	return s.await(ctx, op, err)
}

// SwitchColor has the Services select the other colour, which must be up and ready. The one that served stays up. Errors: ErrNotFound,
// ErrConflict.
func (s *Service) SwitchColor(ctx context.Context, by Who, org int, name string) error {
	op, err := s.begin(ctx, by, kindSwitch, jobID("switchcolor", org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		if !rec.Standby {
			return nil, fmt.Errorf("%w: instance %s has no standby, turn it on first", ErrConflict, name)
		}
		return s.turn(rec, i, other(rec.Color))
	})
	return s.await(ctx, op, err)
}

// turn plans the switch to a colour: its pods are looked at, then the Services are changed, and back if one of them cannot be.
func (s *Service) turn(rec *store.Instance, i Instance, to string) (*draft, error) {
	was, err := s.fitting(rec, i, true, rec.Color)
	if err != nil {
		return nil, err
	}
	i.Color = to
	objects, err := s.expanded(i, true, to)
	if err != nil {
		return nil, err
	}
	w := s.draft(i)
	for _, o := range refs(of(objects, to, expand.ReadObjects, expand.GraphiteObjects)) {
		if o.Kind == "Deployment" {
			w.Ready = append(w.Ready, o)
		}
	}
	w.stage(stageRoutes, of(objects, "", expand.RouteObjects))
	for _, o := range of(was, "", expand.RouteObjects) {
		w.Back = append(w.Back, w.text(o))
	}
	body, err := s.rewrite(rec.Body, func(i *Instance) { i.Color = to })
	if err != nil {
		return nil, err
	}
	w.Done = after{Body: body, Color: to, Objects: union(rec.Objects, refs(objects))}
	if err := s.mirrorsOf(w, rec); err != nil {
		return nil, err
	}
	rec.Objects = w.Done.Objects
	return w, w.seal()
}

// StartImporter starts what writes whisper files into the instance, with these settings or, if there are none, its defaults. Errors:
// ErrInvalid, ErrNotFound, ErrConflict.
func (s *Service) StartImporter(ctx context.Context, by Who, org int, name string, raw []byte) error {
	settings, err := expand.ParseImporter(raw)
	if err != nil {
		return fmt.Errorf("%w: importer: %w", ErrInvalid, err)
	}
	return s.importer(ctx, by, org, name, kindImporterOn, &settings)
}

// StopImporter ends that. Errors: ErrNotFound, ErrConflict.
func (s *Service) StopImporter(ctx context.Context, by Who, org int, name string) error {
	return s.importer(ctx, by, org, name, kindImporterOff, nil)
}

func (s *Service) importer(ctx context.Context, by Who, org int, name, kind string, settings *expand.Importer) error {
	word := map[string]string{kindImporterOn: "on", kindImporterOff: "off"}[kind]
	op, err := s.begin(ctx, by, kind, jobID("importer-"+word, org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		i.Importer = settings
		i = s.config.Load().Complete(i, s.draw)
		objects, err := s.fitting(rec, i, rec.Standby, rec.Color)
		if err != nil {
			return nil, err
		}
		w := s.draft(i)
		w.stage("importer", of(objects, "", expand.ImporterObjects))
		w.stage(stageRoutes, of(objects, "", expand.RouteObjects))
		w.stage("gateways", of(objects, "", expand.GatewayObjects))
		for _, o := range minus(rec.Objects, refs(objects)) {
			if o.Component == expand.ImporterObjects {
				w.Remove = append(w.Remove, o)
			}
		}
		rec.Objects = union(rec.Objects, refs(objects))
		on := settings != nil
		w.Done = after{Importer: &on, Objects: minus(rec.Objects, w.Remove)}
		set := func(stored *Instance) { stored.Importer = i.Importer }
		if w.Done.Body, err = s.rewrite(rec.Body, set); err != nil {
			return nil, err
		}
		if rec.Serving != nil {
			if w.Done.Serving, err = s.rewrite(rec.Serving.Body, set); err != nil {
				return nil, err
			}
		}
		if err := s.mirrorsOf(w, rec); err != nil {
			return nil, err
		}
		return w, w.seal()
	})
	return s.await(ctx, op, err)
}
