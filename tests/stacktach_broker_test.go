package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/rabbitmq/amqp091-go"

	"yardmaster/tests/harness"
	"yardmaster/tests/stackmodel"
)

// queue is one that a deployment consumes from.
type queue struct{ exchange, name, routingKey string }

// topology are deployments as StackTach's own file lists them.
type topology []struct {
	name   string
	queues []queue
}

// JSON is the file, with every key that an operator of StackTach may have in it.
func (all topology) JSON(r *harness.Rabbit) string {
	var deployments []map[string]any
	for _, d := range all {
		topics := map[string][]map[string]string{}
		for _, q := range d.queues {
			topics[q.exchange] = append(topics[q.exchange], map[string]string{"queue": q.name, "routing_key": q.routingKey})
		}
		deployments = append(deployments, map[string]any{"name": d.name, "enabled": true, "durable_queue": true, "rabbit_host": r.Host, "rabbit_port": r.Port,
			"rabbit_userid": "guest", "rabbit_password": "guest", "rabbit_virtual_host": "/", "exit_on_exception": true,
			"queue_arguments": map[string]any{"x-max-length": 1_000_000}, "topics": topics})
	}
	raw, err := json.MarshalIndent(map[string]any{"deployments": deployments, "workers": map[string]int{"process_timeout": 600}}, "", "  ")
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return string(raw)
}

// consumed waits until somebody consumes from every queue: before that messages would have nowhere to go.
func (all topology) consumed(t testing.TB, r *harness.Rabbit) {
	t.Helper()
	conn, err := amqp091.Dial(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, d := range all {
		for _, of := range d.queues {
			harness.Eventually(t, within, "somebody consumes from "+of.name, func() bool {
				ch, err := conn.Channel()
				if err != nil {
					t.Fatal(err)
				}
				defer ch.Close()
				found, err := ch.QueueDeclarePassive(of.name, true, false, false, false, nil)
				return err == nil && found.Consumers > 0
			})
		}
	}
}

// publish hands messages to the broker as a cloud does, and waits until it has them all.
func publish(t testing.TB, r *harness.Rabbit, all []stackmodel.Message) {
	t.Helper()
	conn, err := amqp091.Dial(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	returned := ch.NotifyReturn(make(chan amqp091.Return, len(all)))
	waits := make([]*amqp091.DeferredConfirmation, len(all))
	for i, m := range all {
		waits[i], err = ch.PublishWithDeferredConfirmWithContext(t.Context(), m.Exchange, m.RoutingKey, true, false,
			amqp091.Publishing{ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp091.Persistent, Body: m.Body})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, w := range waits {
		if ok, err := w.WaitContext(t.Context()); err != nil || !ok {
			t.Fatalf("message %d was not taken by the broker: %v", i, err)
		}
	}
	if len(returned) > 0 {
		m := <-returned
		t.Fatalf("%d messages had no queue to go to, as %s with %s", len(returned)+1, m.Exchange, m.RoutingKey)
	}
}

// envelope wraps a notification as oslo.messaging does.
func envelope(body []byte) []byte {
	raw, err := json.Marshal(map[string]string{"oslo.version": "2.0", "oslo.message": string(body)})
	if err != nil {
		panic(err) // texts
	}
	return raw
}

// note is a notification.
type note map[string]any

// notification is a note with what all of them have.
func notification(event, publisher, when, request string, payload any) note {
	return note{"event_type": event, "publisher_id": publisher, "timestamp": when, "_context_request_id": request, "_context_project_id": "hand-made",
		"message_id": fmt.Sprintf("%s at %s by %s", event, when, publisher), "priority": "INFO", "payload": payload}
}

func (n note) bytes() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		panic(err) // the test's own values
	}
	return raw
}

// with is the notification with one key changed, or without it if the value is nil.
func (n note) with(key string, v any) note {
	out := maps.Clone(n)
	if out[key] = v; v == nil {
		delete(out, key)
	}
	return out
}
