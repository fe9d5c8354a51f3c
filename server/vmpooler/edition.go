package vmpooler

import (
	"regexp"
	"strings"

	"yardmaster/store"
)

// edition is one version of the API. All have the same handlers, and differ in how a machine is named and in how strictly input
// is judged.
type edition struct {
	*API
	base   string // of its paths; "" is the API from before there were versions, which is the first one
	fqdn   bool   // names of machines carry their domain, which else stands beside them
	strict bool   // names, counts and bodies are judged by their form
}

func (a *API) editions() []edition {
	return []edition{
		{API: a, base: "/api/v1"},
		{API: a, base: "/api/v2", fqdn: true},
		{API: a, base: "/api/v3", fqdn: true, strict: true},
	}
}

func (a *API) unversioned() edition { return edition{API: a} }

// hostname is what a client is told to connect to.
func (e edition) hostname(v *store.VM) string {
	if e.fqdn {
		return e.qualified(v)
	}
	return v.Name
}

func (e edition) qualified(v *store.VM) string {
	if d := e.domainOf(v); d != "" {
		return v.Name + "." + d
	}
	return v.Name
}

func (a *API) domainOf(v *store.VM) string {
	if v.Domain != "" {
		return v.Domain
	}
	return a.domain
}

// withDomain ends an answer of the first version with the one domain that it has a place for: that of the first machine.
func (e edition) withDomain(o object, vms []store.VM) object {
	if e.fqdn {
		return o
	}
	domain := e.domain
	if len(vms) > 0 {
		domain = e.domainOf(&vms[0])
	}
	if domain != "" {
		o.set("domain", domain)
	}
	return o
}

const mostHostname = 253

var hostnameForm = regexp.MustCompile(`(?i)^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// machine is the short name that a path means, which may be given with its domain.
func (e edition) machine(name string) (string, error) {
	switch {
	case !e.strict:
	case len(name) > mostHostname:
		return "", badRequest("Hostname too long")
	case !hostnameForm.MatchString(name):
		return "", badRequest("Invalid hostname format")
	}
	short, _, _ := strings.Cut(strings.TrimLeft(name, "."), ".")
	return short, nil
}
