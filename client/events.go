package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Notification is one message of a cloud.
type Notification struct {
	Deployment, Exchange, RoutingKey string
	Body                             json.RawMessage
}

// Receipt says what became of notifications.
type Receipt struct {
	Stored     int `json:"stored"`
	Duplicates int `json:"duplicates"`
	Dead       int `json:"dead_letters"`
}

// notifyMost is how many notifications go in one request.
const notifyMost = 2000

// Notify sends notifications, those of each exchange of a deployment in their order.
func (c *Client) Notify(ctx context.Context, all []Notification) (sum Receipt, err error) {
	type source struct{ deployment, exchange string }
	var sources []source
	bodies := map[source][]any{}
	for _, n := range all {
		from := source{n.Deployment, n.Exchange}
		if bodies[from] == nil {
			sources = append(sources, from)
		}
		bodies[from] = append(bodies[from], []any{n.RoutingKey, n.Body})
	}
	for _, from := range sources {
		path := "/events?" + url.Values{"deployment": {from.deployment}, "exchange": {from.exchange}}.Encode()
		for body := range slices.Chunk(bodies[from], notifyMost) {
			var got Receipt
			if err := c.Call(ctx, http.MethodPost, path, body, &got); err != nil {
				return sum, err
			}
			sum.Stored, sum.Duplicates, sum.Dead = sum.Stored+got.Stored, sum.Duplicates+got.Duplicates, sum.Dead+got.Dead
		}
	}
	return sum, nil
}

// events shows what can be asked about what happened: to the cloud, and to a volume of the yard.
func (t Tour) events(ctx context.Context) error {
	var types [][]string
	if err := t.Client.Get(ctx, "/stacky/events/", &types); err != nil {
		return err
	}
	t.say("%d notifications of a simulated OpenStack, of %d types", t.Notified, len(types)-1)
	var volumes struct{ Volumes []string }
	if err := t.Client.Get(ctx, "/volumes", &volumes); err != nil || len(volumes.Volumes) == 0 {
		return err
	}
	id := volumes.Volumes[0]
	rows, err := t.timings(ctx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		t.say("  volume %s  %s %s", id, row[1], row[2])
	}
	return nil
}

// timings are those of one instance, once its first one is there: events follow operations within a moment.
func (t Tour) timings(ctx context.Context, id string) (rows [][]string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := t.Client.Get(ctx, "/stacky/timings/uuid/?service=yard&uuid="+id, &rows); err != nil {
			return nil, err
		}
		if len(rows) > 1 {
			return rows[1:], nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.New("no event of it after a minute")
		}
	}
}
