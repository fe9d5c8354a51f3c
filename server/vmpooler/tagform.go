package vmpooler

import "regexp"

// The form of tags that the third version demands.
const (
	mostTagKey   = 50
	mostTagValue = 255
)

// The other versions take what the records can be found by.
const (
	roomTagKey   = 255
	roomTagValue = 4096
)

var (
	tagKeyForm   = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	tagValueForm = regexp.MustCompile(`^[\w\s.@:/-]*$`)
)

// tagFailures says what is wrong with the form of a tag.
func tagFailures(key, value string) (failures []string) {
	switch {
	case key == "":
		failures = append(failures, "Tag key is required")
	case len(key) > mostTagKey:
		failures = append(failures, "Tag key too long")
	case !tagKeyForm.MatchString(key):
		failures = append(failures, "Invalid tag key format")
	}
	switch {
	case len(value) > mostTagValue:
		failures = append(failures, "Tag value too long")
	case !tagValueForm.MatchString(value):
		failures = append(failures, "Tag value contains invalid characters")
	}
	return failures
}
