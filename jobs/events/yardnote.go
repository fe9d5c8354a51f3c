package events

import (
	"context"
	"encoding/json"
	"time"

	"yardmaster/store/events"
)

// Note writes down something of the yard that is no operation, as one event of the service yard: "config.drift.found" of an object,
// say. detail must not hold secrets.
func (s *Service) Note(ctx context.Context, name, subject string, detail map[string]any) error {
	if s.noYard {
		return nil
	}
	e := events.Event{Service: events.Yard, When: s.control.Now().UTC().Truncate(time.Microsecond), RoutingKey: "yardmaster.info", Type: yardPrefix + name,
		Publisher: "yardmaster", Source: "yardmaster", Instance: events.Some(subject)}
	payload := map[string]any{"instance_id": subject}
	for key, value := range detail {
		payload[key] = value
	}
	body, err := json.Marshal([]any{e.RoutingKey, map[string]any{"event_type": e.Type, "publisher_id": e.Publisher, "priority": "INFO",
		"timestamp": e.When.Format("2006-01-02 15:04:05.000000"), "payload": payload}})
	if err != nil {
		return err
	}
	_, err = s.put(ctx, []item{{in: Incoming{Deployment: yardDeployment}, event: e, body: body, role: e.Type}})
	return err
}
