package native

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	eventjobs "yardmaster/jobs/events"
	"yardmaster/server/rest"
)

func TestABodyIsSplitIntoMessages(t *testing.T) {
	as := eventjobs.Incoming{Deployment: "d", Exchange: "nova", RoutingKey: "info"}
	for _, c := range []struct {
		name, body string
		want       []string // routing key and body of each
	}{
		{"one", `{"a":1}`, []string{`info {"a":1}`}},
		{"a list", ` [{"a":1}, {"b":2}]`, []string{`info {"a":1}`, `info {"b":2}`}},
		{"a pair", `["error", {"a":1}]`, []string{`error {"a":1}`}},
		{"pairs", `[["error", {"a":1}], {"b":2}]`, []string{`error {"a":1}`, `info {"b":2}`}},
		{"lines", "{\"a\":1}\n\n[\"error\",{\"b\":2}]\r\nno JSON\n", []string{`info {"a":1}`, `error {"b":2}`, `info no JSON`}},
		{"over several lines", "{\n\"a\": 1\n}", []string{"info {\n\"a\": 1\n}"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := split([]byte(c.body), as)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, m := range got {
				texts = append(texts, m.RoutingKey+" "+string(m.Body))
				if m.Deployment != "d" || m.Exchange != "nova" {
					t.Errorf("%+v", m)
				}
			}
			if strings.Join(texts, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, want %q", texts, c.want)
			}
		})
	}
	for name, key := range map[string]string{"long": strings.Repeat("k", keyMost+1), "long and written otherwise": strings.Repeat(`\u006b`, keyMost+1),
		"as long as the body": strings.Repeat("k", 1<<20), "not printable": `\u0000`} {
		for _, body := range []string{`["` + key + `", {"a":1}]`, `[{"b":2}, ["` + key + `", {"a":1}]]`, "{\"b\":2}\n[\"" + key + "\", {\"a\":1}]"} {
			if _, err := split([]byte(body), as); !errors.Is(err, errFilter) || len(err.Error()) > 200 {
				t.Errorf("a routing key that is %s: %v", name, err)
			}
		}
	}
	longest := strings.Repeat("k", keyMost)
	for _, written := range []string{longest, strings.Repeat(`\u006b`, keyMost)} {
		if got, err := split([]byte(`["`+written+`", {}]`), as); err != nil || got[0].RoutingKey != longest {
			t.Errorf("the longest key there may be: %v", err)
		}
	}
	if _, err := split([]byte(" \n"), as); !errors.Is(err, errFilter) {
		t.Errorf("an empty body: %v", err)
	}
	for _, many := range [][]byte{bytes.Repeat([]byte("1\n"), splitMost+1), append(append([]byte("[1"), bytes.Repeat([]byte(",1"), splitMost)...), ']')} {
		if _, err := split(many, as); !errors.Is(err, rest.ErrTooLarge) {
			t.Errorf("%d messages: %v", splitMost+1, err)
		}
	}
}

func TestNamesOfSourcesArePlain(t *testing.T) {
	for name, want := range map[string]bool{"": true, "cell-1": true, "Zürich 1": true, "a\x00": false, "a\nb": false, "\xff": false,
		strings.Repeat("x", nameMost): true, strings.Repeat("x", nameMost+1): false} {
		if got := plain(name, nameMost); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
