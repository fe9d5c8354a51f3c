package heketi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
)

// explanation answers whether a volume would find room. Fits is true if one cluster would take it.
type explanation struct {
	Size     int                   `json:"size"`
	Fits     bool                  `json:"fits"`
	Clusters []volumes.Explanation `json:"clusters"`
}

// volumeExplain takes everything that POST /volumes takes, as a query, judges it by the same rules, and makes nothing.
func (a *API) volumeExplain(r *http.Request) (rest.Response, error) {
	q, err := queryRequest(r.URL.RawQuery)
	if err != nil {
		return rest.Response{}, err
	}
	if err := q.check(); err != nil {
		return rest.Response{}, err
	}
	clusters, err := a.service.Explain(r.Context(), q.spec())
	if err != nil {
		return rest.Response{}, err
	}
	out := explanation{Size: q.Size, Clusters: list(clusters)}
	out.Fits = slices.ContainsFunc(clusters, func(e volumes.Explanation) bool { return e.Fits })
	return rest.JSON(http.StatusOK, out), nil
}

// queryReader reads typed values out of a query and keeps the first fault of each.
type queryReader struct {
	values url.Values
	faults checks
}

// queryRequest reads a volume request out of a query. A parameter that nobody knows is a fault: it would change the answer.
func queryRequest(raw string) (*volumeRequest, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &invalid{"query unable to be parsed"}
	}
	in := queryReader{values, checks{}}
	q := &volumeRequest{
		Size: in.number("size"), Name: in.text("name"), GID: int64(in.number("gid")), Block: in.flag("block"),
		Clusters: in.words("clusters"), Options: in.all("option"),
		Durability: durability{Type: in.text("durability"), Replicate: replicate{in.number("replica")},
			Disperse: disperse{in.number("data"), in.number("redundancy")}},
		Snapshot: snapshot{Factor: in.fraction("snapshot_factor")},
	}
	q.Snapshot.Enable = q.Snapshot.Factor != 0
	for name := range in.values {
		in.faults.note(name, "is not a parameter")
	}
	return q, in.faults.err()
}

// all takes every value of a parameter; what is left in the end is unknown.
func (in queryReader) all(name string) []string {
	values := in.values[name]
	delete(in.values, name)
	return values
}

func (in queryReader) text(name string) string {
	values := in.all(name)
	if len(values) > 1 {
		in.faults.note(name, "is given more than once")
	}
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// words reads a list, repeated or with commas.
func (in queryReader) words(name string) []string {
	var out []string
	for _, v := range in.all(name) {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

func (in queryReader) number(name string) int {
	return parsed(in, name, "must be a whole number", strconv.Atoi)
}

func (in queryReader) fraction(name string) float64 {
	return parsed(in, name, "must be a number", func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
}

func (in queryReader) flag(name string) bool {
	return parsed(in, name, "must be true or false", strconv.ParseBool)
}

func parsed[T any](in queryReader, name, fault string, parse func(string) (T, error)) T {
	var zero T
	s := in.text(name)
	if s == "" {
		return zero
	}
	v, err := parse(s)
	if err != nil {
		in.faults.note(name, fault)
		return zero
	}
	return v
}
