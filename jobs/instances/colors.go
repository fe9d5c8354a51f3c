package instances

import (
	"context"
	"fmt"

	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// current is a deployed instance with its completed configuration. Errors: ErrNotFound, ErrConflict if it never was deployed well.
func (s *Service) current(rec *store.Instance) (Instance, error) {
	var i Instance
	if rec.Body == "" {
		return i, fmt.Errorf("%w: instance %s of organization %d", ErrNotFound, rec.Name, rec.Org)
	}
	if err := s.unpack(rec.Body, &i); err != nil {
		return i, err
	}
	if rec.Color == "" || rec.State != stateActive {
		return i, fmt.Errorf("%w: instance %s is %s, deploy it first", ErrConflict, rec.Name, rec.State)
	}
	return s.complete(rec, i), nil
}

// expanded is an instance's objects with the other colour there or not, and Services on one of them.
func (s *Service) expanded(i Instance, standby bool, active string) ([]expand.Object, error) {
	i.State, i.JobData = stateActive, nil
	return s.config.Load().Expand(i, expand.Options{Namespace: s.cluster.Namespace(), Standby: standby, Active: active})
}

// StandbyOn brings up the colour that does not serve, and gives the job's id. Where it is up already it is made what it should be.
// Errors: ErrNotFound, ErrConflict.
func (s *Service) StandbyOn(ctx context.Context, by Who, org int, name string) (string, error) {
	op, err := s.begin(ctx, by, kindStandbyOn, jobID("standby-on", org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		objects, err := s.expanded(i, true, rec.Color)
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

// StandbyOff takes it down again. Errors: ErrNotFound, ErrConflict.
func (s *Service) StandbyOff(ctx context.Context, by Who, org int, name string) error {
	op, err := s.begin(ctx, by, kindStandbyOff, jobID("standby-off", org, name), org, name, func(_ *store.Tx, rec *store.Instance) (*draft, error) {
		i, err := s.current(rec)
		if err != nil {
			return nil, err
		}
		objects, err := s.expanded(i, false, rec.Color)
		if err != nil {
			return nil, err
		}
		w := s.draft(i)
		w.Remove = minus(rec.Objects, refs(objects))
		down := false
		w.Done = after{Standby: &down, Objects: refs(objects)}
		return w, nil
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
	was, err := s.expanded(i, true, rec.Color)
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
	w.stage("routes", of(objects, "", expand.RouteObjects))
	for _, o := range of(was, "", expand.RouteObjects) {
		w.Back = append(w.Back, w.text(o))
	}
	if err := s.mirrors(w, i, expand.Options{Namespace: s.cluster.Namespace(), Standby: true, Active: to}); err != nil {
		return nil, err
	}
	w.MirrorFail, w.MirrorAbort = -1, -1 // then all is as it was
	w.Done = after{Color: to, Objects: union(rec.Objects, refs(objects))}
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
		objects, err := s.expanded(i, rec.Standby, rec.Color)
		if err != nil {
			return nil, err
		}
		var stored Instance
		if err := s.unpack(rec.Body, &stored); err != nil {
			return nil, err
		}
		stored.Importer = i.Importer
		body, err := s.pack(stored)
		if err != nil {
			return nil, err
		}
		w := s.draft(i)
		w.stage("importer", of(objects, "", expand.ImporterObjects))
		w.stage("routes", of(objects, "", expand.RouteObjects))
		w.stage("gateways", of(objects, "", expand.GatewayObjects))
		if err := s.mirrors(w, i, expand.Options{Namespace: s.cluster.Namespace(), Standby: rec.Standby, Active: rec.Color}); err != nil {
			return nil, err
		}
		w.Remove = minus(rec.Objects, refs(objects))
		on := settings != nil
		w.Done = after{Body: body, Importer: &on, Objects: refs(objects)}
		rec.Objects = union(rec.Objects, refs(objects))
		return w, w.seal()
	})
	return s.await(ctx, op, err)
}
