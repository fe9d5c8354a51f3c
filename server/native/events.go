package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"yardmaster/auth"
	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
	"yardmaster/store/events"
)

const (
	eventsPage = 100
	eventsMost = 1000
)

func (a api) eventRoutes() []rest.Route {
	letter := "/events/dead-letters/{id:[0-9]{1,18}}"
	one := "/events/{service:[a-z]+}/{id:[0-9]{1,18}}"
	return []rest.Route{
		{Method: http.MethodPost, Path: "/events", Need: auth.User, Limit: ingestMost, Handle: a.ingest,
			Summary: "take notifications in: JSON, an array of it, or JSON lines, also gzip"},
		{Method: http.MethodGet, Path: "/events", Need: auth.Reader, Handle: a.findEvents, Summary: "events, newest first, filtered and paged"},
		{Method: http.MethodGet, Path: "/events/stream", Need: auth.Reader, Handle: a.eventStream,
			Summary: "server-sent events of what comes in, resumed from Last-Event-ID"},
		{Method: http.MethodGet, Path: "/events/stats", Need: auth.Reader, Handle: a.eventStats, Summary: "what was taken in, and how far behind the sources are"},
		{Method: http.MethodGet, Path: "/events/dead-letters", Need: auth.Admin, Handle: a.letters, Summary: "messages that were not understood, newest first"},
		{Method: http.MethodPost, Path: "/events/dead-letters/replay", Need: auth.Admin, Handle: a.replayAll, Summary: "read all of them anew"},
		{Method: http.MethodGet, Path: letter, Need: auth.Admin, Handle: a.letter, Summary: "one of them"},
		{Method: http.MethodPost, Path: letter + "/replay", Need: auth.Admin, Handle: a.replay, Summary: "read it anew"},
		{Method: http.MethodDelete, Path: letter, Need: auth.Admin, Handle: a.deleteLetter, Summary: "forget it"},
		{Method: http.MethodGet, Path: one, Need: auth.Reader, Handle: a.event, Summary: "one event with its body"},
	}
}

// event is what is shown of one.
type event struct {
	ID         int64           `json:"id"`
	Service    events.Service  `json:"service"`
	When       time.Time       `json:"when"`
	Received   time.Time       `json:"received"`
	Deployment int64           `json:"deployment"`
	Type       string          `json:"type"`
	Failed     bool            `json:"failed,omitempty"`
	RoutingKey string          `json:"routing_key"`
	Publisher  string          `json:"publisher"`
	Host       *string         `json:"host"`
	Instance   *string         `json:"instance"` // of glance the image
	Tenant     *string         `json:"tenant"`
	RequestID  string          `json:"request_id,omitempty"`
	MessageID  string          `json:"message_id,omitempty"`
	State      *string         `json:"state"`
	OldState   *string         `json:"old_state,omitempty"`
	Task       *string         `json:"task,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`
}

func nullable(t events.Text) *string {
	if !t.OK {
		return nil
	}
	return &t.S
}

func shapeEvent(e *events.Event) event {
	out := event{ID: e.ID, Service: e.Service, When: e.When, Received: e.Received, Deployment: e.Deployment, Type: e.Type, Failed: e.Failed(),
		RoutingKey: e.RoutingKey, Publisher: e.Publisher, Host: nullable(e.Host), Instance: nullable(e.Subject()), Tenant: nullable(e.Tenant),
		RequestID: e.RequestID, MessageID: e.MessageID, State: nullable(e.State), OldState: nullable(e.OldState), Task: nullable(e.Task)}
	if e.Service == events.Glance {
		out.Tenant, out.State = nullable(e.Owner), nullable(e.Status)
	}
	return out
}

func serviceOf(name string) (events.Service, error) {
	for _, s := range events.Services {
		if name == string(s) {
			return s, nil
		}
	}
	return "", &filterError{"service", "is none of nova, glance, generic, yard"}
}

func (a api) findEvents(r *http.Request) (rest.Response, error) {
	q, err := eventQuery(r.URL.Query())
	if err != nil {
		return rest.Response{}, err
	}
	var found []events.Event
	err = a.events.View(r.Context(), func(tx *events.Tx) error {
		var err error
		found, err = tx.Find(q)
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	out := make([]event, len(found))
	for i := range found {
		out[i] = shapeEvent(&found[i])
	}
	return rest.JSON(http.StatusOK, map[string]any{"events": out}), nil
}

func eventQuery(v url.Values) (events.Query, error) {
	q := events.Query{Service: events.Nova, Order: events.ByWhenDesc, Limit: eventsPage}
	if name := v.Get("service"); name != "" {
		var err error
		if q.Service, err = serviceOf(name); err != nil {
			return q, err
		}
	}
	for name, field := range map[string]**string{"request_id": &q.RequestID, "host": &q.Host, "type": &q.Type, "tenant": &q.Tenant, "message_id": &q.MessageID} {
		if s := v.Get(name); s != "" {
			*field = &s
		}
	}
	if s := v.Get("instance"); s != "" && q.Service == events.Glance {
		q.UUID = &s
	} else if s != "" {
		q.Instance = &s
	}
	err := errors.Join(wholeNumber(v, "deployment", 1, 1<<53, &q.Deployment), instant(v, "from", &q.WhenMin), instant(v, "to", &q.WhenMax))
	limit, offset := int64(q.Limit), int64(0)
	err = errors.Join(err, wholeNumber(v, "limit", 1, eventsMost, &limit), wholeNumber(v, "offset", 0, 1<<31, &offset))
	q.Limit, q.Offset = int(limit), int(offset)
	return q, err
}

func wholeNumber(v url.Values, name string, least, most int64, to *int64) error {
	s := v.Get(name)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		return &filterError{name, fmt.Sprintf("is not a number from %d to %d", least, most)}
	}
	*to = n
	return nil
}

// instant reads a time as RFC 3339 has it, or seconds since 1970.
func instant(v url.Values, name string, to *time.Time) error {
	s := v.Get(name)
	if s == "" {
		return nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		*to = t
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return &filterError{name, "is neither a time like 2026-01-02T03:04:05Z nor seconds since 1970"}
	}
	*to = time.Unix(n, 0).UTC()
	return nil
}

func (a api) event(r *http.Request) (rest.Response, error) {
	service, err := serviceOf(rest.Var(r, "service"))
	if err != nil {
		return rest.Response{}, err
	}
	id, err := strconv.ParseInt(rest.Var(r, "id"), 10, 64)
	if err != nil {
		return rest.Response{}, err
	}
	var out event
	err = a.events.View(r.Context(), func(tx *events.Tx) error {
		e, err := tx.Event(service, id)
		if err != nil {
			return err
		}
		out = shapeEvent(&e)
		body, err := tx.Body(service, id)
		if json.Valid(body) {
			out.Body = body
		}
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, out), nil
}

// eventStream sends events as they are committed. Who falls behind is sent "lost", and misses nothing by coming back with the last id.
func (a api) eventStream(r *http.Request) (rest.Response, error) {
	v := r.URL.Query()
	f := eventjobs.Filter{Type: v.Get("type"), Instance: v.Get("instance"), RequestID: v.Get("request_id"), Host: v.Get("host"), Tenant: v.Get("tenant"),
		Failed: v.Get("failed") == "true"}
	if err := wholeNumber(v, "deployment", 1, 1<<53, &f.Deployment); err != nil {
		return rest.Response{}, err
	}
	for _, name := range v["service"] {
		s, err := serviceOf(name)
		if err != nil {
			return rest.Response{}, err
		}
		f.Services = append(f.Services, s)
	}
	from, err := placeOf(r)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.Events(func(ctx context.Context, send func(rest.Event) error) error {
		err := a.events.Stream(ctx, from, f, func(batch []eventjobs.Delivered, at eventjobs.Position) error {
			if len(batch) == 0 {
				return send(rest.Event{ID: at.String()})
			}
			for i := range batch {
				if err := send(rest.Event{ID: batch[i].At.String(), Name: "event", Data: shapeEvent(&batch[i].Event)}); err != nil {
					return err
				}
			}
			return nil
		})
		switch {
		case errors.Is(err, eventjobs.ErrBehind):
			return send(rest.Event{Name: "lost", Data: struct{}{}})
		case errors.Is(err, eventjobs.ErrClosed), ctx.Err() != nil:
			return nil
		}
		return err
	}), nil
}

// placeOf is where a stream goes on: after the last event that the client had, or from now.
func placeOf(r *http.Request) (eventjobs.Position, error) {
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("after")
	}
	if last == "" {
		return nil, nil
	}
	at, err := eventjobs.ParsePosition(last)
	if err != nil {
		return nil, &filterError{"Last-Event-ID", err.Error()}
	}
	return at, nil
}
