package vmpooler

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"yardmaster/jobs/pools"
)

// wantsOf reads {"pool or alias": count, ..}. A strict edition judges names and counts; for the others a count is what Ruby's to_i
// makes of it, and less than one is none.
func (e edition) wantsOf(o object) ([]pools.Want, error) {
	wants := make([]pools.Want, 0, len(o))
	for _, m := range o {
		if err := e.judgePool(m.key); err != nil {
			return nil, err
		}
		n, err := e.count(m.key, m.value)
		if err != nil {
			return nil, err
		}
		wants = append(wants, pools.Want{Name: m.key, Count: n})
	}
	return wants, nil
}

var poolForm = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

const (
	mostPoolName = 100
	mostStrict   = 100 // machines of one pool in one strict checkout
)

func (e edition) judgePool(name string) error {
	switch {
	case !e.strict:
	case name == "":
		return badRequest("Pool name is required")
	case len(name) > mostPoolName:
		return badRequest("Pool name too long")
	case !poolForm.MatchString(name):
		return badRequest("Invalid pool name format")
	}
	return nil
}

func (e edition) count(pool string, v any) (int, error) {
	if e.strict {
		return strictInt("VM count", v, mostStrict)
	}
	n, ok := toI(v)
	if !ok {
		return 0, badRequest("VM count of " + pool + " must be a valid integer")
	}
	return max(n, 0), nil
}

// strictInt reads a whole number from 1 to most that came as a number or as its digits.
func strictInt(what string, v any, most int) (int, error) {
	var digits string
	switch v := v.(type) {
	case nil:
		return 0, badRequest(what + " is required")
	case string:
		digits = v
	case json.Number:
		digits = v.String()
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, badRequest(what + " must be a valid integer")
	}
	n, err := strconv.Atoi(digits)
	switch {
	case err != nil || n > most:
		return 0, badRequest(what + " must be at most " + strconv.Itoa(most))
	case n < 1:
		return 0, badRequest(what + " must be at least 1")
	}
	return n, nil
}

// wantsIn reads "pool+pool+other", each name as often as it comes. Empty names at the end are none.
func wantsIn(names string) []pools.Want {
	var wants []pools.Want
	at := map[string]int{}
	for name := range strings.SplitSeq(strings.TrimRight(names, "+"), "+") {
		i, again := at[name]
		if !again {
			i = len(wants)
			at[name] = i
			wants = append(wants, pools.Want{Name: name})
		}
		wants[i].Count++
	}
	return wants
}

// unknown lists the names that no pool and no alias has.
func (a *API) unknown(wants []pools.Want) []string {
	var names []string
	for _, w := range wants {
		if !a.service.Known(w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}
