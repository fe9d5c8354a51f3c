package store

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("update", false, "write the generated page")

const schemaPage = "../docs/schema.md"

func TestTheSchemaPageIsCurrent(t *testing.T) {
	if *rewrite {
		if err := os.WriteFile(schemaPage, []byte(Schema()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(schemaPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Schema() {
		t.Error("docs/schema.md is out of date: go test ./store -update")
	}
}

func TestTheSchemaPageHasEveryTable(t *testing.T) {
	if got := strings.Count(Schema(), "\n## "); got != len(schema.Tables) {
		t.Errorf("%d tables are described, the schema has %d", got, len(schema.Tables))
	}
}
