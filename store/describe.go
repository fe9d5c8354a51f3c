package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Schema prints docs/schema.md from the tables and the records' types, so that it cannot say what the file does not hold.
func Schema() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# control.db\n\nPrinted from the tables in store/schema.go; a test compares it. Schema %s, version %d.\n\n", schema.Name, schema.Version)
	b.WriteString("Each table is a bucket of JSON records; each index is a bucket named `<table>/<index>`. An optional field is left out " +
		"of a record when it is empty. A unique index lets no two records have one key.\n")
	describe(&b, Clusters)
	describe(&b, Nodes)
	describe(&b, Devices)
	describe(&b, Volumes)
	describe(&b, Bricks)
	describe(&b, BlockVolumes)
	describe(&b, Operations)
	describe(&b, Settings)
	describe(&b, VMs)
	describe(&b, PoolOverrides)
	describe(&b, Tokens)
	describe(&b, Users)
	describe(&b, VMRequests)
	describe(&b, poolCounts)
	describe(&b, poolDays)
	describe(&b, tagDays)
	describe(&b, vmTags)
	describe(&b, usageDays)
	describe(&b, ConfigObjects)
	describe(&b, baseConfigs)
	describe(&b, configPatches)
	describe(&b, configBindings)
	describe(&b, materialized)
	describe(&b, ConfigUpgrades)
	describe(&b, platformChecks)
	describe(&b, Instances)
	return b.String()
}

func describe[V any](b *strings.Builder, t Table[V]) {
	fmt.Fprintf(b, "\n## %s\n\n| field | type | |\n| --- | --- | --- |\n", t.kv.Name)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[V]()) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		optional := ""
		if strings.HasPrefix(options, "omit") {
			optional = "optional"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, shape(f.Type), optional)
	}
	var plain, unique []string
	for _, x := range t.kv.Indexes {
		if x.Unique {
			unique = append(unique, "`"+x.Name+"`")
		} else {
			plain = append(plain, "`"+x.Name+"`")
		}
	}
	for title, names := range [2][]string{plain, unique} {
		if len(names) > 0 {
			fmt.Fprintf(b, "\n%s: %s\n", [2]string{"Indexes", "Unique indexes"}[title], strings.Join(names, ", "))
		}
	}
}

// shape is a field's type as the JSON has it.
func shape(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[json.RawMessage]():
		return "JSON"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shape(t.Elem())
	case reflect.Slice:
		return "list of " + shape(t.Elem())
	case reflect.Map:
		return "map of " + shape(t.Elem())
	case reflect.Struct:
		var names []string
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
		return "{" + strings.Join(names, ", ") + "}"
	}
	return t.Kind().String()
}
