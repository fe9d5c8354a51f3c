package sim

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"yardmaster/executors"
)

func TestFaultFails(t *testing.T) {
	c := trio(t, Options{})
	defer c.Inject(Fault{Host: "node1", Match: regexp.MustCompile(`lvcreate.*tp_`), Effect: Fail, Exit: 5, Stderr: "device busy", Times: 1})()
	_, errs, exit := play(t, c, "node1", brickScript("a"))
	if exit != 5 || !strings.Contains(errs, "device busy") {
		t.Errorf("exit %d: %q", exit, errs)
	}
	if got := c.Inventory().Nodes["node1"].LVs; len(got) > 0 {
		t.Errorf("the failed command ran: %v", got)
	}
	must(t, c, "node2", brickScript("a"))
	must(t, c, "node1", brickScript("a"))
}

func TestFaultLosesTheSuccess(t *testing.T) {
	for _, tt := range []struct {
		name string
		exit int
	}{{"of a command", 5}, {"with the connection", 0}} {
		t.Run(tt.name, func(t *testing.T) {
			c := trio(t, Options{})
			struck := 0
			remove := c.Inject(Fault{Match: regexp.MustCompile(`mkfs`), Effect: Lost, Exit: tt.exit, Times: 1, After: func() { struck++ }})
			defer remove()
			res, err := c.Run(t.Context(), "node1", brickScript("a"))
			if tt.exit == 0 && !errors.Is(err, executors.ErrLost) || tt.exit != 0 && res.Exit != tt.exit {
				t.Errorf("exit %d, %v", res.Exit, err)
			}
			if out := must(t, c, "node1", "blkid -o value -s TYPE /dev/vg_1/brick_a"); out != "xfs\n" {
				t.Errorf("the command did not run: %q", out)
			}
			if struck != 1 {
				t.Errorf("struck %d times", struck)
			}
		})
	}
}

func TestFaultHangsUntilReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{AutoNodes: true})
		if err != nil {
			t.Fatal(err)
		}
		release := c.Inject(Fault{Match: regexp.MustCompile("^mkdir"), Effect: Hang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Run(ctx, "n", "mkdir /a"); !errors.Is(err, executors.ErrLost) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a hung command ended with %v", err)
		}
		done := make(chan error)
		go func() {
			_, err := c.Run(t.Context(), "n", "mkdir /b")
			done <- err
		}()
		synctest.Wait()
		release()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if out := must(t, c, "n", "ls -d /b; ls -d /a 2>/dev/null || true"); out != "/b\n" {
			t.Errorf("%q", out)
		}
	})
}

func TestLatencyAndSlowness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{AutoNodes: true, Latency: func(string) time.Duration { return 20 * time.Millisecond }})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Inject(Fault{Match: regexp.MustCompile("^sync"), Effect: Slow, Delay: time.Second})()
		start := time.Now()
		must(t, c, "n", "hostname; hostname; test -d /; sync")
		if took := time.Since(start); took != 1060*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestPowerCutLosesTheScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{AutoNodes: true})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := c.Run(t.Context(), "n", "mkdir /a; sleep 1000; mkdir /b")
			done <- err
		}()
		synctest.Wait()
		if err := c.Down("n"); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, executors.ErrLost) {
			t.Errorf("the script ended with %v", err)
		}
		if _, err := c.Run(t.Context(), "n", ":"); !errors.Is(err, executors.ErrUnreachable) {
			t.Errorf("a dead node answered %v", err)
		}
		if err := c.Up("n"); err != nil {
			t.Fatal(err)
		}
		if out := must(t, c, "n", "ls -d /a /b 2>/dev/null || true"); out != "/a\n" {
			t.Errorf("%q", out)
		}
	})
}

func TestUnknownHostIsUnreachable(t *testing.T) {
	c := trio(t, Options{})
	if _, err := c.Run(t.Context(), "node9", ":"); !errors.Is(err, executors.ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestHookSeesCommandsInOrder(t *testing.T) {
	c := trio(t, Options{})
	var mu sync.Mutex
	var seen []string
	c.Hook(func(host, command string) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, host+": "+command)
	})
	must(t, c, "node2", `sudo bash -c 'set -e; mkdir /a; if true; then rmdir /a; fi' && echo done`)
	want := "node2: mkdir /a|node2: rmdir /a"
	if got := strings.Join(seen, "|"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLockKeepsScriptsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{AutoNodes: true})
		if err != nil {
			t.Fatal(err)
		}
		const locked = "exec < /tmp; flock -w 60 0 || exit 75; "
		held := make(chan error)
		go func() {
			_, err := c.Run(t.Context(), "n", locked+"sleep 30; echo first >> /tmp/log")
			held <- err
		}()
		synctest.Wait()
		if _, _, exit := play(t, c, "n", "exec < /tmp; flock -n 0"); exit != 1 {
			t.Errorf("a held lock was given: exit %d", exit)
		}
		must(t, c, "m", locked+":") // another machine
		must(t, c, "n", locked+"echo second >> /tmp/log")
		if err := <-held; err != nil {
			t.Fatal(err)
		}
		if out := must(t, c, "n", "cat /tmp/log"); out != "first\nsecond\n" {
			t.Errorf("order: %q", out)
		}
	})
}

func TestLockEndsWithItsSubshell(t *testing.T) {
	c := trio(t, Options{})
	out := must(t, c, "node1", "set -e; (\n exec < /tmp\n flock -w 5 0 || exit 75\n echo in\n)\n bash -c 'true'; echo out")
	if out != "in\nout\n" {
		t.Fatalf("%q", out)
	}
	_, _, exit := play(t, c, "node1", "( exec < /tmp; flock 0; false ) || exit 9")
	if exit != 9 {
		t.Errorf("the subshell's status is lost: %d", exit)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.locks) > 0 {
		t.Errorf("locks left: %v", c.locks)
	}
}

func TestAutoNodes(t *testing.T) {
	c, err := New(Options{AutoNodes: true})
	if err != nil {
		t.Fatal(err)
	}
	must(t, c, "manage1", "gluster --mode=script peer probe 10.0.0.2")
	for _, host := range []string{"manage1", "manage2"} {
		must(t, c, host, "pvcreate -qq --metadatasize=128M /dev/sdb && vgcreate -qq vg_1 /dev/sdb")
		must(t, c, host, brickScript("a"))
	}
	must(t, c, "manage1", "gluster --mode=script volume create v replica 2 10.0.0.1:"+brickPath("a")+" 10.0.0.2:"+brickPath("a"))
	must(t, c, "manage2", "gluster --mode=script volume start v")
	inv := c.Inventory()
	if len(inv.Nodes) != 2 || len(inv.Peers) != 1 || strings.Join(inv.Peers[0], " ") != "10.0.0.1 10.0.0.2" {
		t.Errorf("nodes %d, peers %v", len(inv.Nodes), inv.Peers)
	}
	if out := must(t, c, "manage1", "vgs --noheadings --units k -o vg_size vg_1"); strings.TrimSpace(out) != "524152832.00k" {
		t.Errorf("size of a device that sprang up: %q", out)
	}
}

func TestParallelScriptsOnManyNodes(t *testing.T) {
	c := trio(t, Options{})
	var work sync.WaitGroup
	for _, host := range []string{"node1", "node2", "node3"} {
		for _, id := range []string{"a", "b", "c", "d"} {
			work.Go(func() {
				for range 3 {
					for _, script := range []string{brickScript(id), brickGone(id)} {
						if res, err := c.Run(context.Background(), host, script); err != nil || res.Exit != 0 {
							t.Errorf("%s %s: %v %v", host, id, res, err)
						}
					}
				}
			})
		}
	}
	work.Wait()
	if left := c.Orphans(func(string) bool { return false }); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOutputIsBounded(t *testing.T) {
	c := trio(t, Options{})
	out, _, _ := play(t, c, "node1", `x=0123456789abcdef; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; x=$x$x$x$x; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo $x$x$x$x$x$x$x$x; done; while :; do :; done`)
	if len(out) > maxOutput {
		t.Errorf("%d bytes", len(out))
	}
}

var _ io.Writer = (*bounded)(nil)

// A topology whose machines are managed under other names than they store under is loaded node by node: look, then probe.
func TestAutoNodesLearnTheirStorageNamesFromTheProbe(t *testing.T) {
	c, err := New(Options{AutoNodes: true})
	if err != nil {
		t.Fatal(err)
	}
	must(t, c, "manage1", "systemctl is-active glusterd")
	for _, n := range []string{"2", "3", "4"} {
		must(t, c, "manage"+n, "systemctl is-active glusterd")
		must(t, c, "manage1", "gluster --mode=script peer probe 10.0.0."+n)
	}
	for i, n := range []string{"1", "2", "3", "4"} {
		must(t, c, "manage"+n, "pvcreate -qq --metadatasize=128M /dev/disk/by-id/x_1-2:3.4 && vgcreate -qq vg_1 /dev/disk/by-id/x_1-2:3.4")
		must(t, c, "manage"+n, brickScript(string(rune('a'+i))))
	}
	must(t, c, "manage4", "gluster --mode=script volume create v replica 2 10.0.0.1:"+brickPath("a")+" 10.0.0.3:"+brickPath("c"))
	must(t, c, "manage2", "gluster --mode=script volume start v")
	if inv := c.Inventory(); len(inv.Nodes) != 4 || len(inv.Peers) != 1 || strings.Join(inv.Peers[0], " ") != "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4" {
		t.Errorf("nodes %d, peers %v; want four in one pool", len(inv.Nodes), inv.Peers)
	}
}
