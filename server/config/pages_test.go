package config

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated pages")

const (
	referencePage = "../../docs/configuration.md"
	exampleFile   = "../../yardmaster.example.yaml"
)

func TestReferencePageIsCurrent(t *testing.T) {
	if *update {
		if err := os.WriteFile(referencePage, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Reference() {
		t.Error("docs/configuration.md is out of date: go test ./server/config -update")
	}
}

func example(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// apply reads YAML and nothing else, as far as keys and values go.
func apply(t *testing.T, text string) *loader {
	t.Helper()
	l := newLoader(files{"example": text}.read)
	if err := l.yamlFile("example"); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestExampleShowsTheDefaults(t *testing.T) {
	l := apply(t, example(t))
	plain := newTable().defaults()
	for _, o := range Options() {
		if got, want := o.Show(l.cfg), o.Show(plain); got != want {
			t.Errorf("%s is %q in the example, the default is %q", o.Key, got, want)
		}
	}
}

var commentedOut = regexp.MustCompile(`(?m)^( *)#((?:  - |    )?[a-z0-9_]+:(?: |$))`)

func TestExampleNamesEveryKey(t *testing.T) {
	text := example(t)
	// The lists are there twice, empty and filled: only the filled ones stay.
	text = regexp.MustCompile(`(?m)^  (users|tokens|providers|list|deployments|reports): \[\]\n`).ReplaceAllString(text, "")
	l := apply(t, commentedOut.ReplaceAllString(text, "$1$2"))
	for _, o := range Options() {
		if l.from[o.Key].rank != rankFile {
			t.Errorf("%s is not in yardmaster.example.yaml", o.Key)
		}
	}
}

func TestExampleNamesEveryFieldOfLists(t *testing.T) {
	text := example(t)
	for _, o := range Options() {
		for _, p := range o.parts {
			if name := p.name[strings.LastIndex(p.name, ".")+1:]; !strings.Contains(text, name+":") {
				t.Errorf("%s[].%s is not in yardmaster.example.yaml", o.Key, p.name)
			}
		}
	}
}

func TestUsageNamesEveryFlag(t *testing.T) {
	usage := Usage()
	for _, o := range Options() {
		if o.Flag != "" && !strings.Contains(usage, "--"+o.Flag+" ") {
			t.Errorf("usage does not name --%s", o.Flag)
		}
	}
}
