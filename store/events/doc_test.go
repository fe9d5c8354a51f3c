package events

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The drawing in the package comment must have what the schema has, and nothing else.
func TestTheDrawingIsTheSchema(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var drawn, have []string
	for _, line := range regexp.MustCompile(`(?m)^//\t(\S.*)$`).FindAllStringSubmatch(string(source), -1) {
		if names := strings.Split(line[1], ", "); len(names) > 2 && !strings.Contains(line[1], "  ") {
			drawn = append(drawn, names...) // the line of tables
		} else {
			drawn = append(drawn, regexp.MustCompile(`^\w+`).FindString(line[1]))
		}
	}
	for _, s := range schema.Series {
		have = append(have, s.Name)
	}
	for _, table := range schema.Tables {
		have = append(have, reflect.ValueOf(table).Elem().FieldByName("Name").String())
	}
	slices.Sort(drawn)
	slices.Sort(have)
	if !slices.Equal(drawn, have) {
		t.Errorf("drawn are\n%v, the schema has\n%v", drawn, have)
	}
}

func TestTheDrawingHasEveryTag(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	index := string(source[strings.Index(string(source), "index/<part>"):strings.Index(string(source), "//	parts ")])
	for _, tag := range []byte{tagWhen, tagInstance, tagUUID, tagRequest, tagHost, tagType, tagTenant, tagDeployment, tagMessage, tagOfInstance, tagByTook, tagByName} {
		if !regexp.MustCompile(`[\s,]` + string(tag) + `[\s,]`).MatchString(index) {
			t.Errorf("tag %c is not drawn", tag)
		}
	}
}
