package native

import (
	"net/http"
	"strconv"
	"time"

	"yardmaster/server/rest"
)

// letter is what is shown of a dead letter. Its body is text where it is that.
type letter struct {
	ID         int64     `json:"id"`
	Deployment string    `json:"deployment"`
	Exchange   string    `json:"exchange"`
	RoutingKey string    `json:"routing_key"`
	Reason     string    `json:"reason"`
	Received   time.Time `json:"received"`
	Times      int       `json:"times"`
	Bytes      int       `json:"bytes"`
	Body       string    `json:"body,omitempty"`
}

func (a api) letters(r *http.Request) (rest.Response, error) {
	limit, before := int64(eventsPage), int64(0)
	v := r.URL.Query()
	if err := wholeNumber(v, "limit", 1, eventsMost, &limit); err != nil {
		return rest.Response{}, err
	}
	if err := wholeNumber(v, "before", 1, 1<<53, &before); err != nil {
		return rest.Response{}, err
	}
	page, err := a.events.Letters(r.Context(), before, int(limit))
	if err != nil {
		return rest.Response{}, err
	}
	out := make([]letter, len(page))
	for i, l := range page {
		out[i] = letter{l.ID, l.Deployment, l.Exchange, l.RoutingKey, l.Reason, l.Received, l.Times, int(l.Size), ""}
	}
	return rest.JSON(http.StatusOK, map[string]any{"dead_letters": out}), nil
}

func letterID(r *http.Request) (int64, error) { return strconv.ParseInt(rest.Var(r, "id"), 10, 64) }

func (a api) letter(r *http.Request) (rest.Response, error) {
	id, err := letterID(r)
	if err != nil {
		return rest.Response{}, err
	}
	d, err := a.events.Letter(r.Context(), id)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, letter{d.ID, d.Deployment, d.Exchange, d.RoutingKey, d.Reason, d.Received, d.Times, len(d.Body), string(d.Body)}), nil
}

func (a api) replay(r *http.Request) (rest.Response, error) {
	id, err := letterID(r)
	if err != nil {
		return rest.Response{}, err
	}
	done, err := a.events.Replay(r.Context(), id)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, receipt(done)), nil
}

func (a api) replayAll(r *http.Request) (rest.Response, error) {
	done, err := a.events.ReplayAll(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, receipt(done)), nil
}

func (a api) deleteLetter(r *http.Request) (rest.Response, error) {
	id, err := letterID(r)
	if err != nil {
		return rest.Response{}, err
	}
	if err := a.events.DeleteLetter(r.Context(), id); err != nil {
		return rest.Response{}, err
	}
	return rest.Response{Status: http.StatusNoContent}, nil
}
