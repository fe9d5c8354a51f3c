package deploymanager

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yardmaster/jobs/configs"
)

// fault tells everything that was wrong with the fields that were asked for; nil if nothing was.
func (f *form) fault() error {
	if len(f.faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", configs.ErrInvalid, strings.Join(f.faults, "; "))
}

func (f *form) wrong(name, why string) { f.faults = append(f.faults, name+": "+why) }

// all are the values of a field, those of the body before those of the query.
func (f *form) all(name string) []string {
	if values, there := f.values[name]; there {
		return values
	}
	return f.query[name]
}

// text may be missing.
func (f *form) text(name string) string {
	values := f.all(name)
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	f.wrong(name, "is given more than once")
	return ""
}

// need may be neither missing nor blank.
func (f *form) need(name string) string {
	value := f.text(name)
	if strings.TrimSpace(value) == "" && len(f.all(name)) < 2 {
		f.wrong(name, "is required")
	}
	return value
}

// needAll wants at least one value, and none that is blank.
func (f *form) needAll(name string) []string {
	values := f.all(name)
	if len(values) == 0 {
		f.wrong(name, "is required")
	}
	for _, v := range values {
		if strings.TrimSpace(v) == "" {
			f.wrong(name, "has an empty value")
			break
		}
	}
	return values
}

// flag is false where it is missing.
func (f *form) flag(name string) bool {
	value := strings.ToLower(strings.TrimSpace(f.text(name)))
	if value == "" {
		return false
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		f.wrong(name, "is neither true nor false")
	}
	return on
}

// needFlag may not be missing.
func (f *form) needFlag(name string) bool {
	f.need(name)
	if len(f.faults) > 0 {
		return false
	}
	return f.flag(name)
}

// number is 0 where it is missing, and never less.
func (f *form) number(name string) int64 {
	value := strings.TrimSpace(f.text(name))
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		f.wrong(name, "is no whole number of 0 or more")
		return 0
	}
	return n
}

// count is a number that an int holds; it is given back as missing where it is, and must be at least least.
func (f *form) count(name string, least, missing int) int {
	if strings.TrimSpace(f.text(name)) == "" {
		return missing
	}
	n, err := strconv.Atoi(strings.TrimSpace(f.text(name)))
	if err != nil || n < least {
		f.wrong(name, fmt.Sprintf("is no whole number of %d or more", least))
		return missing
	}
	return n
}

// timeForms are the ways in which timestamps come; in the second, dots stand where the colons should.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15.04.05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00"}

// time is UTC where it says nothing else; the zero time where it is missing.
func (f *form) time(name string) time.Time {
	value := strings.TrimSpace(f.text(name))
	if value == "" {
		return time.Time{}
	}
	for _, layout := range timeForms {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC()
		}
	}
	f.wrong(name, "is no time such as 2006-01-02T15:04:05.000Z")
	return time.Time{}
}

// dry says that a change is only to be tried.
func (f *form) dry() bool { return f.flag("dry_run") }

// onlyDry reads a form of which nothing is wanted but whether a change is only to be tried.
func onlyDry(r *http.Request) (dry bool, err error) {
	f, err := readForm(r)
	if err != nil {
		return false, err
	}
	return f.dry(), f.fault()
}

// never refuses to try a change that can only be done.
func (f *form) never() {
	if f.dry() {
		f.wrong("dry_run", "this change cannot be tried, only done")
	}
}
