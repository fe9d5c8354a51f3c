package vmpooler

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// requestIDKey is the key of a payload that is no pool.
const requestIDKey = "request_id"

// requestBody is POST /ondemandvm with {"pool or alias": count, .., "request_id": id}.
func (e edition) requestBody(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	body, err := e.messagedBody(r)
	if errors.Is(err, errNull) {
		e.metrics.inc(requestInvalid, noPool)
	}
	if err != nil {
		return rest.Response{}, err
	}
	id := ""
	var wants []pools.Want
	for _, m := range body {
		if m.key == requestIDKey {
			id = toS(m.value)
			continue
		}
		n, ok := toI(m.value)
		if !ok || n < 1 {
			return rest.Response{}, message(http.StatusBadRequest, "the count of "+m.key+" must be a positive integer")
		}
		wants = append(wants, pools.Want{Name: m.key, Count: n})
	}
	return e.request(r, id, wants)
}

// requestPath is POST /ondemandvm/pool+pool+other.
func (e edition) requestPath(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	return e.request(r, "", wantsIn(rest.Var(r, "id")))
}

// A request's id stands in paths.
var requestIDForm = regexp.MustCompile(`^[^/\x00-\x20\x7f]{1,128}$`)

// dots says that a name means a folder wherever it stands in a path, so that no path can name it.
func dots(name string) bool { return name == "." || name == ".." }

func (e edition) request(r *http.Request, id string, wants []pools.Want) (rest.Response, error) {
	if err := e.judgeRequest(wants); err != nil {
		return rest.Response{}, err
	}
	switch {
	case id == "":
		id = newUUID()
	case !requestIDForm.MatchString(id) || dots(id):
		return rest.Response{}, message(http.StatusBadRequest, "request_id must be 1 to 128 characters without spaces and slashes, and not . or ..")
	}
	_, err := e.service.Request(r.Context(), who(r), id, wants)
	switch {
	case errors.Is(err, pools.ErrTooMany):
		return rest.Response{}, e.tooMany(wants[0].Name)
	case errors.Is(err, pools.ErrRequestExists):
		e.metrics.inc(requestTwice)
		return rest.Response{}, message(http.StatusConflict, fmt.Sprintf("request_id '%s' has already been created", id), member{requestIDKey, id})
	case err != nil:
		return rest.Response{}, err
	}
	e.metrics.inc(requestMade)
	return reply(http.StatusCreated, e.withDomain(ok(member{requestIDKey, id}), nil)), nil
}

// mostRequested bounds what one request may ask of one name where no bound is configured.
const mostRequested = 1000

// judgeRequest refuses what no pool is called and more than one request may ask for.
func (e edition) judgeRequest(wants []pools.Want) error {
	if len(wants) == 0 {
		e.metrics.inc(requestInvalid, noPool)
		return errNotThere
	}
	if unknown := e.unknown(wants); unknown != nil {
		for range unknown {
			e.metrics.inc(requestInvalid, noPool)
		}
		return named(http.StatusNotFound, "bad_templates", unknown)
	}
	for _, w := range wants {
		if w.Count > e.mostRequested() {
			return e.tooMany(w.Name)
		}
	}
	return nil
}

func (a *API) mostRequested() int { return cmp.Or(a.cfg.MaxOnDemand, mostRequested) }

func (e edition) tooMany(name string) error {
	e.metrics.inc(requestTooMany, name)
	return message(http.StatusForbidden, "requested amount of instances exceeds the maximum "+strconv.Itoa(e.mostRequested()))
}

// newUUID is a random one, version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// requestInfo is GET /ondemandvm/{id}: 202 while machines are missing.
func (e edition) requestInfo(r *http.Request) (rest.Response, error) {
	id := rest.Var(r, "id")
	req, err := e.service.GetRequest(r.Context(), id)
	if err != nil {
		return rest.Response{}, noRequest(err, id)
	}
	answer := ok(member{requestIDKey, id}, member{"ready", req.State == store.RequestReady})
	switch req.State {
	case store.RequestReady:
		return reply(http.StatusOK, e.withDomain(append(answer, e.made(&req)...), req.VMs)), nil
	case store.RequestFailed:
		answer.set("message", fmt.Sprintf("The request failed to provision instances within the configured ondemand_request_ttl '%s'",
			inMinutes(e.cfg.RequestTTL)))
	case store.RequestDeleted:
		answer.set("message", "The request has been deleted")
	default:
		return reply(http.StatusAccepted, append(answer, missing(&req)...)), nil
	}
	if req.Message != "" {
		answer.set("reason", req.Message)
	}
	return reply(http.StatusOK, answer), nil
}

// inMinutes is a number of them, as the old server had no others; a time that is none has its units with it.
func inMinutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d / time.Minute))
	}
	return d.String()
}

func noRequest(err error, id string) error {
	if errors.Is(err, pools.ErrNoRequest) {
		return message(http.StatusNotFound, fmt.Sprintf("no request found for request_id '%s'", id))
	}
	return err
}

// made lists the machines of a request by the name that they were asked for under; one machine is a list too.
func (e edition) made(req *pools.Request) object {
	o := object{}
	for _, name := range asked(req) {
		names := []string{}
		for i := range req.VMs {
			if req.VMs[i].Alias == name {
				names = append(names, e.hostname(&req.VMs[i]))
			}
		}
		o = append(o, member{name, object{{"hostname", names}}})
	}
	return o
}

// missing counts, in texts, what is there and what is not yet.
func missing(req *pools.Request) object {
	o := object{}
	for _, name := range asked(req) {
		want, have := 0, 0
		for _, item := range req.Items {
			if item.Alias == name {
				want += item.Count
			}
		}
		for i := range req.VMs {
			if req.VMs[i].Alias == name {
				have++
			}
		}
		o = append(o, member{name, object{{"ready", strconv.Itoa(have)}, {"pending", strconv.Itoa(max(0, want-have))}}})
	}
	return o
}

// asked are the names of a request, each once, in the order in which they were asked for.
func asked(req *pools.Request) []string {
	var names []string
	seen := map[string]bool{}
	for _, item := range req.Items {
		if !seen[item.Alias] {
			seen[item.Alias] = true
			names = append(names, item.Alias)
		}
	}
	return names
}

// requestDelete is DELETE /ondemandvm/{id}.
func (e edition) requestDelete(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	id := rest.Var(r, "id")
	already, err := e.service.DeleteRequest(r.Context(), who(r), id)
	if err != nil {
		return rest.Response{}, noRequest(err, id)
	}
	if already {
		return reply(http.StatusOK, ok(member{"message", "the request has already been deleted"})), nil
	}
	return reply(http.StatusOK, ok()), nil
}
