package libvirt

import (
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

// rule is an answer to scripts that hold a phrase, on one host or on any.
type rule struct {
	host, phrase string
	res          executors.Result
	err          error
	times        int // 0: for ever
}

func says(phrase, stdout string) rule {
	return rule{phrase: phrase, res: executors.Result{Stdout: stdout}}
}

func refuses(phrase, stderr string) rule {
	return rule{phrase: phrase, res: executors.Result{Stderr: stderr, Exit: 1}}
}

func (r rule) on(host string) rule { r.host = host; return r }
func (r rule) once() rule          { r.times = 1; return r }

// played is one script that was run and what the fake answered.
type played struct {
	host, script string
	res          executors.Result
	err          error
}

// fake is a Runner that answers by the first rule that fits and has answers left.
type fake struct {
	mu    sync.Mutex
	rules []rule
	used  []int
	log   []played
}

func (f *fake) Run(ctx context.Context, host, script string) (executors.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := played{host: host, script: script}
	for i, r := range f.rules {
		if (r.host == "" || r.host == host) && strings.Contains(script, r.phrase) && (r.times == 0 || f.used[i] < r.times) {
			f.used[i]++
			p.res, p.err = r.res, r.err
			break
		}
	}
	f.log = append(f.log, p)
	return p.res, p.err
}

// transcript writes down what was run. What ran at once on several hosts is in the order of their names.
func (f *fake) transcript() string {
	log := slices.Clone(f.log)
	for i := 0; i < len(log); {
		j := i + 1
		for j < len(log) && sameStep(log[i], log[j]) {
			j++
		}
		slices.SortStableFunc(log[i:j], func(a, b played) int { return strings.Compare(a.host, b.host) })
		i = j
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

func sameStep(a, b played) bool {
	return a.host != b.host && strings.ReplaceAll(a.script, a.host, "") == strings.ReplaceAll(b.script, b.host, "")
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

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// newTest gives a Provider over a fake, whose clock stands and which waits for nothing.
func newTest(t *testing.T, opt Options, rules ...rule) (*Provider, *fake) {
	t.Helper()
	f := &fake{rules: rules, used: make([]int, len(rules))}
	if opt.Hosts == nil {
		opt.Hosts = []string{"hv1"}
	}
	opt.URI = "qemu+ssh://{host}/system"
	if opt.Now == nil {
		opt.Now = func() time.Time { return noon }
	}
	p, err := New(f, opt)
	if err != nil {
		t.Fatal(err)
	}
	p.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return p, f
}
