package deploymanager

import (
	"net/http"

	"yardmaster/server/rest"
)

// envelope is what most answers come in.
type envelope struct {
	StatusCode int     `json:"statusCode"`
	Data       any     `json:"data"`
	Error      *string `json:"error"`
}

func enveloped(data any) rest.Response {
	return rest.JSON(http.StatusOK, envelope{StatusCode: http.StatusOK, Data: data})
}

// failed may have data: what was done before it failed.
func failed(status int, data any, text string) rest.Response {
	return rest.JSON(status, envelope{StatusCode: status, Data: data, Error: &text})
}

// bare is an answer without the envelope.
func bare(v any) rest.Response { return rest.JSON(http.StatusOK, v) }

// list is never null.
func list[E any](all []E) []E {
	if all == nil {
		return []E{}
	}
	return all
}

// object is never null.
func object[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// each turns records into what is shown of them.
func each[R, W any](all []R, show func(R) W) []W {
	out := make([]W, len(all))
	for i := range all {
		out[i] = show(all[i])
	}
	return out
}
