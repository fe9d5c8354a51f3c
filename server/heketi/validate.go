package heketi

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The words that clients match on.
const (
	isBlank  = "cannot be blank"
	isFormat = "must be in a valid format"
	isValue  = "must be a valid value"
	isSmall  = "must be no less than 1"
)

var (
	namePattern   = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,254}$`)
	devicePattern = regexp.MustCompile(`^/[a-zA-Z0-9_.:/-]+$`)
	tagPattern    = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	uuidPattern   = regexp.MustCompile(`^[a-fA-F0-9]{32}$`)
	hostPattern   = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62}(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*\.?$`)
)

// checks gathers what is wrong with the fields of one body.
type checks map[string]string

// note keeps a field's first fault; no text is no fault.
func (c checks) note(field, text string) {
	if _, had := c[field]; !had && text != "" {
		c[field] = text
	}
}

// sorted is every fault by field, as clients know the list.
func (c checks) sorted() string {
	fields := make([]string, 0, len(c))
	for f := range c {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	for i, f := range fields {
		fields[i] = f + ": " + c[f]
	}
	return strings.Join(fields, "; ") + "."
}

// nested is the faults of an object inside the body, as the fault of its field.
func (c checks) nested() string {
	if len(c) == 0 {
		return ""
	}
	return "(" + c.sorted() + ")"
}

func (c checks) err() error {
	if len(c) == 0 {
		return nil
	}
	return &invalid{"validation failed: " + c.sorted()}
}

// positive is the fault of a number that must be given and at least 1.
func positive(n int) string {
	switch {
	case n == 0:
		return isBlank
	case n < 1:
		return isSmall
	}
	return ""
}

// optionalName is the fault of a name that need not be given.
func optionalName(name string) string {
	if name != "" && !namePattern.MatchString(name) {
		return isFormat
	}
	return ""
}

func uuid(s string) string {
	switch {
	case s == "":
		return isBlank
	case !uuidPattern.MatchString(s):
		return s + " is not a valid UUID"
	}
	return ""
}

// hosts is the fault of a list of host names or addresses; noun is what the message calls one.
func hosts(all []string, noun string) string {
	if len(all) == 0 {
		return isBlank
	}
	for _, h := range all {
		if !validHost(h) {
			return fmt.Sprintf("%v is not a valid %s hostname", all, noun)
		}
	}
	return ""
}

func validHost(h string) bool {
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	return len(h) <= 255 && hostPattern.MatchString(h)
}

const (
	maxTags     = 32
	maxTagName  = 32
	maxTagValue = 64
)

// tags is the fault of a set of tags; of several, that of the first name.
func tags(all map[string]string) string {
	if len(all) > maxTags {
		return fmt.Sprintf("too many tags specified (%d), up to %d supported", len(all), maxTags)
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if fault := tag(name, all[name]); fault != "" {
			return fault
		}
	}
	return ""
}

func tag(name, value string) string {
	switch {
	case name == "":
		return "tag names may not be empty"
	case utf8.RuneCountInString(name) > maxTagName:
		return "tag name " + name + ": the length must be between 1 and " + strconv.Itoa(maxTagName)
	case !tagPattern.MatchString(name):
		return "invalid characters in tag name " + name
	case utf8.RuneCountInString(value) > maxTagValue:
		return "value of tag " + name + ": the length must be no more than " + strconv.Itoa(maxTagValue)
	}
	return ""
}

// healCheck says whether the heal state is to be looked at before a brick is given up, or what is wrong with the word.
func healCheck(word string) (check bool, fault string) {
	switch word {
	case "", "enable":
		return true, ""
	case "disable":
		return false, ""
	}
	return true, word + " is not valid heal info check"
}
