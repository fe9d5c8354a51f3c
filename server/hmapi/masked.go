package hmapi

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"yardmaster/auth"
	"yardmaster/jobs/instances"
)

// mask stands for a key.
const mask = "***"

// mayKnow says whether the caller may see keys, and the values of variables.
func mayKnow(r *http.Request) bool { return auth.From(r.Context()).Role == auth.RoleAdmin }

// shown is an instance as this caller may see it: whoever may only read learns how many keys there are and what each may do, and which
// variables are set, but no key and no value, since passwords are given to components that way.
func shown(r *http.Request, i instances.Instance) instances.Instance {
	if mayKnow(r) {
		return i
	}
	if i.AdminKey != "" {
		i.AdminKey = mask
	}
	i.TSDBAuth = withoutKeys(i.TSDBAuth)
	i.Overrides, i.OverridesA, i.OverridesB = maps.Clone(i.Overrides), maps.Clone(i.OverridesA), maps.Clone(i.OverridesB)
	for _, all := range list(i.Overrides, i.OverridesA, i.OverridesB) {
		for component, o := range all {
			o.Env = withoutValues(o.Env)
			all[component] = o
		}
	}
	return i
}

func list[E any](all ...E) []E { return all }

// withoutValues keeps the names.
func withoutValues(env map[string]string) map[string]string {
	out := maps.Clone(env)
	for name := range out {
		out[name] = mask
	}
	return out
}

// withoutKeys numbers what was under the keys, in the keys' order. None stays none.
func withoutKeys[V any](of map[string]V) map[string]V {
	if of == nil {
		return nil
	}
	out := make(map[string]V, len(of))
	for n, key := range slices.Sorted(maps.Keys(of)) {
		out[fmt.Sprintf("%s%d", mask, n+1)] = of[key]
	}
	return out
}
