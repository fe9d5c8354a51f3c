package deploymanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

func (a *API) settings(r *http.Request) (rest.Response, error) {
	all, err := a.service.Settings(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(map[string]any{"settings": object(all)}), nil
}

func (a *API) updateSettings(r *http.Request) (rest.Response, error) {
	body, err := rest.ReadBody(r)
	if err != nil {
		return rest.Response{}, err
	}
	f := &form{query: r.URL.Query()}
	f.never()
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	all, err := parseSettings(body)
	if err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.UpdateSettings(r.Context(), who(r), all)
	return a.pushed(r, c, err, false, sayUpdatedConfigs)
}

// sayUpdatedConfigs has its lists without the envelope.
func sayUpdatedConfigs(c configs.Change, o configs.Outcome) rest.Response {
	out := map[string]any{"updatedConfigs": listsOf(c, o)}
	if broke(o) {
		out["error"] = reasonOf(o)
		return rest.JSON(http.StatusInternalServerError, out)
	}
	return bare(out)
}

// parseSettings reads the settings as they were shown, envelope and all, or what is inside of it, or the bare object.
func parseSettings(body []byte) (map[string]string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte(byteOrderMark)), &fields); err != nil {
		return nil, &rest.BodyError{Err: err}
	}
	if fields == nil {
		return nil, &rest.BodyError{Err: errors.New("is no JSON object")}
	}
	for _, wrapper := range []string{"data", "settings"} {
		if inner, is := asObject(fields[wrapper]); is {
			fields = inner
		}
	}
	all := make(map[string]string, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value, err := setting(fields[name])
		if err != nil {
			return nil, fmt.Errorf("%w: settings: %.80s: %w", configs.ErrInvalid, name, err)
		}
		all[name] = value
	}
	return all, nil
}

func asObject(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &fields) != nil || fields == nil {
		return nil, false
	}
	return fields, true
}

var errNoText = errors.New("is neither a text nor true nor false nor a number")

// setting is a text; what else JSON has for single values stands as it is written.
func setting(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" || raw[0] == '{' || raw[0] == '[' {
		return "", errNoText
	}
	return text(raw)[0], nil
}
