package placement

import "regexp"

// arbiterTag marks what a device may hold in volumes with arbiters.
const (
	arbiterTag      = "arbiter"
	arbiterRequired = "required" // arbiters only
	arbiterDisabled = "disabled" // no arbiters
)

// TagRule lets only those devices take bricks whose tag Key is (Not: is not)
// Value. A tag that is not set has the empty value.
type TagRule struct {
	Key, Value string
	Not        bool
}

// tagRulePattern has a range from dot to underscore, so that the comparison
// signs are letters of a key too and the hyphen is none: clients rely on it.
var tagRulePattern = regexp.MustCompile(`^([a-zA-Z0-9.-_]+)(!?=)([a-zA-Z0-9.-_]+)$`)

// ParseTagRules reads "key=value" or "key!=value". The empty text is no rule.
func ParseTagRules(s string) ([]TagRule, error) {
	if s == "" {
		return nil, nil
	}
	m := tagRulePattern.FindStringSubmatch(s)
	if m == nil {
		return nil, wording("Invalid tag match rule: " + s)
	}
	return []TagRule{{Key: m[1], Value: m[3], Not: m[2] == "!="}}, nil
}

// String is the text that ParseTagRules reads.
func (r TagRule) String() string {
	if r.Not {
		return r.Key + "!=" + r.Value
	}
	return r.Key + "=" + r.Value
}

// Matches tells whether a device with these tags may take bricks.
func (r TagRule) Matches(tags map[string]string) bool {
	return (tags[r.Key] == r.Value) != r.Not
}
