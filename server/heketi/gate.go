package heketi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"yardmaster/auth"
)

// The ways in which the gate turns a known caller away.
var (
	//lint:ignore ST1005 clients match on it
	errAdminOnly = errors.New("Administrator access required")
	//lint:ignore ST1005 clients match on it
	errMaintenance = errors.New("Service disabled for maintenance")
)

// userPaths are all that the user key opens: the list, and by id what its holder created. The handlers see to the ownership.
var userPaths = regexp.MustCompile(`^/(hello|volumes(/[A-Fa-f0-9]+(/expand|/clone)?)?|queue/[A-Fa-f0-9]+)$`)

// gate judges a caller before any route is looked at, so that the user key cannot even map the paths.
func (a *API) gate(r *http.Request, p auth.Principal) error {
	if p.Issuer == auth.IssuerHeketiUser && !userPaths.MatchString(r.URL.Path) {
		return errAdminOnly
	}
	return a.state.admit(r)
}

// mayChange lets administrators change everything and others what they created.
func mayChange(r *http.Request, owner string) error {
	p := auth.From(r.Context())
	if auth.Admin.Allows(p) || p.Name == owner && !p.Anonymous {
		return nil
	}
	return errAdminOnly
}

// mayRead is mayChange for the user key; who has a role of the server's own may read everything.
func mayRead(r *http.Request, owner string) error {
	if auth.From(r.Context()).Issuer != auth.IssuerHeketiUser {
		return nil
	}
	return mayChange(r, owner)
}

// The states that an administrator can put the whole dialect into.
const (
	stateNormal      = "normal"
	stateReadOnly    = "read-only"
	stateLocalClient = "local-client"
)

var adminStates = []string{stateNormal, stateReadOnly, stateLocalClient}

// adminState is which requests are served now. It lives as long as the process.
type adminState struct{ now atomic.Value }

func newAdminState(name string) (*adminState, error) {
	if name == "" {
		name = stateNormal
	}
	if !slices.Contains(adminStates, name) {
		return nil, fmt.Errorf("admin state %q is not one of %s", name, strings.Join(adminStates, ", "))
	}
	s := new(adminState)
	s.set(name)
	return s, nil
}

func (s *adminState) set(name string) { s.now.Store(name) }
func (s *adminState) get() string     { return s.now.Load().(string) }

// admit refuses changes while the state says so. The way out, POST /admin, stays open to those who may take it.
func (s *adminState) admit(r *http.Request) error {
	if !changes(r) || r.URL.Path == adminPath {
		return nil
	}
	switch s.get() {
	case stateReadOnly:
		return errMaintenance
	case stateLocalClient:
		if !local(r.RemoteAddr) {
			return errMaintenance
		}
	}
	return nil
}

// changes tells reads from the rest; asking a device for a resync is a GET that is none.
func changes(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return strings.HasSuffix(r.URL.Path, "/resync")
	}
	return true
}

func local(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
