package stacktach

import (
	"encoding/json"
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// mostTypes bounds what is kept of one tenant.
const mostTypes = 64

// tenantPut is /db/tenant/info/<tenant>/.
func (a *API) tenantPut(r *http.Request) (rest.Response, error) {
	o, err := body(r)
	if err != nil {
		return rest.Response{}, err
	}
	t, err := tenantOf(o)
	if err != nil {
		return rest.Response{}, err
	}
	if asked := rest.Var(r, "tenant"); t.ID != asked {
		return rest.Response{}, bad("Invalid tenant: %s != %s", t.ID, asked)
	}
	return empty(), a.service.PutTenants(r.Context(), []events.Tenant{t})
}

// tenantsPut is /db/tenant/batch_info/. All of it is kept or nothing.
func (a *API) tenantsPut(r *http.Request) (rest.Response, error) {
	o, err := body(r)
	if err != nil {
		return rest.Response{}, err
	}
	raw, err := given(o, "tenants")
	if err != nil {
		return rest.Response{}, err
	}
	var all []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return rest.Response{}, bad("'tenants' must be a list of objects.")
	}
	if len(all) > mostMessages {
		return rest.Response{}, bad("A batch has at most %d tenants.", mostMessages)
	}
	last := make(map[string]int, len(all)) // of two with one id the last one counts
	var tenants []events.Tenant
	for _, o := range all {
		t, err := tenantOf(o)
		if err != nil {
			return rest.Response{}, err
		}
		if i, twice := last[t.ID]; twice {
			tenants[i] = t
			continue
		}
		last[t.ID] = len(tenants)
		tenants = append(tenants, t)
	}
	if len(tenants) == 0 {
		return empty(), nil
	}
	return empty(), a.service.PutTenants(r.Context(), tenants)
}

// tenantOf reads one tenant, of which everything must be told.
func tenantOf(o map[string]json.RawMessage) (events.Tenant, error) {
	id, err := textOf(o, "tenant")
	if err != nil {
		return events.Tenant{}, err
	}
	name, err := textOf(o, "name")
	if err != nil {
		return events.Tenant{}, err
	}
	raw, err := given(o, "types")
	if err != nil {
		return events.Tenant{}, err
	}
	t := events.Tenant{ID: id, Name: name}
	if err := json.Unmarshal(raw, &t.Types); err != nil {
		return events.Tenant{}, bad("'types' must be an object of texts.")
	}
	if id == "" || len(t.Types) > mostTypes {
		return events.Tenant{}, bad("A tenant has an id and at most %d types.", mostTypes)
	}
	for key, value := range t.Types {
		if len(key) > longestID || len(value) > longestID {
			return events.Tenant{}, bad("A type of tenant '%s' is longer than %d bytes.", id, longestID)
		}
	}
	return t, nil
}

// textOf reads a text; ids sometimes come as numbers.
func textOf(o map[string]json.RawMessage, key string) (string, error) {
	raw, err := given(o, key)
	if err != nil {
		return "", err
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		if _, isNumber := pythonInt(string(raw)); !isNumber {
			return "", bad("'%s' must be a text.", key)
		}
		s = string(raw)
	}
	if len(s) > longestID {
		return "", bad("'%s' is longer than %d bytes.", key, longestID)
	}
	return s, nil
}
