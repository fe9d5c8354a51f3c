package report

import (
	"cmp"
	"fmt"
	"slices"
)

// GlanceUsageInput is what GlanceUsage reads.
type GlanceUsageInput struct {
	// Received are the exists records that came in the period; others do no harm.
	Received Stream[Exists]
	// Audited are those whose audit period lies in the period; others do no harm.
	Audited Stream[Exists]
	// Images are all that were created before the end of the period.
	Images Stream[Image]
	// Deletes are all of images deleted before the start of the period.
	Deletes Stream[Deletion]
}

// GlanceUsage audits the usage of images: how far the verification of the period's exists records is, and which images that were
// created in it lack one. Older images are counted, not audited, as in StackTach. It is a table; row 0 has summary.
func GlanceUsage(_ Params, w Period, in GlanceUsageInput) (Report, error) {
	counts := newTally(false)
	rows := []any{}
	var failed []Exists
	err := each(in.Received, func(e Exists) error {
		if w.holds(e.Received) {
			counts.add(&e)
			if e.Status == Failed {
				failed = append(failed, e)
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	slices.SortFunc(failed, func(a, b Exists) int { return cmp.Compare(a.ID, b.ID) })
	for _, e := range failed {
		rows = append(rows, []any{"Exist", e.ID, e.FailReason})
	}
	fresh, old, err := in.images(w)
	if err != nil {
		return Report{}, err
	}
	missing, err := in.missing(w, fresh)
	if err != nil {
		return Report{}, err
	}
	head := metadata{"summary": map[string]any{
		"verifier":      map[string]any{"exists": counts},
		"image_summary": map[string]any{"new_images": len(fresh), "old_images": old, "failures": len(missing)},
	}}
	all := slices.Concat([]any{head, []any{"Object", "ID", "Error Description"}}, rows, missing)
	return newReport(KindGlanceUsage, kinds[KindGlanceUsage].name, w, all), nil
}

// images are those of the period, and how many older ones were still there at its start.
func (in *GlanceUsageInput) images(w Period) (fresh []Image, old int, err error) {
	older := map[string]bool{}
	err = each(in.Images, func(i Image) error {
		switch {
		case i.Created.IsZero():
		case w.holds(i.Created):
			fresh = append(fresh, i)
		case i.Created.Before(w.Start):
			older[i.UUID] = true
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	err = each(in.Deletes, func(d Deletion) error {
		if !d.Deleted.IsZero() && d.Deleted.Before(w.Start) {
			delete(older, d.Subject)
		}
		return nil
	})
	return fresh, len(older), err
}

func (in *GlanceUsageInput) missing(w Period, images []Image) ([]any, error) {
	there := map[string]bool{}
	err := each(in.Audited, func(e Exists) error {
		if e.audited(w) {
			there[e.Subject] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(images, func(a, b Image) int { return cmp.Or(cmp.Compare(a.UUID, b.UUID), cmp.Compare(a.ID, b.ID)) })
	rows := []any{}
	for i, image := range images {
		if there[image.UUID] || i > 0 && images[i-1].UUID == image.UUID {
			continue
		}
		rows = append(rows, []any{"Usage", image.ID, fmt.Sprintf("No exists for usage (%s)", image.UUID)})
	}
	return rows, nil
}
