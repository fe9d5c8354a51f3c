package configs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// Image makes a new release of one object with another image, from the one that is in force: an object that was taken back stays
// there. Errors: ErrInvalid, ErrNotFound, ErrConflict.
func (s *Service) Image(ctx context.Context, by Who, i Image) (Change, error) {
	switch {
	case strings.TrimSpace(i.Image) == "" || strings.ContainsAny(i.Image, " \t\r\n"):
		return Change{}, fmt.Errorf("%w: image %q: it must be an image's name without blanks", ErrInvalid, i.Image)
	case !commentForm.MatchString(i.Comment):
		return Change{}, fmt.Errorf("%w: comment %q: 1 to 40 letters, digits, - and _ are allowed", ErrInvalid, i.Comment)
	}
	return s.change(ctx, by, kindImage, i.Dry, func(st *state, e *edit) error {
		o, err := st.find(i.Object)
		if err != nil {
			return err
		}
		current, text, err := st.inUse(o)
		if err != nil {
			return err
		}
		text, err = materialize.SetImage(text, i.Container, i.Image)
		if err != nil {
			return fmt.Errorf("%w: object %s, container %q: %w", ErrInvalid, i.Object, i.Container, err)
		}
		release := current + "-" + i.Comment
		if !releaseForm.MatchString(release) {
			return fmt.Errorf("%w: comment: the release would be called %q, which is too long", ErrInvalid, release)
		}
		if compareReleases(release, current) < 0 {
			return fmt.Errorf("%w: comment %q: release %s would count as older than %s and not take effect", ErrInvalid, i.Comment, release, current)
		}
		if err := st.putBase(e, by, o, release, current, text); err != nil {
			return err
		}
		return st.repin(e, o, release, text)
	})
}

// inUse is the base config that an object is made from, and its release: the newest, or what the object was taken back to.
func (st *state) inUse(o *object) (release, text string, err error) {
	release = newest(slices.Collect(maps.Keys(o.bases)))
	if pin := o.rec.Pin; pin != nil {
		release = pin.Release
		if pin.Body != "" {
			text, err = st.d.unpack(pin.Body)
			return release, text, err
		}
	}
	base, ok := o.bases[release]
	if !ok {
		return "", "", fmt.Errorf("%w: object %q has no base config", ErrNotFound, st.show(o.rec.ID))
	}
	text, err = st.d.unpack(base.Body)
	return release, text, err
}

// repin holds an object that was taken back to another release, or where it is held to a text to that one, with the patches that it has.
func (st *state) repin(e *edit, o *object, release, text string) error {
	if o.rec.Pin == nil {
		return nil
	}
	pin := *o.rec.Pin
	pin.Release = release
	if pin.Body != "" {
		text, err := st.mirrored(&pin, text)
		if err != nil {
			return st.refusal(o.rec.ID, err)
		}
		if pin.Body, err = st.d.pack(text); err != nil {
			return err
		}
	}
	o.rec.Pin = &pin
	e.write(changeObject(o.rec.ID, func(rec *store.ConfigObject) { rec.Pin = &pin }))
	return nil
}

// mirrored is the text that an object is held to with all images from the registry that the patches within it name.
func (st *state) mirrored(pin *store.ConfigPin, text string) (string, error) {
	for _, p := range st.patches {
		if p.Source != fromRegistry || !slices.Contains(pin.Patches, p.Version) {
			continue
		}
		step, err := st.step(p, false)
		if err != nil {
			return "", err
		}
		return materialize.Apply(text, []materialize.Step{step})
	}
	return text, nil
}
