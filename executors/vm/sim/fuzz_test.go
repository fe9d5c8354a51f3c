package sim

import (
	"bytes"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"version":1}`,
		`{"version": 1, "serial": 2, "machines": [
{"name":"web","serial":1,"pool":"debian","template":"t","hostname":"web","power":"on","ip":"10.0.0.1",
 "host":"sim-host-1","booted":"2026-11-21T01:54:34Z","disks":[{"id":"d1","gb":8}],
 "snapshots":[{"id":"s1","taken":"2026-11-21T01:54:34Z","disks":[{"id":"d1","gb":8}]}]},
{"name":"db","serial":2,"pool":"debian","half":true,"power":"off","host":"sim-host-2"}
]}`,
		`{"version":1,"serial":1,"machines":[{"name":"\ud800","serial":1,"pool":"p","host":"h","power":"off"}]}`,
		`{"version":1,"serial":1,"machines":null}`, `[]`, `{"version":1,"machines":[{}]}`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := parse(raw)
		if err != nil {
			return
		}
		first, err := w.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(first)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, first)
		}
		second, err := again.encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("got %s, %v, before %s", second, err, first)
		}
	})
}
