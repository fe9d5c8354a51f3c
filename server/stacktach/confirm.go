package stacktach

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

const (
	mostMessages = 10_000 // of one batch
	mostRepaired = 5_000  // of one form
	longestID    = 255    // of a message, a tenant
	mostStatus   = 1_000_000
)

// body reads the JSON object that came with PUT or POST.
func body(r *http.Request) (map[string]json.RawMessage, error) {
	if r.Method != http.MethodPut && r.Method != http.MethodPost {
		return nil, bad("Invalid method")
	}
	raw, err := rest.ReadBody(r)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 {
		return nil, bad("Request body required")
	}
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, bad("The request body is no JSON object.")
	}
	return o, nil
}

// given is a key that is there and not null.
func given(o map[string]json.RawMessage, key string) (json.RawMessage, error) {
	if raw, ok := o[key]; ok && string(raw) != "null" {
		return raw, nil
	}
	return nil, bad("'%s' missing from request body", key)
}

// confirm is /db/confirm/usage/exists/<message id>/.
func (a *API) confirm(r *http.Request) (rest.Response, error) {
	o, err := body(r)
	if err != nil {
		return rest.Response{}, err
	}
	raw, err := given(o, "send_status")
	if err != nil {
		return rest.Response{}, err
	}
	status, err := sendStatus(raw)
	if err != nil {
		return rest.Response{}, err
	}
	id := rest.Var(r, "message")
	unknown, several, err := a.service.Confirm(r.Context(), events.Nova, map[string]int{id: status}, nil)
	switch {
	case err != nil:
		return rest.Response{}, err
	case len(unknown) > 0:
		return rest.Response{}, absent("Could not find Exists record with message_id = '%s'", id)
	case len(several) > 0:
		return rest.Response{}, &fault{http.StatusInternalServerError, fmt.Sprintf("Multiple Exists records with message_id = '%s'", id)}
	}
	return empty(), nil
}

// sendStatus reads a status, which may come in quotes.
func sendStatus(raw json.RawMessage) (int, error) {
	s := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		s = quoted
	}
	n, ok := pythonInt(s)
	if !ok || n < -mostStatus || n > mostStatus {
		return 0, bad("A send status is a whole number.")
	}
	return int(n), nil
}

// confirmBatch is /db/confirm/usage/exists/batch/. Messages that nobody knows are passed over.
func (a *API) confirmBatch(r *http.Request) (rest.Response, error) {
	o, err := body(r)
	if err != nil {
		return rest.Response{}, err
	}
	all, err := batches(o)
	if err != nil {
		return rest.Response{}, err
	}
	for _, b := range all {
		unknown, several, err := a.service.Confirm(r.Context(), b.service, b.sent, b.eventIDs)
		if err != nil {
			return rest.Response{}, err
		}
		if len(unknown)+len(several) > 0 {
			a.log.LogAttrs(r.Context(), slog.LevelWarn, "confirmations passed over", slog.String("service", string(b.service)),
				slog.Int("unknown", len(unknown)), slog.Int("several", len(several)), slog.String("first", slices.Concat(unknown, several)[0]))
		}
	}
	return empty(), nil
}

// batch is what is confirmed of one service.
type batch struct {
	service  events.Service
	sent     map[string]int
	eventIDs map[string]string // nil: they are not told
}

// batches reads all three versions: without a version one map of nova, then a map for each service, of statuses or (2) of objects.
func batches(o map[string]json.RawMessage) ([]batch, error) {
	messages, err := given(o, "messages")
	if err != nil {
		return nil, err
	}
	version := int64(0)
	if raw, ok := o["version"]; ok {
		if version, ok = pythonInt(string(raw)); !ok || version < 0 || version > 2 {
			return nil, bad("The version of a batch is 0, 1 or 2.")
		}
	}
	if version == 0 {
		messages = json.RawMessage(`{"nova":` + string(messages) + `}`)
	}
	var perService map[string]map[string]json.RawMessage
	if err := json.Unmarshal(messages, &perService); err != nil {
		return nil, bad("'messages' must be an object of objects, in version 0 of statuses.")
	}
	var all []batch
	for _, s := range []events.Service{events.Nova, events.Glance} {
		if len(perService[string(s)]) == 0 {
			continue
		}
		b, err := newBatch(s, perService[string(s)], version == 2)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func newBatch(s events.Service, pings map[string]json.RawMessage, withEvents bool) (batch, error) {
	if len(pings) > mostMessages {
		return batch{}, bad("A batch has at most %d messages of a service.", mostMessages)
	}
	b := batch{service: s, sent: make(map[string]int, len(pings))}
	if withEvents {
		b.eventIDs = make(map[string]string, len(pings))
	}
	for _, id := range slices.Sorted(maps.Keys(pings)) {
		if len(id) > longestID {
			return batch{}, bad("A message id is longer than %d bytes.", longestID)
		}
		raw := pings[id]
		if withEvents {
			var ping struct {
				Status json.RawMessage `json:"status"`
				Event  *string         `json:"event_id"`
			}
			if err := json.Unmarshal(raw, &ping); err != nil || ping.Event != nil && len(*ping.Event) > longestID {
				return batch{}, bad("In version 2 the value of '%s' must be an object with status and event_id.", id)
			}
			b.eventIDs[id] = ""
			if ping.Event != nil {
				b.eventIDs[id] = *ping.Event
			}
			if raw = ping.Status; raw == nil {
				raw = json.RawMessage("0")
			}
		}
		status, err := sendStatus(raw)
		if err != nil {
			return batch{}, err
		}
		b.sent[id] = status
	}
	return b, nil
}

// repair is /db/repair/: a form of message ids.
func (a *API) repair(r *http.Request) (rest.Response, error) {
	raw, err := rest.ReadBody(r)
	if err != nil {
		return rest.Response{}, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return rest.Response{}, bad("The request body is no form.")
	}
	ids := form["message_ids"]
	service, given := events.Nova, form["service"]
	if len(given) > 0 {
		service = events.Service(given[0])
	}
	switch {
	case service != events.Nova && service != events.Glance:
		return rest.Response{}, bad("The service '%s' has no audit records: nova or glance.", service)
	case len(ids) == 0:
		return rest.Response{}, bad("'message_ids' missing from request body")
	case len(ids) > mostRepaired:
		return rest.Response{}, bad("At most %d messages can be repaired at once.", mostRepaired)
	case slices.ContainsFunc(ids, func(id string) bool { return len(id) > longestID }):
		return rest.Response{}, bad("A message id is longer than %d bytes.", longestID)
	}
	missing, notPending, err := a.service.Repair(r.Context(), service, ids)
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, object{{"absent_exists", strs(missing...)}, {"exists_not_pending", strs(notPending...)}}), nil
}
