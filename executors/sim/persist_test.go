package sim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestWorldOutlivesItsCluster(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world")
	c := trio(t, Options{File: file, Seed: 1})
	replica(t, c, "v1", "a")
	must(t, c, "node1", "gluster --mode=script snapshot create sn v1 no-timestamp && gluster --mode=script snapshot activate sn")
	want := c.Inventory()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again, err := New(Options{File: file, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := diffWorld(want, again.Inventory()); diff != "" {
			t.Error(diff)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	again, err := New(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	must(t, again, "node2", "gluster volume status v1")
	_, _, exit := play(t, again, "node2", "gluster --mode=script volume create v2 s2:"+brickPath("a"))
	if exit == 0 {
		t.Error("the brick's owner is forgotten")
	}
}

func TestTornLineIsCutOff(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world")
	c := trio(t, Options{File: file})
	want := c.Inventory()
	c.Close()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `[{"t":"node","n":"half`)
	f.Close()
	again, err := New(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := diffWorld(want, again.Inventory()); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedJournalIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world")
	if err := os.WriteFile(file, []byte("[{\"t\":\"frob\",\"n\":\"x\",\"v\":{}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{File: file}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
}

// killedEnv names the journal of the child that TestKilledProcess kills.
const killedEnv = "YARDMASTER_SIM_KILLED"

// TestKilledProcess kills a process in the middle of its work and requires of the world that it holds everything that
// was acknowledged, and one brick at most beyond.
func TestKilledProcess(t *testing.T) {
	if file := os.Getenv(killedEnv); file != "" {
		workUntilKilled(t, file)
		return
	}
	for _, after := range []int{1, 3, 7} {
		file := filepath.Join(t.TempDir(), "world")
		child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		child.Env = append(os.Environ(), killedEnv+"="+file)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range after {
			if !lines.Scan() {
				t.Fatal("the child said nothing")
			}
		}
		child.Process.Kill()
		io.Copy(io.Discard, out)
		child.Wait()
		c, err := New(Options{File: file})
		if err != nil {
			t.Fatal(err)
		}
		n := c.Inventory().Nodes["node1"]
		for i := range after {
			must(t, c, "node1", fmt.Sprintf("mountpoint -q /var/lib/heketi/mounts/vg_1/brick_%d && lvs vg_1/brick_%d", i, i))
		}
		if len(n.LVs) != len(n.Pools) || len(n.Mounts) > len(n.LVs) {
			t.Errorf("half a command survived: %v", n)
		}
		must(t, c, "node1", brickScript(fmt.Sprint(len(n.Mounts))))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func workUntilKilled(t *testing.T, file string) {
	c := trio(t, Options{File: file})
	for i := range 90 {
		must(t, c, "node1", brickScript(fmt.Sprint(i)))
		fmt.Println("made", i)
	}
}

func TestForcedCommandOverASocket(t *testing.T) {
	c := trio(t, Options{})
	socket := filepath.Join(t.TempDir(), "s")
	s, err := ServeUnix(socket, c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, tt := range []struct {
		host, command, stdin, out string
		exit                      int
	}{
		{"node1", "hostname", "", "node1\n", 0},
		{"node2", "sudo bash -c 'hostname; exit 3'", "not read", "node2\n", 3},
		{"node3", "bash -s", "set -e\nhostname\n", "node3\n", 0},
		{"node9", "hostname", "", "", 255},
	} {
		var out, errs strings.Builder
		exit := Forced(context.Background(), socket, tt.host, tt.command, strings.NewReader(tt.stdin), &out, &errs)
		if exit != tt.exit || out.String() != tt.out {
			t.Errorf("%s: exit %d, %q, %q", tt.command, exit, out.String(), errs.String())
		}
	}
}

func TestForcedCommandEndsWithItsCaller(t *testing.T) {
	c := trio(t, Options{})
	socket := filepath.Join(t.TempDir(), "s")
	s, err := ServeUnix(socket, c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c.Hook(func(string, string) { cancel() })
	var out, errs strings.Builder
	if exit := Forced(ctx, socket, "node1", "hostname; sleep 1000", nil, &out, &errs); exit != 255 {
		t.Errorf("exit %d", exit)
	}
}

func TestWantsInput(t *testing.T) {
	for command, want := range map[string]bool{
		"": true, "bash": true, "bash -s": true, "sudo bash -s": true, "sudo -n /bin/bash -es": true, "sh": true,
		"bash -c 'x'": false, "sudo bash -ec x": false, "hostname": false, "cat": false,
	} {
		if got := WantsInput(command); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
}
