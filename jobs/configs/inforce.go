package configs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// settingRewrites is which rewrites are in force, by source.
const settingRewrites = "configs rewrites"

// inForce is the last rewrite of a source. Its patches say what they are for and are written for each object anew, so that they hold
// for whatever a release brings; all of them stand at one place among the patches, whenever an object came.
type inForce struct {
	To          string   `json:"to"`
	Description string   `json:"description"`
	Place       int64    `json:"place"`
	Spared      []string `json:"spared,omitempty"` // ids of objects whose patch a user took back
}

// rewrites are the sources, in the order in which an object that arrives is given their patches.
var rewrites = []string{fromNamespace, fromRegistry, fromSize}

// writer writes patches of a rewrite.
type writer func(text string) (body string, ok bool, err error)

// writer writes those of a source. scoped is asked about kinds that are not built in; nil takes them for namespaced, as every object
// is that has such a patch.
func (d *Domain) writer(source, to string, scoped func(apiVersion, kind string) bool) writer {
	return func(text string) (string, bool, error) {
		switch source {
		case fromNamespace:
			return materialize.NamespacePatch(text, materialize.Move{From: d.cfg.Namespace, To: to, ClusterScoped: scoped})
		case fromRegistry:
			return materialize.RegistryPatch(text, to)
		default:
			return materialize.SizePatch(text, to)
		}
	}
}

// told is what the rewrite was told that a patch comes from; "" of patches of users. Earlier builds kept it in the patch's text alone,
// and that of a size in its description.
func (st *state) told(p *patch) (string, error) {
	if p.To != "" || p.Source == fromUser {
		return p.To, nil
	}
	if p.Source == fromSize {
		size, _ := strings.CutPrefix(p.Description, sizeDescription)
		return size, nil
	}
	text, err := st.textOf(p)
	if err != nil {
		return "", err
	}
	if p.Source == fromNamespace {
		return materialize.NamespaceOf(text), nil
	}
	return materialize.RegistryOf(text), nil
}

// place is where a patch applies: after those of a lower place.
func (p *patch) place() int64 {
	if p.Place != 0 {
		return p.Place
	}
	return p.Version
}

// readRewrites finds what is in force. What an earlier build left shows in its patches.
func (st *state) readRewrites(tx *store.Tx) error {
	st.rewrites = map[string]*inForce{}
	s, err := store.Settings.Get(tx, settingRewrites)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return st.inferRewrites()
	case err != nil:
		return err
	}
	if err := json.Unmarshal([]byte(s.Value), &st.rewrites); err != nil {
		return fmt.Errorf("setting %s: %w", settingRewrites, err)
	}
	for _, r := range st.rewrites {
		st.highest = max(st.highest, r.Place)
	}
	return nil
}

// inferRewrites takes the patches that are there for those of the last rewrites, and what users have deleted of them for spared.
func (st *state) inferRewrites() error {
	last := map[string]*patch{}
	for _, p := range st.patches {
		if p.Source != fromUser && p.Deleted.IsZero() {
			last[p.Source] = p
		}
	}
	for source, p := range last {
		to, err := st.told(p)
		if err != nil {
			return err
		}
		if to == "" {
			continue
		}
		r := &inForce{To: to, Description: p.Description, Place: p.Version}
		for _, other := range st.patches {
			if other.Source == source && !other.Deleted.IsZero() && other.Created.Equal(p.Created) { // made by the same rewrite
				r.Spared = append(r.Spared, other.Target)
			}
		}
		st.rewrites[source] = r
	}
	return nil
}

// enforce puts a rewrite in force in the place of the one before.
func (st *state) enforce(e *edit, source string, r *inForce) {
	st.rewrites[source] = r
	st.noteRewrites(e)
}

// noteRewrites writes down what is in force when the change is committed.
func (st *state) noteRewrites(e *edit) {
	e.write(func(tx *store.Tx, _ *store.Operation) error {
		text, err := json.Marshal(st.rewrites)
		if err != nil {
			return err
		}
		return store.Settings.Put(tx, &store.Setting{Name: settingRewrites, Value: string(text)})
	})
}

// spare has a rewrite leave an object alone, until the next one of its source.
func (st *state) spare(e *edit, p *patch) {
	r := st.rewrites[p.Source]
	if r == nil || slices.Contains(r.Spared, p.Target) {
		return
	}
	r.Spared = append(r.Spared, p.Target)
	st.noteRewrites(e)
}

// follow gives what is in force to the objects of a change that have no patch of it yet: those that have just come, and those for which
// there was nothing to do before. What was gone back to stays as it was then.
func (s *Service) follow(ctx context.Context, by Who, st *state, e *edit) error {
	if len(st.rewrites) == 0 {
		return nil
	}
	ruled := map[string]bool{}
	for _, p := range st.patches {
		if p.Deleted.IsZero() && p.Source != fromUser {
			ruled[p.Source+" "+p.Target] = true
		}
	}
	scoped := s.scopes(ctx)
	for _, id := range slices.Sorted(maps.Keys(e.touched)) {
		if st.objects[id].rec.Pin != nil {
			continue
		}
		for _, source := range rewrites {
			r := st.rewrites[source]
			if r == nil || ruled[source+" "+id] || slices.Contains(r.Spared, id) {
				continue
			}
			version, err := st.lay(e, by, id, source, scoped)
			if err != nil {
				return err
			}
			if version != 0 {
				st.noteRewrites(e) // what was inferred does not show in the patches any more
			}
		}
	}
	return nil
}

// lay makes an object's patch of what is in force of a source; 0 if there is nothing to do.
func (st *state) lay(e *edit, by Who, id, source string, scoped func(apiVersion, kind string) bool) (int64, error) {
	o, r := st.objects[id], st.rewrites[source]
	m, err := st.compose(o, func(p *patch) bool { return p.place() < r.Place })
	if errors.Is(err, errNoBase) {
		return 0, nil
	}
	if err != nil {
		return 0, st.refusal(id, err)
	}
	body, ok, err := st.d.writer(source, r.To, scoped)(m.text)
	if err != nil {
		return 0, st.refusal(id, err)
	}
	if !ok {
		return 0, nil
	}
	rec := store.ConfigPatch{Target: id, Kind: o.rec.Kind, Format: formatOf(body), Description: r.Description, Source: source, To: r.To, Place: r.Place}
	return st.keep(e, by, rec, body)
}

// formatOf is the format of a patch that a writer wrote.
func formatOf(body string) string {
	if all, err := materialize.ParsePatches("", body); err == nil && len(all) == 1 {
		return all[0].Format
	}
	return materialize.YAML
}

// bodyOf is a patch as it is: what was given, or what a rewrite writes for its object by now.
func (st *state) bodyOf(p *patch) (body, format string, err error) {
	stored, err := st.textOf(p)
	if err != nil {
		return "", "", err
	}
	to, err := st.told(p)
	o := st.objects[p.Target]
	if err != nil || to == "" || o == nil {
		return stored, p.Format, err
	}
	ok := false
	m, err := st.compose(o, func(other *patch) bool { return other.place() < p.place() })
	if err == nil {
		body, ok, err = st.d.writer(p.Source, to, nil)(m.text)
	}
	var fault *materialize.Error
	switch {
	case errors.Is(err, errNoBase), errors.As(err, &fault): // nobody need be kept from reading for that
		return stored, p.Format, nil
	case err == nil && !ok:
		body = "# target: " + p.Target + "\nkind: " + o.rec.Kind + "\n"
	}
	return body, formatOf(body), err
}
