package instances

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/jobs"
	"yardmaster/jobs/instances/expand"
	"yardmaster/store"
)

// The kinds of this domain. The names are stored.
const (
	kindDeploy      = "instance.deploy"
	kindDelete      = "instance.delete"
	kindStandbyOn   = "instance.standby_on"
	kindStandbyOff  = "instance.standby_off"
	kindSwitch      = "instance.switch_color"
	kindImporterOn  = "instance.importer_on"
	kindImporterOff = "instance.importer_off"
)

// targetKind is the noun of instances, as operations name them.
const targetKind = "instance"

// dialect is the one whose job ids the operations have as aliases.
const dialect = "hmapi"

// Kinds are the operations that any process can run that reaches the cluster.
func (d *Domain) Kinds() []jobs.Kind {
	var out []jobs.Kind
	for _, name := range []string{kindDeploy, kindDelete, kindStandbyOn, kindStandbyOff, kindImporterOn, kindImporterOff, kindSwitch} {
		out = append(out, kind{d: d, name: name})
	}
	return out
}

// draft is a work being put together.
type draft struct {
	work
	d     *Domain
	texts []json.RawMessage
}

func (s *Service) draft(i Instance) *draft {
	return &draft{d: s.Domain, work: work{Org: i.Org, Name: i.Name, Parallel: max(i.RolloutConcurrency, 1), MirrorDone: -1, MirrorFail: -1, MirrorAbort: -1}}
}

// text keeps a manifest and gives its number.
func (w *draft) text(o expand.Object) int {
	w.texts = append(w.texts, o.Text)
	return len(w.texts) - 1
}

// stage adds what goes side by side; an empty one is none.
func (w *draft) stage(name string, objects []expand.Object) {
	if len(objects) == 0 {
		return
	}
	s := stage{Name: name}
	for _, o := range objects {
		s.Items = append(s.Items, item{Name: o.Kind + "." + o.Name, Text: w.text(o), Wait: deployment(o)})
	}
	w.Stages = append(w.Stages, s)
}

// seal packs the texts.
func (w *draft) seal() error {
	var err error
	w.work.Texts, err = w.d.pack(w.texts)
	return err
}

// of picks the objects of some components, of one colour if that is given.
func of(objects []expand.Object, color string, components ...string) []expand.Object {
	var out []expand.Object
	for _, o := range objects {
		if slices.Contains(components, o.Component) && (color == "" || o.Color == color) {
			out = append(out, o)
		}
	}
	return out
}

// other is the colour that is not this one.
func other(color string) string {
	if color == "a" {
		return "b"
	}
	return "a"
}

// rollout is the order in which an instance comes up: what pods read, one write first, since two would make the same tables at once,
// then the others, the colour that serves, the other one, and what leads to them last.
func (w *draft) rollout(objects []expand.Object, active string) {
	w.stage("configuration", of(objects, "", expand.ConfigObjects, expand.AuthObjects, expand.MirrorObjects))
	writes := of(objects, "", expand.WriteObjects)
	slices.SortStableFunc(writes, func(a, b expand.Object) int { return strings.Compare(a.Name, b.Name) })
	w.stage("first write", writes[:min(len(writes), 1)])
	w.stage("writes", writes[min(len(writes), 1):])
	for _, color := range []string{active, other(active)} {
		w.stage("reads "+color, of(objects, color, expand.ReadObjects))
		w.stage("graphite "+color, of(objects, color, expand.GraphiteObjects))
	}
	w.stage("importer", of(objects, "", expand.ImporterObjects))
	w.stage("gateways", of(objects, "", expand.GatewayObjects, expand.RelayObjects))
	w.stage(stageRoutes, of(objects, "", expand.RouteObjects))
	for _, o := range refs(of(objects, active, expand.ReadObjects, expand.GraphiteObjects)) {
		if o.Kind == "Deployment" {
			w.Stages[len(w.Stages)-1].Ready = append(w.Stages[len(w.Stages)-1].Ready, o)
		}
	}
}

// stageRoutes is the stage in which Services begin to select a colour.
const stageRoutes = "routes"

// mirrors keeps the ConfigMap that shows the instance, for each end that a work on all of it may have.
func (s *Service) mirrors(w *draft, i Instance) error {
	for _, m := range []struct {
		state string
		to    *int
	}{{stateActive, &w.MirrorDone}, {stateFailed, &w.MirrorFail}, {stateAborted, &w.MirrorAbort}} {
		i.State = m.state
		var err error
		if *m.to, err = s.mirror(w, i); err != nil {
			return err
		}
	}
	return nil
}

// mirrorsOf is mirrors for a work on a part of the instance: as the record will be, or as it was.
func (s *Service) mirrorsOf(w *draft, rec *store.Instance) error {
	next := *rec
	w.Done.on(&next)
	for _, m := range []struct {
		of *store.Instance
		to *int
	}{{&next, &w.MirrorDone}, {rec, &w.MirrorFail}} {
		var i Instance
		err := s.unpack(m.of.Body, &i)
		if err == nil {
			*m.to, err = s.mirror(w, s.complete(m.of, i))
		}
		if err != nil {
			return err
		}
	}
	w.MirrorAbort = w.MirrorFail
	return nil
}

// mirror keeps the ConfigMap that shows an instance as it is given, and gives the text's number. Errors: ErrInvalid.
func (s *Service) mirror(w *draft, i Instance) (int, error) {
	i.JobData = nil
	objects, err := s.config.Load().Expand(i, expand.Options{Namespace: s.cluster.Namespace()})
	if err != nil {
		return -1, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return w.text(of(objects, "", expand.MirrorObjects)[0]), nil
}

// begin commits the intent of a job: build changes the record, which is given as it is by then, and fills in the work.
func (s *Service) begin(ctx context.Context, by Who, kind string, alias func(revision int) string, org int, name string, build func(tx *store.Tx, rec *store.Instance) (*draft, error)) (store.Operation, error) {
	if kind != kindDelete && !s.known.Load() {
		if err := s.refresh(ctx, by); err != nil {
			return store.Operation{}, err
		}
	}
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		rec, err := store.Instances.Get(tx, store.InstanceID(org, name))
		switch {
		case errors.Is(err, store.ErrNotFound):
			rec = store.Instance{Org: org, Name: name, Created: tx.Now()}
		case err != nil:
			return err
		}
		if err := s.free(tx, &rec); err != nil {
			return err
		}
		w, err := build(tx, &rec)
		if err != nil {
			return err
		}
		op.Kind, op.Dialect, op.Owner, op.RequestID = kind, dialect, by.User, by.RequestID
		op.Targets = []store.Ref{{Kind: targetKind, ID: rec.ID()}}
		op.Alias = alias(rec.Revision)
		op.Plan = w.plan()
		if err := retire(tx, op.Alias); err != nil {
			return err
		}
		rec.Pending, rec.LastJob, rec.Changed = op.ID, op.Alias, tx.Now()
		if err := store.Instances.Put(tx, &rec); err != nil {
			return err
		}
		return jobs.SetInput(op, w.work)
	})
	if errors.Is(err, jobs.ErrBusy) {
		err = fmt.Errorf("%w: another job works on instance %s", ErrConflict, name)
	}
	return op, err
}

// jobID names a job as the API does: hm-deploy-1-theinstance-9.
func jobID(verb string, org int, name string) func(revision int) string {
	return func(revision int) string { return fmt.Sprintf("hm-%s-%d-%s-%d", verb, org, name, revision) }
}

// free says which job is in the way, if one is.
func (s *Service) free(tx *store.Tx, rec *store.Instance) error {
	op, err := store.LiveOn(tx, store.Ref{Kind: targetKind, ID: rec.ID()})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return cmp.Or(err, fmt.Errorf("%w: job %s works on instance %s", ErrConflict, op.Alias, rec.Name))
}

// retire gives the id of a job that has ended to the next one that is called so: an instance that was deleted and made again begins
// to count anew, and deletions are not counted.
func retire(tx *store.Tx, alias string) error {
	old, err := store.OperationAliased(tx, dialect, alias)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || old.State.Live() {
		return err
	}
	old.Alias += "~" + old.ID
	return store.Operations.Put(tx, &old)
}
