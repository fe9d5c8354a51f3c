package amqp

import (
	"log/slog"
	"time"
)

// outage logs the beginning and the end of one, whatever the number of tries between them.
type outage struct {
	log     *slog.Logger
	what    string // that is out
	first   string // is said of the first success
	since   time.Time
	refusal bool
	known   bool // it worked, or failed, before
}

// begin is told of every failure. A refusal within an outage is worth a line of its own.
func (o *outage) begin(err error) {
	no := settled(err)
	if !o.since.IsZero() && (o.refusal || !no) {
		return
	}
	if o.since.IsZero() {
		o.since, o.known = time.Now(), true
	}
	o.refusal = no
	if no {
		o.log.Error(o.what+" refuses", "err", err)
		return
	}
	o.log.Warn(o.what+" lost", "err", err)
}

// end is told of every success.
func (o *outage) end() {
	if o.since.IsZero() {
		if !o.known {
			o.known = true
			o.log.Info(o.first)
		}
		return
	}
	o.log.Info(o.what+" is back", "after", time.Since(o.since).Round(time.Millisecond).String())
	o.since, o.refusal = time.Time{}, false
}
