package sim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yardmaster/executors/vm"
)

func machinesFile(t *testing.T) string { return filepath.Join(t.TempDir(), "machines.json") }

func TestMachinesSurviveARestart(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	made(t, s, "web")
	steps := []error{
		s.AddDisk(t.Context(), pool, "web", "d1", 8),
		s.Snapshot(t.Context(), pool, "web", "s1"),
		s.Tag(t.Context(), pool, "web", "ada"),
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	want := inspect(t, s, "web")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, Options{File: path})
	got := inspect(t, again, "web")
	if !got.Booted.Equal(want.Booted) || !got.Snapshots[0].Taken.Equal(want.Snapshots[0].Taken) {
		t.Errorf("times: got %+v, want %+v", got, want)
	}
	got.Booted, got.Snapshots[0].Taken = want.Booted, want.Snapshots[0].Taken
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := again.Destroy(t.Context(), pool, "web"); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Inspect("web"); ok {
		t.Error("the closed one, asked again, does not look into the file")
	}
	if next := made(t, s, "web"); next.Serial <= want.Serial {
		t.Errorf("serial %d after %d", next.Serial, want.Serial)
	}
}

func TestAMachineThatOneChangesTheOtherSees(t *testing.T) {
	path := machinesFile(t)
	one, two := open(t, Options{File: path}), open(t, Options{File: path})
	for i := range 20 {
		made(t, one, "web")
		if m := inspect(t, two, "web"); m.Serial != uint64(i+1) {
			t.Fatalf("round %d: got %+v", i, m)
		}
		if err := two.Destroy(t.Context(), pool, "web"); err != nil {
			t.Fatal(err)
		}
		if _, err := one.Get(t.Context(), pool, "web"); !errors.Is(err, vm.ErrNotFound) {
			t.Fatalf("round %d: %v", i, err)
		}
	}
}

func TestAFileThatWasTakenAwayIsAnEmptyWorld(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	made(t, s, "web")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if all, err := s.List(t.Context(), pool); err != nil || len(all) > 0 {
		t.Errorf("got %v, %v", all, err)
	}
	made(t, s, "db")
}

func TestADamagedFileIsRefusedInWords(t *testing.T) {
	one := func(machines string) string { return `{"version":1,"serial":1,"machines":[` + machines + `]}` }
	const host = `"serial":1,"pool":"p","host":"h","power":"on"`
	for _, tt := range []struct{ name, text, want string }{
		{"no JSON", "machines:", "invalid character"},
		{"torn", `{"version": 1, "serial": 1, "machines": [`, "unexpected end"},
		{"of another program", `{}`, "version is 0, this program reads 1"},
		{"of a later version", `{"version":2}`, "version is 2"},
		{"nameless", one(`{` + host + `}`), `machines[0]: name "" is missing`},
		{"power", one(`{"name":"a","serial":1,"pool":"p","host":"h","power":"dim"}`), `power is "dim"`},
		{"twice", one(`{"name":"a",` + host + `},{"name":"a",` + host + `}`), `machines[1]: name "a" is there twice`},
		{"serial", one(`{"name":"a",` + host + `},{"name":"b",` + host + `}`), "machines[1]: serial 1 is there twice"},
		{"serial to come", `{"version":1,"machines":[{"name":"a",` + host + `}]}`, "beyond the last, 0"},
		{"address", one(`{"name":"a",` + host + `,"ip":"10.0.0"}`), "machines[0]: a: ip:"},
		{"disk", one(`{"name":"a",` + host + `,"disks":[{"id":"d","gb":0}]}`), "disks[0]: gb is 0, the least is 1"},
		{"snapshot", one(`{"name":"a",` + host + `,"snapshots":[{"id":"s"},{"id":"s"}]}`), `snapshots[1]: id "s"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := machinesFile(t)
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := New(Options{File: path}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// holdLock keeps everybody from changing the file, as another process would that was stopped in the midst of it.
func holdLock(t *testing.T, path string) (release func()) {
	t.Helper()
	held, err := os.Open(path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() { held.Close() })
	t.Cleanup(release)
	return release
}

// queued creates machines from goroutines of their own, and comes back when all wait to be written.
func queued(t *testing.T, s *Sim, ctx context.Context, names ...string) (errs chan error) {
	t.Helper()
	errs = make(chan error, len(names))
	s.queue.Lock()
	want := len(s.queue.waiting) + len(names)
	s.queue.Unlock()
	for _, name := range names {
		go func() { errs <- s.Create(ctx, pool, name) }()
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.queue.Lock()
		waiting := len(s.queue.waiting)
		s.queue.Unlock()
		if waiting == want {
			return errs
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d changes wait, want %d", waiting, want)
		}
	}
}

func TestWhatCannotBeWrittenHasNotHappened(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	made(t, s, "web")
	release := holdLock(t, path)
	names := []string{"a", "b", "c", "web"}
	errs := queued(t, s, t.Context(), names...)
	if err := os.Mkdir(path+".new", 0o700); err != nil { // in the next version's way
		t.Fatal(err)
	}
	release()
	for range names {
		if err := <-errs; !errors.Is(err, vm.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
	if all, err := s.List(t.Context(), pool); err != nil || len(all) != 1 {
		t.Errorf("got %v, %v", all, err)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	made(t, s, "a")
}

func TestWhoWaitsForTheLockEndsWithItsContextAndHoldsUpNobody(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	made(t, s, "web")
	release := holdLock(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	hasty := queued(t, s, ctx, "a", "b", "c")
	patient := queued(t, s, t.Context(), "d", "e", "f")
	cancel()
	for range 3 {
		if err := <-hasty; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	release()
	for range 3 {
		if err := <-patient; err != nil {
			t.Error(err)
		}
	}
	if all, err := s.List(t.Context(), pool); err != nil || len(all) != 4 {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestToLookNeedsNoLock(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	made(t, s, "web")
	release := holdLock(t, path)
	created := queued(t, s, t.Context(), "db")
	if _, err := s.Get(t.Context(), pool, "web"); err != nil {
		t.Error(err)
	}
	release()
	if err := <-created; err != nil {
		t.Error(err)
	}
}

// childEnv names the file at which the children of the tests below work.
const childEnv = "YARDMASTER_SIM_CHILD"

// TestChild is no test of its own: it makes machines until it has so many, or is killed.
func TestChild(t *testing.T) {
	path := os.Getenv(childEnv)
	if path == "" {
		return // it is run by other tests
	}
	s := open(t, Options{File: path})
	for i := range childMakes {
		name := fmt.Sprintf("m-%d-%d", os.Getpid(), i)
		made(t, s, name)
		fmt.Println("made", name)
	}
}

const childMakes = 40

// startChild runs TestChild; lines are what it said.
func startChild(t *testing.T, path string) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// reports are the names of the machines that a child has made, until it ends or there are enough.
func reports(lines *bufio.Scanner, enough int) (names []string) {
	for len(names) < enough && lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "made "); ok {
			names = append(names, name)
		}
	}
	return names
}

func TestProcessesShareAFile(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path})
	var all sync.WaitGroup
	var names [2][]string
	for i := range names {
		cmd, lines := startChild(t, path)
		all.Go(func() {
			names[i] = reports(lines, childMakes)
			for lines.Scan() {
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range childMakes {
		made(t, s, fmt.Sprint("own-", i))
	}
	all.Wait()
	listed, err := s.List(t.Context(), pool)
	if err != nil || len(listed) != 3*childMakes {
		t.Errorf("listed %d, %v, want %d", len(listed), err, 3*childMakes)
	}
	serials := map[uint64]string{}
	for _, m := range listed {
		serial := inspect(t, s, m.Name).Serial
		if before, again := serials[serial]; again {
			t.Errorf("%s and %s are both number %d", m.Name, before, serial)
		}
		serials[serial] = m.Name
	}
}

func TestAKilledProcessLeavesAWholeFile(t *testing.T) {
	for _, after := range []int{1, 5, 12} {
		path := machinesFile(t)
		cmd, lines := startChild(t, path)
		names := reports(lines, after)
		cmd.Process.Kill()
		for lines.Scan() {
		}
		cmd.Wait()
		s := open(t, Options{File: path})
		for _, name := range names {
			if m := inspect(t, s, name); m.Half {
				t.Errorf("%s is half made", name)
			}
		}
		made(t, s, "next")
	}
}

// swap puts another text of the same length into a file, in place or in a file of its own, and makes it look as old.
func swap(t *testing.T, path, from, to string, inPlace bool, age time.Duration) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, target := strings.ReplaceAll(string(raw), from, to), path
	if !inPlace {
		target += ".other"
	}
	if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(target, time.Time{}, info.ModTime().Add(age)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestEveryOtherVersionIsRead(t *testing.T) {
	for _, tt := range []struct {
		name    string
		inPlace bool
		age     time.Duration
		to      string
	}{
		{"another file of the same age and size", false, 0, "bew"},
		{"the same file at another age", true, -time.Hour, "bew"},
		{"the same file of another size", true, 0, "longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := machinesFile(t)
			s := open(t, Options{File: path})
			made(t, s, "web")
			swap(t, path, `"hostname":"web"`, `"hostname":"`+tt.to+`"`, tt.inPlace, tt.age)
			if m := inspect(t, s, "web"); m.Hostname != tt.to {
				t.Errorf("got %+v", m)
			}
		})
	}
}

func TestACallThatChangesNothingWritesNothing(t *testing.T) {
	path := machinesFile(t)
	s := open(t, Options{File: path, GetRename: 100})
	made(t, s, "web")
	if _, err := s.Get(t.Context(), pool, "web"); err != nil { // which renames it, once
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	_, got := s.Get(t.Context(), pool, "web")
	_, listed := s.List(t.Context(), pool)
	_, migrated := s.Migrate(t.Context(), pool, "web")
	err = errors.Join(got, listed, migrated,
		s.Ready(t.Context(), pool, "web", ""),
		s.Tag(t.Context(), pool, "web", ""),
		s.Destroy(t.Context(), pool, "none"),
		s.DropSnapshot(t.Context(), pool, "web", "none"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("written anew, %v", err)
	}
}
