package heketi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/store"
)

// golden is an operation in every state, as a poll sees it: status, headers that count, body.
const golden = `pending: 200 X-Pending=true ""
running: 200 X-Pending=true ""
undoing: 200 X-Pending=true ""
stuck: 500 Content-Type=text/plain; charset=utf-8 "host down\n"
succeeded volume: 303 Content-Type=text/html; charset=utf-8 Location=/volumes/ab "<a href=\"/volumes/ab\">See Other</a>.\n\n"
succeeded blockvolume: 303 Content-Type=text/html; charset=utf-8 Location=/blockvolumes/ab "<a href=\"/blockvolumes/ab\">See Other</a>.\n\n"
succeeded node: 303 Content-Type=text/html; charset=utf-8 Location=/nodes/ab "<a href=\"/nodes/ab\">See Other</a>.\n\n"
succeeded device: 204 ""
succeeded: 204 ""
failed: 500 Content-Type=text/plain; charset=utf-8 "host down\n"
failed without words: 500 Content-Type=text/plain; charset=utf-8 "internal error, operation 12\n"
canceled: 500 Content-Type=text/plain; charset=utf-8 "The operation was canceled\n"
`

func TestOperationIsPolledAsHeketiAnswers(t *testing.T) {
	down := &store.OpError{Text: "host down"}
	var got strings.Builder
	for _, c := range []struct {
		name string
		op   store.Operation
	}{
		{"pending", store.Operation{State: store.Pending}},
		{"running", store.Operation{State: store.Running, Error: down}},
		{"undoing", store.Operation{State: store.Undoing, Error: down}},
		{"stuck", store.Operation{State: store.Stuck, Error: down}},
		{"succeeded volume", store.Operation{State: store.Succeeded, Result: store.Ref{Kind: store.KindVolume, ID: "ab"}}},
		{"succeeded blockvolume", store.Operation{State: store.Succeeded, Result: store.Ref{Kind: store.KindBlockVolume, ID: "ab"}}},
		{"succeeded node", store.Operation{State: store.Succeeded, Result: store.Ref{Kind: store.KindNode, ID: "ab"}}},
		{"succeeded device", store.Operation{State: store.Succeeded, Result: store.Ref{Kind: store.KindDevice, ID: "ab"}}},
		{"succeeded", store.Operation{State: store.Succeeded}},
		{"failed", store.Operation{State: store.Failed, Error: down}},
		{"failed without words", store.Operation{State: store.Failed, ID: "12"}},
		{"canceled", store.Operation{State: store.Canceled, Error: down}},
	} {
		resp := renderOperation(httptest.NewRequest(http.MethodGet, "/queue/12", nil), c.op)
		fmt.Fprintf(&got, "%s: %d", c.name, resp.Status)
		for _, h := range []string{"Content-Type", "Location", "X-Pending"} {
			if v := resp.Header.Get(h); v != "" {
				fmt.Fprintf(&got, " %s=%s", h, v)
			}
		}
		fmt.Fprintf(&got, " %q\n", resp.Body)
	}
	if got.String() != golden {
		t.Errorf("got\n%s\nwant\n%s", got.String(), golden)
	}
}

func TestEveryStateIsRendered(t *testing.T) {
	for _, s := range store.States() {
		if !strings.Contains(golden, string(s)+":") {
			t.Errorf("state %s is not in the golden table", s)
		}
	}
}

func TestAcceptedPointsToAPath(t *testing.T) {
	post := accepted(httptest.NewRequest(http.MethodPost, "/volumes", nil), store.Operation{ID: "12"})
	if post.Status != http.StatusAccepted || post.Header.Get("Location") != "/queue/12" || len(post.Body) > 0 {
		t.Errorf("POST: %+v", post)
	}
	get := accepted(httptest.NewRequest(http.MethodGet, "/devices/1/resync", nil), store.Operation{ID: "12"})
	if want := "<a href=\"/queue/12\">Accepted</a>.\n\n"; string(get.Body) != want || get.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("GET: %q %v", get.Body, get.Header)
	}
}
