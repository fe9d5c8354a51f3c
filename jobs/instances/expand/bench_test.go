package expand_test

import (
	"bytes"
	"testing"

	"yardmaster/jobs/instances/expand"
)

func large() expand.Instance {
	return complete(expand.Instance{Org: 1, Name: "large", Plan: expand.Plan{Name: "Large"}})
}

func BenchmarkExpandLarge(b *testing.B) {
	c, i := expand.DefaultConfig(), large()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Expand(i, expand.Options{Standby: true}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDiffLarge(b *testing.B) {
	was := expanded(b, expand.DefaultConfig(), large(), expand.Options{Standby: true})
	is := expanded(b, expand.DefaultConfig(), large(), expand.Options{Standby: true})
	for n := range was {
		was[n].Text = bytes.ReplaceAll(was[n].Text, []byte(":v0.11.0"), []byte(":other"))
	}
	pairs := against(was, is)
	b.ReportAllocs()
	for b.Loop() {
		if expand.Diff(pairs) == "" {
			b.Fatal("no difference")
		}
	}
}
