package hmapi

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/jobs/instances"
)

// FuzzRemovals promises that what is deleted was named in full, and that everything else is the client's fault.
func FuzzRemovals(f *testing.F) {
	for _, seed := range []string{`{"name":"testinstance1","org":1,"keepData":true}`, `{"name":"x","org":1}`, `{"org":1e0}`, `{"NAME":"x","Org":2,"keepdata":null}`,
		`{"keep":true}`, `null`, `{`, ``, `{} {}`, "\ufeff{}", `{"org":{"org":1}}`, `{"name":["x"]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, err := readRemoval(httptest.NewRequest("DELETE", "/instance", strings.NewReader(body)))
		if err == nil {
			if d.Name == "" || d.Org <= 0 {
				t.Errorf("%q: %+v", body, d)
			}
			return
		}
		resp := new(API).render(httptest.NewRequest("DELETE", "/instance", nil), err)
		raw, jsonErr := json.Marshal(resp.JSON)
		if resp.Status != 400 || jsonErr != nil || !json.Valid(raw) {
			t.Errorf("%v: %d %s %v", err, resp.Status, raw, jsonErr)
		}
	})
}

// FuzzStatusLines promises one line for each instance, with what it is called at its end.
func FuzzStatusLines(f *testing.F) {
	f.Add("qa-shared", 1, "testinstance1", 1)
	f.Add("qa", 1, "qa", 2)
	f.Fuzz(func(t *testing.T, a string, orgA int, b string, orgB int) {
		if strings.ContainsAny(a+b, "\r\n") {
			t.Skip("no name of an instance")
		}
		lines := strings.Split(statusLines([]instances.Status{{Name: a, Org: orgA, Same: true}, {Name: b, Org: orgB}}), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], "OK  ") || !strings.HasPrefix(lines[1], "X   ") {
			t.Fatalf("%q", lines)
		}
		if !strings.HasSuffix(lines[0], a) || !strings.HasSuffix(lines[1], b) {
			t.Errorf("%q", lines)
		}
	})
}

func TestKeysOfAnyNumberAreTold(t *testing.T) {
	if withoutKeys[int](nil) != nil {
		t.Error("none became some")
	}
	got := withoutKeys(map[string]int{"b": 2, "a": 1, "c": 3})
	if !maps.Equal(got, map[string]int{"***1": 1, "***2": 2, "***3": 3}) {
		t.Errorf("%v", got)
	}
}
