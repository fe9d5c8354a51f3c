package lifecycle

import (
	"fmt"
	"strconv"
	"time"
)

// ImageExists is an audit record of an image, to be verified.
type ImageExists struct {
	UUID    string
	Created time.Time
	Deleted time.Time // zero: it was there
	End     time.Time // of the audit period
	Owner   string
	Size    int64
}

// ImageUsage is an image that was activated.
type ImageUsage struct {
	Created time.Time
	Owner   string
	Size    int64
}

// KnownImage is what is known of an image when an audit record of it is verified.
type KnownImage struct {
	Usage   *ImageUsage // nil if it was never seen
	Delete  *time.Time  // that the record belongs to; nil if it was not there when the record came
	Deletes []time.Time // all of the image; needed without a Delete
}

// VerifyImage is Verify for an image.
func (r Rules) VerifyImage(x ImageExists, k KnownImage) (ok bool, reason string) {
	for _, check := range []func() string{
		func() string { return r.validImage(x) },
		func() string { return activated(x, k.Usage) },
		func() string { return imageDeleted(x, k) },
	} {
		if reason := check(); reason != "" {
			return false, reason
		}
	}
	return true, ""
}

func (r Rules) validImage(x ImageExists) string {
	if r.Level != LevelBasic && r.Level != LevelAll {
		return ""
	}
	return firstFault([]form{{"uuid", x.UUID, uuid, "a UUID"}, {"owner", x.Owner, hexID, "32 hexadecimal digits"}})
}

func activated(x ImageExists, u *ImageUsage) string {
	switch {
	case u == nil:
		return "no activation of image " + x.UUID + " is known"
	case !sameSecond(u.Created, x.Created):
		return differs("created_at", stamp(x.Created), stamp(u.Created))
	}
	return firstDifference(
		pair{"owner", x.Owner, u.Owner},
		pair{"size", strconv.FormatInt(x.Size, 10), strconv.FormatInt(u.Size, 10)})
}

func imageDeleted(x ImageExists, k KnownImage) string {
	d := k.Delete
	if d == nil {
		var found []time.Time
		for _, t := range k.Deletes {
			if !x.Deleted.IsZero() || !t.IsZero() && !t.After(x.End) {
				found = append(found, t)
			}
		}
		switch {
		case x.Deleted.IsZero() && len(found) > 0:
			return "image " + x.UUID + " was deleted at " + stamp(found[0]) + ", which the record does not say"
		case x.Deleted.IsZero():
			return ""
		case len(found) == 0:
			return "no delete of image " + x.UUID + " is known"
		case len(found) > 1:
			return fmt.Sprintf("%d deletes of image %s are known", len(found), x.UUID)
		}
		d = &found[0]
	}
	if !sameSecond(*d, x.Deleted) {
		return differs("deleted_at", stamp(x.Deleted), stamp(*d))
	}
	return ""
}
