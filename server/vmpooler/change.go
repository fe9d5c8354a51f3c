package vmpooler

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// vmChange is PUT /vm/{name}. Nothing is changed unless all of it can be.
func (e edition) vmChange(r *http.Request) (rest.Response, error) {
	v, err := e.running(r)
	if err != nil {
		return rest.Response{}, err
	}
	body, err := e.changeBody(r)
	if err != nil {
		return rest.Response{}, err
	}
	_, lives := body.get("lifetime")
	_, grows := body.get("disk")
	if lives || grows {
		if err := e.needCaller(r); err != nil {
			return rest.Response{}, err
		}
	}
	c, failures := e.judge(body)
	if failures != nil {
		return rest.Response{}, &pools.ChangeError{Failures: failures}
	}
	if err := e.service.Change(r.Context(), who(r), v.Name, c); err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, ok()), nil
}

// changeBody says why a body is broken in the third version only.
func (e edition) changeBody(r *http.Request) (object, error) {
	body, err := e.body(r)
	var broken *syntaxError
	switch {
	case !e.strict && errors.As(err, &broken):
		return nil, &fault{http.StatusBadRequest, notOK()}
	case errors.Is(err, errNull):
		return nil, errNotObject
	}
	return body, err
}

// judge turns a body into a change, or lists all that is wrong with it, in the order of its keys.
func (e edition) judge(body object) (c pools.Change, failures []string) {
	for _, m := range body {
		switch m.key {
		case "lifetime":
			n, wrong := e.lifetime(m.value)
			failures = append(failures, wrong...)
			c.Lifetime = &n
		case "tags":
			tags, wrong := e.tags(m.value)
			failures = append(failures, wrong...)
			c.Tags = tags
		case "disk":
			gb, err := strictInt("Disk size", m.value, mostDisk)
			if err != nil {
				failures = append(failures, reason(err))
			}
			c.Disk = gb
		default:
			failures = append(failures, "Unknown argument "+toS(m.value)+".")
		}
	}
	return c, failures
}

// reason is the text of a badRequest.
func reason(err error) string {
	var f *fault
	if errors.As(err, &f) {
		if text, ok := f.body.get("error"); ok {
			return toS(text)
		}
	}
	return err.Error()
}

// longest is the number of hours from which on a lifetime would be no time any more.
const longest = 100 * 365 * 24

// lifetime is in hours since the machine was checked out.
func (e edition) lifetime(v any) (hours int, failures []string) {
	hours, isNumber := toI(v)
	most := e.cfg.LifetimeMost
	switch {
	case most > 0 && hours >= most:
		failures = append(failures, "You provided a lifetime ("+toS(v)+") that exceeds the configured maximum of "+strconv.Itoa(most)+".")
	case hours >= longest:
		failures = append(failures, "You provided a lifetime ("+toS(v)+") that exceeds the possible maximum of "+strconv.Itoa(longest)+".")
	}
	if isNumber && hours > 0 {
		return hours, failures
	}
	if e.strict {
		return 0, append(failures, "Lifetime must be a positive integer (got "+toS(v)+")")
	}
	return 0, append(failures, "You provided a lifetime ("+toS(v)+") but you must provide a positive number.")
}

// tags are judged all at once: one that is not allowed refuses them all.
func (e edition) tags(v any) (tags map[string]string, failures []string) {
	o, isHash := v.(object)
	if !isHash {
		return nil, []string{"You provided tags (" + toS(v) + ") as something other than a hash."}
	}
	if e.cfg.AllowedTags != nil && slices.ContainsFunc(o, func(m member) bool { return !slices.Contains(e.cfg.AllowedTags, m.key) }) {
		failures = append(failures, "You provided unsuppored tags ("+inspect(o)+").")
	}
	tags = make(map[string]string, len(o))
	for _, m := range o {
		text, isText := m.value.(string)
		switch {
		case m.value == nil:
		case !isText:
			failures = append(failures, "You provided a tag ("+m.key+") whose value is not a string.")
		case !e.strict && (len(m.key) > roomTagKey || len(text) > roomTagValue):
			failures = append(failures, fmt.Sprintf("You provided a tag (%.40s) that is too long.", m.key))
		default:
			tags[m.key] = text
		}
		if e.strict {
			failures = append(failures, tagFailures(m.key, text)...)
		}
	}
	return tags, failures
}
