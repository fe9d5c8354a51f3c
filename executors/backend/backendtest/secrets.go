package backendtest

import (
	"context"
	"strings"

	"yardmaster/executors/backend"
)

// discreet requires that an error, if there is one, tells no secret.
func (s *site) discreet(err error) {
	s.Helper()
	if err == nil {
		return
	}
	for _, secret := range s.Secrets {
		if strings.Contains(err.Error(), secret) {
			s.Errorf("an error tells a secret of %d bytes", len(secret))
		}
	}
}

// forbidden makes calls that the server refuses to this user.
func (s *site) forbidden(calls map[string]func(context.Context) error) {
	s.Helper()
	for _, call := range calls {
		s.is(call(s.ctx()), backend.ErrForbidden)
	}
}
