package notice

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds that Parse keeps to.
const (
	MaxBody  = 1 << 20 // bytes
	MaxDepth = 100     // of objects and lists in each other
	MaxText  = 512     // bytes of what becomes a column or a fact; the predecessor's longest column has 255 characters
	MaxKey   = 255     // of a routing key, as AMQP's
)

// Limits bounds what is read; zeros are MaxBody and MaxDepth.
type Limits struct{ Body, Depth int }

// Parse reads a message within the usual bounds. What cannot be understood is an *Error.
func Parse(m Message) (Notice, error) { return Limits{}.Parse(m) }

// Parse reads a message. It needs a body that is JSON, whole and an object, with an event type, a publisher and a date; it needs
// nothing else. Of a name that occurs twice the last one counts.
func (l Limits) Parse(m Message) (Notice, error) {
	if l.Body == 0 {
		l.Body = MaxBody
	}
	if l.Depth == 0 {
		l.Depth = MaxDepth
	}
	if len(m.Body) > l.Body {
		return Notice{}, &Error{"body", fmt.Sprintf("%d bytes, of %d that are read", len(m.Body), l.Body)}
	}
	if len(m.RoutingKey) > MaxKey {
		return Notice{}, tooLong("routing_key", len(m.RoutingKey), MaxKey)
	}
	body := m.Body
	var n notification
	if err := n.scan(body, l.Depth); err != nil {
		return Notice{}, err
	}
	if n.message.kind == text {
		if v := n.version; v.kind != absent && !strings.HasPrefix(v.column().S, "2.") {
			return Notice{}, &Error{"oslo.version", excerpt(v.column().S) + " is no version of the envelope that is known: 2.0"}
		}
		body = appendText(make([]byte, 0, len(n.message.raw)), n.message.raw)
		n = notification{}
		if err := n.scan(body, l.Depth); err != nil {
			return Notice{}, err
		}
	}
	out, err := n.notice(m)
	if err != nil {
		return Notice{}, err
	}
	out.Body = wrap(m.RoutingKey, Conceal(body))
	return out, nil
}

func (n *notification) scan(body []byte, depth int) error {
	s := scanner{data: body, left: depth}
	n.read(&s)
	if s.wrong != "" {
		return &Error{"body", s.wrong}
	}
	return nil
}

// wrap is the notification with its routing key in front, as it is kept and shown.
func wrap(key string, body []byte) []byte {
	body = bytes.TrimSpace(body)
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	to := make([]byte, 0, len(key)+len(body)+len(`["", ]`))
	to = quote(append(to, '['), key)
	to = append(to, ", "...)
	return append(append(to, body...), ']')
}

// notice makes the columns of what was read.
func (n *notification) notice(m Message) (Notice, *Error) {
	out := Notice{RoutingKey: strings.ToValidUTF8(m.RoutingKey, "\uFFFD"), Versioned: n.payload.versioned}
	if n.eventType.kind != text || len(n.eventType.raw) == 0 {
		return out, missing("event_type", n.eventType)
	}
	if n.publisher.kind != text {
		return out, missing("publisher_id", n.publisher)
	}
	when, err := n.when()
	if err != nil {
		return out, err
	}
	out.When, out.Type, out.Publisher = when, n.eventType.string(), n.publisher.string()
	out.Role = role(out.Type, out.Versioned)
	out.Source, out.Host = sender(out.Publisher, out.Versioned)
	out.Service = service(out.Role, out.Publisher, m.Exchange)
	out.MessageID = n.messageID.column().S
	out.RequestID = n.requestID.column().S
	if out.Versioned && n.requestID.empty() {
		out.RequestID = n.payload.requestID.column().S
	}
	switch out.Service {
	case Glance:
		n.glance(&out)
	default:
		n.instance(&out)
	}
	return out, out.checkLengths()
}

// checkLengths finds a column that is too long. The source and the host are parts of the publisher.
func (n *Notice) checkLengths() *Error {
	for _, c := range [...]struct{ field, text string }{
		{"event_type", n.Type}, {"publisher_id", n.Publisher}, {"message_id", n.MessageID}, {"request_id", n.RequestID},
		{"instance", n.Instance.S}, {"tenant", n.Tenant.S}, {"state", n.State.S}, {"old_state", n.OldState.S},
		{"old_task_state", n.OldTask.S}, {"new_task_state", n.Task.S}, {"id", n.UUID.S}, {"owner", n.Owner.S}, {"status", n.Status.S},
	} {
		if len(c.text) > MaxText {
			return tooLong(c.field, len(c.text), MaxText)
		}
	}
	return nil
}

func tooLong(field string, bytes, most int) *Error {
	return &Error{field, fmt.Sprintf("%d bytes, of %d that are kept", bytes, most)}
}

func missing(field string, v value) *Error {
	if v.kind == absent {
		return &Error{field, "missing"}
	}
	return &Error{field, "not a text, or an empty one"}
}

// when is the time of the event: its timestamp or, of old ones, that of their context.
func (n *notification) when() (t time.Time, err *Error) {
	field, v := "timestamp", n.timestamp
	if v.empty() {
		field, v = "_context_timestamp", n.contextTimestamp
	}
	if v.empty() {
		return t, &Error{"timestamp", "missing"}
	}
	return v.date(field)
}
