package rest_test

import (
	"bytes"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"yardmaster/auth"
)

// throttled is a door that sends everybody away for a while.
func throttled(wait time.Duration) error {
	return &auth.Refusal{Status: 429, Text: "too many", RetryAfter: wait}
}

func TestARefusalSaysWhenToComeAgain(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "", time.Millisecond: "1", 5 * time.Second: "5", 5*time.Second + 1: "6", 5 * time.Minute: "300"} {
		d := volumes()
		d.Routes = append(d.Routes, route("GET", "/fail/throttled", auth.Public, fail(throttled(wait))))
		w := do(newMux(t, io.Discard, "volumes", d), "GET", "/fail/throttled", "", "")
		if got := w.Header().Get("Retry-After"); w.Code != 429 || got != want {
			t.Errorf("%v: got %d, Retry-After %q; want %q", wait, w.Code, got, want)
		}
	}
}

func TestWhyADirectoryCannotBeAskedIsForTheLogAlone(t *testing.T) {
	directory, err := auth.NewLDAP(auth.LDAPOptions{Host: "127.0.0.1", Port: 1, Bases: []string{"dc=yard"}, UserObjects: []string{"uid"}})
	if err != nil {
		t.Fatal(err)
	}
	_, refusal := directory.CheckPassword(context.Background(), "ada", "engine")
	d := volumes()
	d.Routes = append(d.Routes, route("GET", "/fail/directory", auth.Public, fail(refusal)))
	var log bytes.Buffer
	w := httptest.NewRecorder()
	newMux(t, &log, "volumes", d).ServeHTTP(w, httptest.NewRequest("GET", "/fail/directory", nil))
	if w.Code != 503 || strings.Contains(w.Body.String(), "127.0.0.1") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "127.0.0.1:1") || strings.Contains(log.String(), "engine") {
		t.Errorf("logged %s", &log)
	}
}
