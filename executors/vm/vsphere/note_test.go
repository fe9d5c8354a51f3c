package vsphere

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestANoteSaysWhoMadeTheMachineOfWhat(t *testing.T) {
	made := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	got := note{Name: "blue-fox", CreatedBy: "pooler", Template: "templates/debian", Created: made, Mark: "op1"}.text()
	want := `{
  "base_template": "templates/debian",
  "created_by": "pooler",
  "creation_timestamp": "2026-03-04T05:06:07Z",
  "mark": "op1",
  "name": "blue-fox"
}`
	if got != want {
		t.Errorf("got %s", got)
	}
	says := read(tagged(got, "ada"))
	if template, mark := says.value(noteTemplate), says.value(noteMark); template != "templates/debian" || mark != "op1" {
		t.Errorf("template %q, mark %q", template, mark)
	}
}

func TestATagChangesNothingButTheUser(t *testing.T) {
	tests := []struct{ name, before, user, after string }{
		{"put in", `{"name":"a"}`, "ada", `{"name":"a","user":"ada"}`},
		{"changed", `{"name":"a","user":"ada"}`, "bob", `{"name":"a","user":"bob"}`},
		{"taken out", `{"name":"a","user":"ada"}`, "", `{"name":"a"}`},
		{"fields of others stay as they are",
			`{"cost":12345678901234567890,"list":[1,{"x":null}]}`, "ada",
			`{"cost":12345678901234567890,"list":[1,{"x":null}],"user":"ada"}`},
		{"of nothing", "", "ada", `{"user":"ada"}`},
		{"of text that is no note", "do not touch!", "ada", `{"notes":"do not touch!","user":"ada"}`},
		{"of JSON that is no note", "[1]", "ada", `{"notes":"[1]","user":"ada"}`},
		{"with signs of all kinds", "{}", `o'neil "<&>" \ ü`, `{"user":"o'neil \"<&>\" \\ ü"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tagged(tt.before, tt.user)
			var flat strings.Builder
			e := json.NewEncoder(&flat)
			e.SetEscapeHTML(false)
			if err := e.Encode(json.RawMessage(got)); err != nil {
				t.Fatal(err)
			}
			if strings.TrimSpace(flat.String()) != tt.after {
				t.Errorf("got %s, want %s", flat.String(), tt.after)
			}
			if again := tagged(got, tt.user); again != got {
				t.Errorf("again: %s", again)
			}
		})
	}
}

func FuzzTagged(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"user":1}`, `{"base_template":["x"]}`, "text", `{"a":{"b":[1e400]}}`, "\xff", `{"user":"a","user":"b"}`,
	} {
		f.Add(seed, "ada")
	}
	f.Fuzz(func(t *testing.T, annotation, user string) {
		read(annotation).value(noteMark)
		got := tagged(annotation, user)
		var fields map[string]any
		if err := json.Unmarshal([]byte(got), &fields); err != nil && read(annotation) == nil {
			t.Fatalf("%q is no JSON: %v", got, err)
		}
		if again := tagged(got, user); again != got && len(got) <= noteMost {
			t.Fatalf("%q, again %q", got, again)
		}
		if _, there := fields[noteUser]; there != (user != "") && len(fields) > 0 {
			t.Fatalf("%q with user %q", got, user)
		}
	})
}
