package configs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

var commentForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// Where patches come from. The values are stored.
const (
	fromUser      = "user"
	fromNamespace = "namespace"
	fromRegistry  = "registry"
	fromSize      = "cluster-size"
)

// longestDescription bounds what may be said of a patch, in bytes.
const longestDescription = 4096

// ApplyPatches takes patches, all or none. One whose target is nothing yet waits until something is called so. Errors: ErrInvalid,
// ErrConflict.
func (s *Service) ApplyPatches(ctx context.Context, by Who, u PatchUpload) (Change, error) {
	if len(u.Description) > longestDescription {
		return Change{}, fmt.Errorf("%w: description: %d bytes, %d are allowed", ErrInvalid, len(u.Description), longestDescription)
	}
	var all []materialize.Patch
	var faults []error
	for _, f := range u.Files {
		found, err := materialize.ParsePatches(f.Name, string(f.Text))
		if err != nil {
			faults = append(faults, err)
		}
		all = append(all, found...)
	}
	if faults != nil {
		return Change{}, fmt.Errorf("%w: patch: %w", ErrInvalid, errors.Join(faults[:min(len(faults), mostFaults)]...))
	}
	if len(all) == 0 {
		return Change{}, fmt.Errorf("%w: patch: there is none in it", ErrInvalid)
	}
	return s.change(ctx, by, kindPatch, u.Dry, func(st *state, e *edit) error {
		for _, p := range all {
			if ids := st.called(p.Target); p.Kind == "" && len(ids) > 1 {
				return ambiguous(p.Target, ids)
			}
			if err := st.take(e, by, p, u.Description); err != nil {
				return err
			}
		}
		return nil
	})
}

// take takes up one patch of a user.
func (st *state) take(e *edit, by Who, p materialize.Patch, description string) error {
	rec := store.ConfigPatch{Target: p.Target, Kind: p.Kind, Format: p.Format, Description: cmp.Or(description, p.Comment), Source: fromUser}
	version, err := st.keep(e, by, rec, p.Body)
	if err != nil {
		return err
	}
	e.patches = append(e.patches, version)
	if len(st.targeted(p.Target)) == 0 {
		e.notes = append(e.notes, Preview{Message: fmt.Sprintf("Target %q is no object and no label of one. The patch will be kept and takes effect "+
			"once an object is called so.", p.Target)})
	}
	return nil
}

// keep stores a new patch and touches what it targets.
func (st *state) keep(e *edit, by Who, rec store.ConfigPatch, text string) (version int64, err error) {
	if rec.Body, err = st.d.pack(text); err != nil {
		return 0, err
	}
	rec.Version, rec.Creator, rec.Created = st.version(), by.User, st.now
	rec.Description = rec.Description[:min(len(rec.Description), longestDescription)]
	st.add(rec, text)
	e.write(func(tx *store.Tx, _ *store.Operation) error { return store.PutPatch(tx, &rec) })
	e.touch(st.targeted(rec.Target)...)
	return rec.Version, nil
}

// DeletePatch takes a patch back and materializes what it touched without it. Errors: ErrNotFound, ErrInvalid if another patch
// builds on it, ErrConflict also if an object was rolled back to a text that has it.
func (s *Service) DeletePatch(ctx context.Context, by Who, version int64, dry bool) (Change, error) {
	return s.change(ctx, by, kindUnpatch, dry, func(st *state, e *edit) error {
		i := slices.IndexFunc(st.patches, func(p *patch) bool { return p.Version == version })
		if i < 0 || !st.wanted(st.patches[i]) {
			return fmt.Errorf("%w: patch %d", ErrNotFound, version)
		}
		p := st.patches[i]
		if err := st.loose(p); err != nil {
			return err
		}
		if p.Deleted.IsZero() && p.Source != fromUser {
			st.spare(e, p)
		}
		st.drop(e, p)
		return nil
	})
}

// wanted says that a patch is there for users: not deleted, or deleted and brought back by a rollback.
func (st *state) wanted(p *patch) bool { return p.Deleted.IsZero() || st.pinned(p.Version) }

func (st *state) pinned(version int64) bool {
	for _, o := range st.objects {
		if pin := o.rec.Pin; pin != nil && pin.Body == "" && slices.Contains(pin.Patches, version) {
			return true
		}
	}
	return false
}

// loose refuses a patch that is part of the text that a rollback holds an object to: nothing takes it out of there. Errors: ErrConflict.
func (st *state) loose(p *patch) error {
	for _, id := range st.ids() {
		if pin := st.objects[id].rec.Pin; pin != nil && pin.Body != "" && slices.Contains(pin.Patches, p.Version) {
			return fmt.Errorf("%w: patch %d is in the text of config %d, which object %s was rolled back to: roll it back to a config without "+
				"the patch, or upload a newer release of it, and then again", ErrConflict, p.Version, pin.Number, st.show(id))
		}
	}
	return nil
}

// drop takes a patch out of everything. Its record stays as deleted: an earlier materialization may be gone back to.
func (st *state) drop(e *edit, p *patch) {
	e.touch(st.targeted(p.Target)...)
	version := p.Version
	for id, o := range st.objects {
		pin := o.rec.Pin
		if pin == nil || pin.Body != "" || !slices.Contains(pin.Patches, version) {
			continue
		}
		without := *pin
		without.Patches = slices.DeleteFunc(slices.Clone(pin.Patches), func(v int64) bool { return v == version })
		o.rec.Pin = &without
		e.write(changeObject(id, func(rec *store.ConfigObject) { rec.Pin = &without }))
		e.touch(id)
	}
	p.Deleted = st.now
	e.write(func(tx *store.Tx, _ *store.Operation) error {
		rec, err := store.GetPatch(tx, version)
		if err != nil {
			return err
		}
		rec.Deleted = tx.Now()
		return store.PutPatch(tx, &rec)
	})
}

// Patches are all patches, or those that an object's materialization takes from: its own and its labels'. By version.
func (s *Service) Patches(ctx context.Context, ref string) ([]Patch, error) {
	var out []Patch
	err := s.view(ctx, func(st *state) error {
		var only *object
		if ref != "" {
			o, err := st.find(ref)
			switch {
			case errors.Is(err, ErrNotFound): // patches may be there before their object is
				only = &object{rec: store.ConfigObject{Name: ref, ID: ref}}
			case err != nil:
				return err
			default:
				only = o
			}
		}
		var err error
		out, err = st.listPatches(func(p *patch) bool {
			if only == nil {
				return true
			}
			meant, _ := st.meant(p.Target, only)
			return meant
		})
		if err == nil && only != nil && len(out) == 0 && st.objects[only.rec.ID] == nil {
			return fmt.Errorf("%w: object %q", ErrNotFound, ref)
		}
		return err
	})
	return out, err
}

// listPatches renders the patches that fit.
func (st *state) listPatches(fits func(*patch) bool) ([]Patch, error) {
	golden, err := st.goldenPatches()
	if err != nil {
		return nil, err
	}
	newest := map[string]int64{}
	var out []Patch
	for _, p := range slices.Backward(st.patches) {
		if !st.wanted(p) {
			continue
		}
		next := newest[p.Target]
		newest[p.Target] = p.Version
		if !fits(p) {
			continue
		}
		text, format, err := st.bodyOf(p)
		if err != nil {
			return nil, err
		}
		out = append(out, Patch{Version: p.Version, Next: next, Target: p.Target, Kind: p.Kind, Format: format, Golden: golden[p.Version], Body: text,
			Description: p.Description, Creator: p.Creator, Source: p.Source, Created: p.Created})
	}
	slices.Reverse(out)
	return out, nil
}

// goldenPatches are those in what the cluster was last given.
func (st *state) goldenPatches() (map[int64]bool, error) {
	out := map[int64]bool{}
	for _, o := range st.objects {
		if o.golden == nil {
			continue
		}
		for _, v := range o.golden.Patches {
			out[v] = true
		}
	}
	return out, nil
}

// mostFound bounds a search.
const mostFound = 10_000

// SearchPatches finds patches by what their body or description says. Secrets are masked, and are not searched.
func (s *Service) SearchPatches(ctx context.Context, query string, caseSensitive bool, limit int) ([]Patch, error) {
	switch {
	case query == "":
		return nil, fmt.Errorf("%w: query: it must not be empty", ErrInvalid)
	case limit < 1 || limit > mostFound:
		return nil, fmt.Errorf("%w: limit %s: a number from 1 to %d is needed", ErrInvalid, strconv.Itoa(limit), mostFound)
	}
	fold := strings.ToLower
	if caseSensitive {
		fold = func(s string) string { return s }
	}
	query = fold(query)
	all, err := s.Patches(ctx, "")
	if err != nil {
		return nil, err
	}
	out := []Patch{}
	for _, p := range all {
		p.Body = materialize.Mask(p.Body)
		if !strings.Contains(fold(p.Body), query) && !strings.Contains(fold(p.Description), query) {
			continue
		}
		if out = append(out, p); len(out) == limit {
			break
		}
	}
	return out, nil
}

// view reads the state.
func (s *Service) view(ctx context.Context, fn func(*state) error) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		st, err := s.read(tx)
		if err != nil {
			return err
		}
		st.tx = tx
		return fn(st)
	})
}
