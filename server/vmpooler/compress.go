package vmpooler

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"yardmaster/server/rest"
)

// compressor packs answers for clients that ask for it. It keeps writers, which are large.
type compressor struct{ writers sync.Pool }

func (c *compressor) answer(r *http.Request, resp rest.Response) rest.Response {
	if len(resp.Body) == 0 || resp.Header.Get("Content-Encoding") != "" {
		return resp
	}
	resp = resp.With("Vary", "Accept-Encoding")
	if !prefersGzip(r.Header.Values("Accept-Encoding")) {
		return resp
	}
	resp.Body = c.pack(resp.Body)
	return resp.With("Content-Encoding", "gzip")
}

func (c *compressor) pack(body []byte) []byte {
	var out bytes.Buffer
	w, _ := c.writers.Get().(*gzip.Writer)
	if w == nil {
		w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // only a level that does not exist is an error
	}
	w.Reset(&out)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	c.writers.Put(w)
	return out.Bytes()
}

// prefersGzip weighs what a client can read; "*" is all that it does not name.
func prefersGzip(accepts []string) bool {
	weights := map[string]float64{}
	for coding := range strings.SplitSeq(strings.Join(accepts, ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = quality(parameters)
	}
	packed, ok := weights["gzip"]
	if !ok {
		packed = weights["*"]
	}
	return packed > 0 && packed >= weights["identity"]
}

// quality reads "q=0.5"; what has none, or a broken one, counts in full.
func quality(parameters string) float64 {
	name, value, ok := strings.Cut(parameters, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !ok || err != nil || strings.TrimSpace(name) != "q" {
		return 1
	}
	return q
}
