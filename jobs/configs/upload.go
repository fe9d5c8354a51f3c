package configs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"yardmaster/jobs/configs/bundle"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// The bounds of what one upload may bring, in all of its files. A release of 300 objects has a megabyte.
const (
	mostFiles     = 5000
	longestFile   = 16 << 20
	longestUpload = 32 << 20
	longestNormal = 64 << 20 // in normal form, which indents
)

// reserved are names that the API has taken for itself.
var reserved = []string{"versions", "history", "image", "upload", "search", "namespace", "registry", "apply", "previous", "k8s-inconsistencies", "rollback", "prune"}

// ReadFiles takes the archives and single texts of one upload apart. Errors: ErrInvalid.
func ReadFiles(files []File) ([]File, error) {
	r := bundle.NewReader(bundle.Limits{Files: mostFiles, FileBytes: longestFile, TotalBytes: longestUpload})
	var out []File
	for _, f := range files {
		found, _, err := r.Read(f.Name, f.Text)
		if err != nil {
			return nil, fmt.Errorf("%w: file: %w", ErrInvalid, err)
		}
		for _, one := range found {
			out = append(out, File{one.Name, one.Text})
		}
	}
	return out, nil
}

// Upload takes a release's base configs. Errors: ErrInvalid, ErrConflict.
func (s *Service) Upload(ctx context.Context, by Who, u Upload) (Change, error) {
	if !releaseForm.MatchString(u.Release) {
		return Change{}, fmt.Errorf("%w: release_version %q: letters, digits and . _ + - are allowed, up to 128, beginning with a letter or digit", ErrInvalid, u.Release)
	}
	docs, err := s.documents(u.Files)
	if err != nil {
		return Change{}, err
	}
	return s.change(ctx, by, kindUpload, u.Dry, func(st *state, e *edit) error {
		for _, doc := range docs {
			if err := st.takeBase(e, by, doc, u.Release); err != nil {
				return err
			}
		}
		e.write(func(tx *store.Tx, _ *store.Operation) error { return noteUpgrade(tx, u.Release, by.User) })
		return nil
	})
}

// documents reads base configs; placeholders whose values may change later stay in.
func (s *Service) documents(files []File) ([]materialize.Document, error) {
	values := maps.Clone(s.cfg.Values)
	if values == nil {
		values = map[string]string{}
	}
	for _, name := range lateNames() {
		values[name] = "${" + name + "}"
	}
	var docs []materialize.Document
	var faults []error
	normal := 0
	for _, f := range files {
		found, err := materialize.Documents(f.Name, string(f.Text), materialize.Options{Values: values, Reserved: reserved})
		if err != nil {
			faults = append(faults, err)
		}
		for _, doc := range found {
			if normal += len(doc.Text); normal > longestNormal {
				return nil, fmt.Errorf("%w: base_config: all objects together have more than %d bytes", ErrInvalid, longestNormal)
			}
		}
		docs = append(docs, found...)
	}
	if faults != nil {
		return nil, fmt.Errorf("%w: base_config: %w", ErrInvalid, errors.Join(faults[:min(len(faults), mostFaults)]...))
	}
	if len(docs) == 0 {
		return nil, fmt.Errorf("%w: base_config: there is no object in it", ErrInvalid)
	}
	return docs, unique(docs)
}

// unique refuses an upload that has an object twice.
func unique(docs []materialize.Document) error {
	seen := map[string]materialize.Document{}
	for _, doc := range docs {
		if was, twice := seen[doc.ID()]; twice {
			return fmt.Errorf("%w: base_config: %s is there twice: %s, line %d, and %s, line %d", ErrInvalid, doc.ID(),
				cmp.Or(was.File, "text"), was.Line, cmp.Or(doc.File, "text"), doc.Line)
		}
		seen[doc.ID()] = doc
	}
	return nil
}

// takeBase takes up one object of a release.
func (st *state) takeBase(e *edit, by Who, doc materialize.Document, release string) error {
	id := doc.ID()
	o := st.objects[id]
	if o == nil {
		o = &object{rec: store.ConfigObject{ID: id, Kind: doc.Kind, Name: doc.Name, Created: st.now}, bases: map[string]store.BaseConfig{}}
		st.objects[id] = o
		st.named[doc.Name]++
		rec := o.rec
		e.write(func(tx *store.Tx, _ *store.Operation) error { return store.ConfigObjects.Put(tx, &rec) })
		st.bind(e, store.ConfigBinding{Label: doc.Kind, Object: doc.Name}) // its default label, which may be taken away
	}
	previous := newest(slices.DeleteFunc(slices.Collect(maps.Keys(o.bases)), func(r string) bool { return r == release }))
	if err := st.putBase(e, by, o, release, previous, doc.Text); err != nil {
		return err
	}
	if o.rec.Pin != nil && newest(slices.Collect(maps.Keys(o.bases))) == release {
		o.rec.Pin = nil
		e.write(changeObject(id, func(rec *store.ConfigObject) { rec.Pin = nil }))
	}
	return nil
}

// putBase keeps an object's text of a release. What came before a release stays so when it comes again.
func (st *state) putBase(e *edit, by Who, o *object, release, previous, text string) error {
	body, err := st.d.pack(text)
	if err != nil {
		return err
	}
	if was, again := o.bases[release]; again {
		previous = was.Previous
	}
	b := store.BaseConfig{Object: o.rec.ID, Release: release, Previous: previous, Body: body, Creator: by.User, Created: st.now}
	o.bases[release] = b
	e.write(func(tx *store.Tx, _ *store.Operation) error {
		b.Created = tx.Now()
		return store.PutBaseConfig(tx, &b)
	})
	e.touch(o.rec.ID)
	return nil
}

// bind gives a label to an object.
func (st *state) bind(e *edit, b store.ConfigBinding) {
	if st.bindings[b] {
		return
	}
	st.bindings[b] = true
	e.write(func(tx *store.Tx, _ *store.Operation) error { return store.PutBinding(tx, &b) })
}

// noteUpgrade remembers who brought a release, and when.
func noteUpgrade(tx *store.Tx, release, user string) error {
	u, err := store.ConfigUpgrades.Get(tx, release)
	if errors.Is(err, store.ErrNotFound) {
		u, err = store.ConfigUpgrade{Release: release, Created: tx.Now()}, nil
	}
	if err != nil {
		return err
	}
	if user != "" && !slices.Contains(u.Creators, user) {
		u.Creators = append(u.Creators, user)
	}
	u.Updated = tx.Now()
	return store.ConfigUpgrades.Put(tx, &u)
}
