package heketi

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"yardmaster/server/rest"
)

// bodies are the shapes of every POST, by name.
func bodies() map[string]func() body {
	return map[string]func() body{
		"flags": func() body { return new(flagsRequest) }, "node": func() body { return new(nodeAddRequest) },
		"state": func() body { return new(stateRequest) }, "tags": func() body { return new(tagsRequest) },
		"device": func() body { return new(deviceAddRequest) }, "device delete": func() body { return new(deviceDeleteRequest) },
		"volume": func() body { return new(volumeRequest) }, "expand": func() body { return new(volumeExpandRequest) },
		"clone": func() body { return new(volumeCloneRequest) }, "restrict": func() body { return new(restrictRequest) },
		"block": func() body { return new(blockRequest) }, "block expand": func() body { return new(blockExpandRequest) },
		"evict": func() body { return new(evictRequest) }, "cleanup": func() body { return new(cleanupRequest) },
	}
}

// FuzzBodies promises that whatever is posted is accepted or refused in the words that clients know, and that nothing that is
// accepted could be read by a shell as more than one word.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"size":1}`, `{"size":-1,"name":"a b","durability":{"type":"disperse","disperse":{"data":4,"redundancy":2}}}`,
		`{"zone":1,"hostnames":{"manage":["n"],"storage":["10.0.0.1"]},"cluster":"` + strings.Repeat("a", 32) + `","tags":{"a":"b"}}`,
		`{"state":"failed","healcheck":"disable"}`, `{"change_type":"set","tags":{"":""}}`, `{"node":"x","name":"/dev/sdb;reboot"}`,
		`{"operations":["x"]}`, `{"new_size":10}`, `{"restriction":"locked"}`, `[]`, `null`, `{"size":1e99}`, `{"snapshot":{"enable":true,"factor":1.5},"size":3}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, make := range bodies() {
			b := make()
			err := decode(httptest.NewRequest("POST", "/", strings.NewReader(text)), b)
			var bad *invalid
			switch {
			case err == nil:
				harmless(t, b)
			case errors.Is(err, rest.ErrBody), errors.Is(err, rest.ErrTooLarge):
			case !errors.As(err, &bad):
				t.Errorf("%s %q: unexpected %v", name, text, err)
			}
		}
	})
}

// harmless checks what goes into commands.
func harmless(t *testing.T, b body) {
	t.Helper()
	var words []string
	switch q := b.(type) {
	case *nodeAddRequest:
		words = append(append(words, q.Hostnames.Manage...), q.Hostnames.Storage...)
	case *deviceAddRequest:
		words = append(words, q.Name)
	case *volumeRequest:
		words = append(words, q.Name)
		if s := q.spec(); s.SizeGiB < 1 || s.GID < 0 || s.Durability.Type == "" {
			t.Errorf("accepted %+v", s)
		}
	case *volumeCloneRequest:
		words = append(words, q.Name)
	case *blockRequest:
		words = append(words, q.Name)
	}
	for _, w := range words {
		if strings.ContainsAny(w, " \t\n'\"`$;&|<>()\\*?#~") {
			t.Errorf("%T accepted %q", b, w)
		}
	}
}

// FuzzExplainQuery promises the same for the request that comes as a query.
func FuzzExplainQuery(f *testing.F) {
	for _, seed := range []string{"size=10", "size=10&durability=replicate&replica=3", "size=x", "size=1&colour=red", "size=1&size=2",
		"size=1&clusters=a,b&clusters=c&option=user.heketi.arbiter+true&block=yes", "%zz", "snapshot_factor=NaN&size=1", "size=9999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := queryRequest(query)
		if err == nil {
			err = q.check()
		}
		var bad *invalid
		switch {
		case err == nil:
			harmless(t, q)
		case !errors.As(err, &bad):
			t.Errorf("%q: unexpected %v", query, err)
		}
	})
}
