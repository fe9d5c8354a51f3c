package gluster

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors"
)

var update = flag.Bool("update", false, "write the transcripts anew")

// played is one script that was run and what the fake answered.
type played struct {
	host, script string
	res          executors.Result
	err          error
}

// fake is a Runner that answers by rules: the first rule whose phrase is in the script, and that has answers left.
type fake struct {
	mu    sync.Mutex
	rules []*rule
	log   []played
}

type rule struct {
	phrase string
	res    executors.Result
	err    error
	times  int // 0: for ever
}

func (f *fake) Run(_ context.Context, host, script string) (executors.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var res executors.Result
	var err error
	for _, r := range f.rules {
		if r.times >= 0 && strings.Contains(script, r.phrase) {
			res, err = r.res, r.err
			if r.times == 1 {
				r.times = -1
			} else if r.times > 1 {
				r.times--
			}
			break
		}
	}
	f.log = append(f.log, played{host, script, res, err})
	return res, err
}

// transcript writes down what was run. What this package runs at once on several hosts, or on one, is put in one order; beside
// are those that a clone runs at once and its undo one after another.
func (f *fake) transcript(beside ...string) string {
	log := slices.Clone(f.log)
	rank := func(p played) int { return rank(p, append(beside, often...)) }
	for i := 0; i < len(log); {
		j := i
		for j < len(log) && rank(log[j]) > 0 {
			j++
		}
		slices.SortStableFunc(log[i:j], func(a, b played) int { return cmp.Or(rank(a)-rank(b), cmp.Compare(a.host, b.host)) })
		i = max(j, i+1)
	}
	var s strings.Builder
	for _, p := range log {
		fmt.Fprintf(&s, "==> %s\n%s<== ", p.host, p.script)
		if p.err != nil {
			fmt.Fprintf(&s, "error: %v\n", p.err)
			continue
		}
		fmt.Fprintf(&s, "exit %d\n%s", p.res.Exit, p.res.Stdout)
		if p.res.Stderr != "" {
			fmt.Fprintf(&s, "<-- stderr\n%s\n", p.res.Stderr)
		}
	}
	return s.String()
}

// often are in the scripts that run on several hosts at once.
var often = []string{"echo 'tmpsnap_", "/proc/mounts", "vg_name,lv_name,pool_lv", "lvremove", "sync"}

// whileCloning are in the scripts that finish a clone.
var whileCloning = []string{"G volume start clone_b", "G snapshot delete", "--xml volume info clone_b"}

// rank orders the scripts that may run beside others; 0 is for those that run alone.
func rank(p played, phrases []string) int {
	for i, phrase := range phrases {
		if strings.Contains(p.script, phrase) && !strings.Contains(p.script, "lvcreate") {
			return i + 1
		}
	}
	return 0
}

// checkGolden compares with testdata, or writes it under -update.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// newTest gives a Gluster over a fake, which waits for nothing.
func newTest(opt Options, rules ...*rule) (*Gluster, *fake) {
	f := &fake{}
	for _, r := range rules {
		own := *r // a table of tests keeps its rules
		f.rules = append(f.rules, &own)
	}
	g := New(f, opt)
	g.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return g, f
}

func says(phrase, stdout string) *rule {
	return &rule{phrase: phrase, res: executors.Result{Stdout: stdout}}
}

func refuses(phrase, stderr string, exit int) *rule {
	return &rule{phrase: phrase, res: executors.Result{Stderr: stderr, Exit: exit}}
}

func (r *rule) once() *rule { r.times = 1; return r }

// id makes a record's id of a small number.
func id(n int) string { return fmt.Sprintf("%032x", n) }

// testBrick is the n-th brick, on node 1 to 3 in turn.
func testBrick(n int) Brick {
	vg, lv := "vg_"+id(0x100+n%3), "brick_"+id(n)
	return Brick{
		ID: id(n), Host: fmt.Sprintf("node%d", n%3+1), Storage: fmt.Sprintf("10.0.0.%d", n%3+1), VG: vg, LV: lv, Pool: "tp_" + id(n),
		Path:    "/var/lib/heketi/mounts/" + vg + "/" + lv + "/brick",
		SizeKiB: 10 << 20, PoolKiB: 10 << 20, MetaKiB: 53248,
	}
}

// testVolume is a volume of replicated sets.
func testVolume(sets int) Volume {
	v := Volume{Name: "vol_a", ID: id(0xa), Durability: Replicate, Replica: 3}
	for s := range sets {
		v.Sets = append(v.Sets, []Brick{testBrick(3 * s), testBrick(3*s + 1), testBrick(3*s + 2)})
	}
	return v
}
