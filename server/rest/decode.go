package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// BodyError is a body that is not the JSON it should be. It is ErrBody, and
// unwraps to encoding/json's own error, which some dialects show.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "request body: " + e.Err.Error() }

// Unwrap gives the decoder's error.
func (e *BodyError) Unwrap() error { return e.Err }

// Is makes every BodyError an ErrBody.
func (e *BodyError) Is(target error) bool { return target == ErrBody }

// Decode reads the whole body, within the route's limit, as one JSON value.
// Unknown fields are ignored; an empty body is broken JSON.
func Decode(r *http.Request, v any) error {
	body, err := ReadBody(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &BodyError{err}
	}
	return nil
}

// ReadBody gives the raw body, within the route's limit.
func ReadBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, tooLarge.Limit)
	case err != nil:
		return nil, &BodyError{err}
	}
	return body, nil
}
