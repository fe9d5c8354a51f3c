package tests

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

var update = flag.Bool("update", false, "write the generated page")

const routesPage = "../docs/routes.md"

func TestTheRoutesPageIsCurrent(t *testing.T) {
	printed := harness.Run(t, t.TempDir(), nil, "routes")
	if printed.Code != 0 {
		t.Fatalf("yardmaster routes: exit %d: %s", printed.Code, printed.Stderr)
	}
	if *update {
		if err := os.WriteFile(routesPage, []byte(printed.Stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(routesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != printed.Stdout {
		t.Error("docs/routes.md is out of date: go test ./tests -run RoutesPage -update")
	}
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

func TestEveryLinkBetweenPagesLeadsSomewhere(t *testing.T) {
	pages := []string{"../README.md"}
	err := filepath.WalkDir("../docs", func(path string, e fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, found[1], err)
			}
		}
	}
}
