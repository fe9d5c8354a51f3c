package hmapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"yardmaster/jobs/instances"
	"yardmaster/server/rest"
)

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", instances.ErrInvalid, field, fmt.Sprintf(format, args...))
}

// orgOf is the organization of the path.
func orgOf(r *http.Request) (int, error) {
	text := rest.Var(r, "org")
	org, err := strconv.Atoi(text)
	if err != nil || org <= 0 || strconv.Itoa(org) != text {
		return 0, invalid("org", "%q is not a number above 0", text)
	}
	return org, nil
}

// target is the instance of the path.
func target(r *http.Request) (org int, name string, err error) {
	org, err = orgOf(r)
	return org, rest.Var(r, "name"), err
}

// readInstance takes JSON whatever the body's type: curl -d says that it is a form.
func readInstance(r *http.Request) (instances.Instance, error) {
	raw, err := rest.ReadBody(r)
	if err != nil {
		return instances.Instance{}, err
	}
	return instances.ParseInstance(raw)
}

// removal is the body of a deletion.
type removal struct {
	Name     string `json:"name"`
	Org      int    `json:"org"`
	KeepData bool   `json:"keepData"`
}

// readRemoval takes nothing that it does not know: a misspelt keepData must not cost the data.
func readRemoval(r *http.Request) (removal, error) {
	raw, err := rest.ReadBody(r)
	if err != nil {
		return removal{}, err
	}
	var d removal
	if err := decode(raw, &d); err != nil {
		return removal{}, err
	}
	var faults []string
	if d.Name == "" {
		faults = append(faults, "name: is required")
	}
	if d.Org <= 0 {
		faults = append(faults, "org: a number above 0 is required")
	}
	if len(faults) > 0 {
		return removal{}, fmt.Errorf("%w: %s", instances.ErrInvalid, strings.Join(faults, "; "))
	}
	return d, nil
}

// decode reads one JSON object of known keys.
func decode(raw []byte, out any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return fieldError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &rest.BodyError{Err: errors.New("something follows the JSON value")}
	}
	return nil
}

// fieldError names the key where the decoder does.
func fieldError(err error) error {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		if mistyped.Field == "" {
			return &rest.BodyError{Err: fmt.Errorf("is a JSON %s and should be an object", mistyped.Value)}
		}
		return invalid(mistyped.Field, "is a %s and should be %s", mistyped.Value, kinds[mistyped.Type.Kind().String()])
	}
	if key, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return invalid(strings.Trim(key, `"`), "is unknown")
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("is empty")
	}
	return &rest.BodyError{Err: err}
}

// kinds are the types of fields in words.
var kinds = map[string]string{"string": "a text", "int": "a whole number", "bool": "true or false"}
