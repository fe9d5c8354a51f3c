package native

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
	"yardmaster/store/events"
)

const (
	ingestMost  = 64 << 20       // bytes of one POST /events, unpacked as well as packed
	unpackUsual = 1 << 20        // bytes that most of them have unpacked
	unpackMost  = 4 * ingestMost // bytes that are unpacked at once, of all of them together
	splitMost   = 100_000        // notifications in one
	nameMost    = 50             // bytes of the name of a deployment, as StackTach's
	keyMost     = 255            // of an exchange and a routing key, as AMQP's
)

// receipt tells what became of messages.
type receipt struct {
	Stored     int `json:"stored"`
	Duplicates int `json:"duplicates"`
	Dead       int `json:"dead_letters"`
}

func (a api) ingest(r *http.Request) (rest.Response, error) {
	body, free, err := a.body(r)
	if err != nil {
		return rest.Response{}, err
	}
	defer free()
	q := r.URL.Query()
	for name, most := range map[string]int{"deployment": nameMost, "exchange": keyMost, "routing_key": keyMost} {
		if !plain(q.Get(name), most) {
			return rest.Response{}, notPlain(name, most)
		}
	}
	if q.Get("deployment") == string(events.Yard) {
		return rest.Response{}, &filterError{"deployment", "yard is the yard's own"}
	}
	messages, err := split(body, eventjobs.Incoming{Deployment: q.Get("deployment"), Exchange: q.Get("exchange"), RoutingKey: q.Get("routing_key")})
	if err != nil {
		return rest.Response{}, err
	}
	done, err := a.events.Ingest(r.Context(), messages)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, receipt(done)), nil
}

func plain(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func notPlain(name string, most int) error {
	return &filterError{name, fmt.Sprintf("is not a printable text of at most %d bytes", most)}
}

// body reads what a request brings, unpacked if it says that it is packed. What is unpacked takes room until free is called: as much as most
// bodies need or, if that is too little, from the start again as much as the longest does. So nobody waits for room with some in hand.
func (a api) body(r *http.Request) (body []byte, free func(), err error) {
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if encoding != "" && encoding != "identity" && encoding != "gzip" {
		return nil, nil, &filterError{"Content-Encoding", encoding + " is not gzip"}
	}
	body, err = rest.ReadBody(r)
	if err != nil || encoding != "gzip" {
		return body, func() {}, err
	}
	packed := body
	for _, size := range []int64{unpackUsual, ingestMost} {
		if err := a.unpacked.Acquire(r.Context(), size); err != nil {
			return nil, nil, err
		}
		if body, err = unpack(packed, size); err == nil {
			return body, func() { a.unpacked.Release(size) }, nil
		}
		a.unpacked.Release(size)
		if !errors.Is(err, rest.ErrTooLarge) {
			break
		}
	}
	return nil, nil, err
}

func unpack(packed []byte, most int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, &rest.BodyError{Err: err}
	}
	body, err := io.ReadAll(io.LimitReader(z, most+1))
	switch {
	case int64(len(body)) > most:
		return nil, fmt.Errorf("%w: more than %d bytes", rest.ErrTooLarge, most)
	case err != nil:
		return nil, &rest.BodyError{Err: err}
	}
	return body, z.Close()
}
