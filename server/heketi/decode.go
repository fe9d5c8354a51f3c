package heketi

import (
	"errors"
	"net/http"

	"yardmaster/server/rest"
)

// body is what a POST carries: it judges its own form.
type body interface{ check() error }

// decode reads the JSON that a route needs and judges it.
func decode(r *http.Request, into body) error {
	if err := rest.Decode(r, into); err != nil {
		return err
	}
	return into.check()
}

// decodeOptional is decode for routes whose body may be left out.
func decodeOptional(r *http.Request, into body) error {
	if r.ContentLength <= 0 {
		return nil
	}
	return decode(r, into)
}

// decodeAdmin is decode for the two routes that tell what is wrong with the JSON.
func decodeAdmin(r *http.Request, into any) error {
	err := rest.Decode(r, into)
	var broken *rest.BodyError
	if errors.As(err, &broken) {
		return &invalid{"request unable to be parsed: " + broken.Err.Error()}
	}
	return err
}
