package sim

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// FuzzRun plays any script: it may fail in any way, but neither panic nor outlast its deadline, nor leave a world that
// cannot be read again.
func FuzzRun(f *testing.F) {
	f.Add(brickScript("a"))
	f.Add(brickGone("a"))
	for _, tt := range refusals {
		f.Add(tt.before + "\n" + tt.script)
	}
	for _, tt := range glusterCases {
		f.Add("gluster --mode=script " + tt.script)
	}
	f.Add("exec < /tmp; flock -w 1 0; cat | xargs -n1 echo; (exec < /etc; flock 0)")
	f.Add("f() { f; }; f")
	f.Add("x=$(lvs --reportformat json | tr -d ' ' | cut -d: -f2 | sort -u | head -n 1); echo ${x##*:} | sed 's/\\(a\\)/\\1/g'")
	f.Add("gluster-block create v1/b ha 1 s1 1GiB --json; trap 'echo x' EXIT; wait; sleep 0 & wait")
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 4096 {
			t.Skip()
		}
		file := filepath.Join(t.TempDir(), "world")
		c, err := New(Options{File: file, AutoNodes: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _ = c.Run(ctx, "node1", script)
		want := c.Inventory()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := New(Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		if diff := diffWorld(want, again.Inventory()); diff != "" {
			t.Error(diff)
		}
		again.Close()
	})
}

// FuzzParse reads any script without playing it.
func FuzzParse(f *testing.F) {
	f.Add(brickScript("a"))
	f.Add("echo ~x <(y) {1..9}")
	f.Fuzz(func(t *testing.T, script string) {
		if file, err := parse(script); err == nil && file == nil {
			t.Error("neither a script nor a reason")
		}
	})
}

// FuzzSed edits any text.
func FuzzSed(f *testing.F) {
	f.Add("/brick_1/d", "a\nbrick_1\n")
	f.Add(`s/\(a\)b/\1/g;2d`, "ab\nab")
	f.Add(`\,x,!p`, "")
	f.Fuzz(func(t *testing.T, script, text string) {
		edits, err := parseSed(script, false)
		if err == nil {
			applySed(edits, text, false)
		}
	})
}
