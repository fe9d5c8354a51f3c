package expand

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// known holds an error of a parser to its promise: every fault is a FieldError, and there are no more than are told.
func known(t *testing.T, err error) {
	t.Helper()
	var f *FieldError
	if !errors.As(err, &f) {
		t.Fatalf("%v", err)
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > mostFaults {
		t.Fatalf("%d faults", len(all.Unwrap()))
	}
}

// FuzzParse: what is read is written and read back the same, and what is valid then expands.
func FuzzParse(f *testing.F) {
	f.Add(`{"org":1,"name":"x","plan":{"Name":"Small","ScaleFactor":0.5},"overrides":{"graphite":{"replicas":2,"env":{"A":"b"}}},"importer":{},"color":"b"}`)
	f.Add(`{"tsdbAuth":{"k":{"isAdmin":true,"orgId":1}},"jobData":{"id":"x"},"overridesA":{"metrictank":{"cpu":1}}}`)
	f.Add(`{"org":1e9,"name":"\u0000","name":null,"plan":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		i, err := Parse([]byte(text))
		if err != nil {
			known(t, err)
			return
		}
		out, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(out); err != nil || !reflect.DeepEqual(again, i) {
			t.Fatalf("%v\n%+v\n%+v", err, i, again)
		}
		c := DefaultConfig()
		i = c.Complete(i, func() string { return "drawn" })
		if err := c.Validate(i); err != nil {
			known(t, err)
			return
		}
		if _, err := c.Expand(i, Options{Standby: true}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzParseConfig: what is read can be used, and differs from itself in nothing.
func FuzzParseConfig(f *testing.F) {
	f.Add("plans: {tiny: {partitions: 1, cpu: 1, mem: 1}}\ncomponents: {metrictank: {image: a/b, version: c, env: {A: 1}}}\n")
	f.Add("defaults: {plan: small, schemas: \"[a]\\npattern = x\\nretentions = 1s:1d\\n\"}\nkafka: {brokers: ['[::1]:9092']}\ndomain: a.b\n")
	f.Add("plans: null\nnodeSelector: {a: 1}\ncassandra: {hosts: [a], replication: {class: x}}\n--- \n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		c, err := ParseConfig([]byte(text))
		if err != nil {
			known(t, err)
			return
		}
		if d := c.Changes(c); len(d) != 0 {
			t.Fatalf("%v", d)
		}
		i := c.Complete(Instance{Org: 1, Name: "x"}, func() string { return "drawn" })
		if _, err := c.Expand(i, Options{}); err != nil {
			t.Fatal(err)
		}
	})
}

func fuzzStorage(f *testing.F, check func(*faults, string, string)) {
	f.Fuzz(func(t *testing.T, text string) {
		all := &faults{}
		check(all, "field", text)
		lines := strings.Count(text, "\n") + 1
		for _, err := range all.all {
			e := err.(*FieldError)
			if e.Field != "field" || e.Line < 0 || e.Line > lines || e.Reason == "" || strings.ContainsRune(e.Reason, '\n') {
				t.Fatalf("%+v", e)
			}
		}
	})
}

func FuzzSchemas(f *testing.F) {
	f.Add(DefaultConfig().Defaults.Schemas)
	f.Add("[a]\npattern = (\nretentions = 60:1440,1h:18446744073709551615y:0:65536:t\npriority=1\nreorderBuffer=\n[a]\n=\n")
	fuzzStorage(f, (*faults).schemas)
}

func FuzzAggregations(f *testing.F) {
	f.Add(DefaultConfig().Defaults.Aggregations)
	f.Add("[a]\npattern = \\\nxFilesFactor = 1e-400\naggregationMethod = ,\n")
	fuzzStorage(f, (*faults).aggregations)
}

func FuzzIndexRules(f *testing.F) {
	f.Add(DefaultConfig().Defaults.IndexRules)
	f.Add("[ ]\npattern\nmax-stale = 1h1\n;\n#")
	fuzzStorage(f, (*faults).indexRules)
}

// FuzzDiff: no text breaks it, equal sides never differ, and a Secret's values are not shown.
func FuzzDiff(f *testing.F) {
	f.Add(`{"kind":"Secret","data":{"a":"canary"}}`, `{"kind":"Secret","data":{"a":"canary2"},"metadata":{"labels":1}}`)
	f.Add(`{"data":["canary"],"spec":{"env":[{"name":"PASSWORD","value":1},[{"value":2}]]}}`, `null`)
	f.Fuzz(func(t *testing.T, was, is string) {
		if len(was)+len(is) > 1<<12 {
			return
		}
		Diff([]Pair{{Kind: "Deployment", Name: "x", Old: []byte(was), New: []byte(is)}})
		if d := Diff([]Pair{{Kind: "Secret", Name: "x", Old: []byte(was), New: []byte(was)}}); d != "" {
			t.Fatal(d)
		}
		secret, err := json.Marshal(map[string]any{"kind": "Secret", "data": map[string]string{was: "canary" + is}})
		if err != nil || strings.Contains(was, "canary") {
			return
		}
		if d := Diff([]Pair{{Kind: "Secret", Name: "x", New: secret}}); strings.Contains(d, "canary") {
			t.Fatal(d)
		}
	})
}
