package vmpooler

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// experimental begins every change of a pool: it must be switched on, and somebody must be known to ask.
func (e edition) experimental(r *http.Request) error {
	if !e.cfg.Experimental {
		return errOff
	}
	return e.needCaller(r)
}

// poolValues reads {"pool": value, ..} and lists under key the pools that are not there, or whose value is not right.
func (e edition) poolValues(r *http.Request, key string, counter string, right func(any) bool) (object, error) {
	if err := e.experimental(r); err != nil {
		return nil, err
	}
	body, err := e.messagedBody(r)
	if errors.Is(err, errNull) {
		e.metrics.inc(counter, noPool)
	}
	if err != nil {
		return nil, err
	}
	var bad []string
	for _, m := range body {
		known := e.service.Has(m.key)
		if known && right(m.value) {
			continue
		}
		bad = append(bad, m.key)
		if known {
			e.metrics.inc(counter, m.key)
		} else {
			e.metrics.inc(counter, noPool)
		}
	}
	if bad != nil {
		return nil, named(http.StatusBadRequest, key, bad)
	}
	return body, nil
}

// messagedBody is body for the routes that say under "message" that it is broken.
func (e edition) messagedBody(r *http.Request) (object, error) {
	e.strict = false // they never had the bounds of the third version
	body, err := e.body(r)
	if as[*syntaxError](err) {
		return nil, message(http.StatusBadRequest, "JSON payload could not be parsed")
	}
	return body, err
}

// created says whether anything was changed.
func created(changed bool, o object) rest.Response {
	if changed {
		return reply(http.StatusCreated, o)
	}
	return reply(http.StatusOK, o)
}

// mostSize bounds what a pool may be resized to.
const mostSize = 100_000

// poolSize reads a size that came as a whole number or as its digits.
func poolSize(v any) (int, bool) {
	var n int
	switch v := v.(type) {
	case string:
		var err error
		if n, err = strconv.Atoi(strings.TrimSpace(v)); err != nil {
			return 0, false
		}
	case json.Number:
		n, _ = toI(v)
	default:
		return 0, false
	}
	return n, n >= 0 && n <= mostSize
}

// setSizes is POST /config/poolsize.
func (e edition) setSizes(r *http.Request) (rest.Response, error) {
	body, err := e.poolValues(r, "not_configured", configInvalid, func(v any) bool { _, right := poolSize(v); return right })
	if err != nil {
		return rest.Response{}, err
	}
	sizes := make(map[string]int, len(body))
	for _, m := range body {
		sizes[m.key], _ = poolSize(m.value)
	}
	changed, err := e.service.Resize(r.Context(), sizes)
	return created(changed, ok()), err
}

// setTemplates is POST /config/pooltemplate.
func (e edition) setTemplates(r *http.Request) (rest.Response, error) {
	return e.setTexts(r, isTemplate, e.service.Retemplate)
}

// setTargets is POST /config/clonetarget.
func (e edition) setTargets(r *http.Request) (rest.Response, error) {
	return e.setTexts(r, isText, e.service.Retarget)
}

func (e edition) setTexts(r *http.Request, right func(any) bool, set func(context.Context, map[string]string) (bool, error)) (rest.Response, error) {
	body, err := e.poolValues(r, "bad_templates", configInvalid, right)
	if err != nil {
		return rest.Response{}, err
	}
	values := make(map[string]string, len(body))
	for _, m := range body {
		values[m.key], _ = m.value.(string)
	}
	changed, err := set(r.Context(), values)
	return created(changed, ok()), err
}

func isText(v any) bool {
	s, is := v.(string)
	return is && s != ""
}

// isTemplate wants a folder and a name.
func isTemplate(v any) bool {
	s, _ := v.(string)
	return strings.Contains(s, "/") && !strings.HasPrefix(s, "/") && !strings.HasSuffix(s, "/")
}

// resetPools is POST /poolreset. The values mean nothing.
func (e edition) resetPools(r *http.Request) (rest.Response, error) {
	body, err := e.poolValues(r, "bad_pools", resetInvalid, func(any) bool { return true })
	if err != nil {
		return rest.Response{}, err
	}
	names := make([]string, len(body))
	for i, m := range body {
		names[i] = m.key
	}
	slices.Sort(names)
	if err := e.service.ResetPools(r.Context(), names); err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusCreated, ok()), nil
}

// undoSize is DELETE /config/poolsize/{pool}.
func (e edition) undoSize(r *http.Request) (rest.Response, error) {
	undone, err := e.undo(r, e.service.UndoSize)
	if err != nil {
		return rest.Response{}, err
	}
	before, _ := strconv.Atoi(undone.Before)
	after, _ := strconv.Atoi(undone.After)
	return created(undone.Changed, ok(member{"pool_size_before_reset", before}, member{"pool_size_before_overrides", after})), nil
}

// undoTemplate is DELETE /config/pooltemplate/{pool}.
func (e edition) undoTemplate(r *http.Request) (rest.Response, error) {
	undone, err := e.undo(r, e.service.UndoTemplate)
	if err != nil {
		return rest.Response{}, err
	}
	return created(undone.Changed, ok(member{"template_before_reset", undone.Before}, member{"template_before_overrides", undone.After})), nil
}

// undoTarget is DELETE /config/clonetarget/{pool}.
func (e edition) undoTarget(r *http.Request) (rest.Response, error) {
	undone, err := e.undo(r, e.service.UndoTarget)
	if err != nil {
		return rest.Response{}, err
	}
	return created(undone.Changed, ok(member{"clone_target_before_reset", undone.Before}, member{"clone_target_before_overrides", undone.After})), nil
}

func (e edition) undo(r *http.Request, undo func(context.Context, string) (pools.Reset, error)) (pools.Reset, error) {
	if err := e.experimental(r); err != nil {
		return pools.Reset{}, err
	}
	pool := rest.Var(r, "pool")
	if !e.service.Has(pool) {
		e.metrics.inc(configInvalid, noPool)
		return pools.Reset{}, errNotThere
	}
	return undo(r.Context(), pool)
}
