//go:build e2e

package e2e

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"yardmaster/client"
)

// trip makes the next command on a node whose arguments match fail, lose its success or be held. It is written to the node's
// disk for good, so that a power cut leaves no half of it there.
func (s *site) trip(f faults, n node, command, mode, pattern string) {
	s.t.Helper()
	s.t.Cleanup(func() { s.untrip(n, command) })
	f.do("trip", n.Name, command, mode, pattern)
	s.script(n, "sync")
}

// untrip puts the command itself back, for what wraps it takes time.
func (s *site) untrip(n node, command string) {
	script := fmt.Sprintf(`rm -f /run/trip/*; path=$(readlink -f "$(command -v %s)"); ! [ -e "$path.real" ] || mv -f "$path.real" "$path"; sync`, command)
	if _, err := s.nodes.shell(context.Background(), n.Address, script); err != nil {
		s.t.Errorf("%s: %v", n.Name, err)
	}
}

// script runs on a node that has to be there.
func (s *site) script(n node, script string) string {
	s.t.Helper()
	out, err := s.nodes.shell(s.t.Context(), n.Address, script)
	if err != nil {
		s.t.Fatalf("%s: %v", n.Name, err)
	}
	return out
}

// hit requires that the trip on a node was met and not merely waited for.
func (s *site) hit(n node, command string) {
	s.t.Helper()
	if got := strings.TrimSpace(s.script(n, "ls /run/trip")); got != command+".hit" {
		s.t.Errorf("the trip of %s on %s was not met: %q", command, n.Name, got)
	}
}

// timedEnd waits for the end of an operation and notes how long that took since begin.
func (s *site) timedEnd(name, operation string, begin time.Time) client.Operation {
	s.t.Helper()
	op := s.end(operation)
	s.times.add(fmt.Sprintf("%s (%s)", name, op.State), time.Since(begin))
	if op.Error != nil {
		s.t.Logf("%s: %s: %s", name, op.Error.Code, op.Error.Message)
	}
	return op
}

// settle compares, requires that the volume is there exactly if its creation succeeded, and removes it.
func (s *site) settle(name string, created client.Operation) {
	s.t.Helper()
	id, there := s.agree().Volumes()[name]
	if there != (created.State == "succeeded") {
		s.t.Errorf("the creation %s, and the volume's being there is %v", created.State, there)
	}
	if there {
		s.serves(name)
		s.delete(replica3, id)
	}
}

// serves mounts a volume, writes and reads.
func (s *site) serves(name string) {
	s.t.Helper()
	m := s.mount(name)
	m.holds("served", m.write("served"))
	m.unmount()
}

func (s *site) brickCommandFails() {
	s.tripped("lvm", "fail", "lvcreate.*tp_", "create, an lvcreate fails once")
}

func (s *site) brickSuccessIsLost() {
	s.tripped("lvm", "lost", "lvcreate.*tp_", "create, the success of an lvcreate is lost")
}

// glusterSuccessIsLost tries every node, for any may be the one that is given gluster's commands.
func (s *site) glusterSuccessIsLost() {
	for _, verb := range []string{"create", "start"} {
		s.tripped("gluster", "lost", "volume "+verb, "create, the success of gluster volume "+verb+" is lost")
	}
}

// tripped creates a volume while a command waits to misbehave, once; the server tries again.
func (s *site) tripped(command, mode, pattern, title string) {
	s.t.Helper()
	f := realFaults(s.t)
	victims := s.nodes.Nodes[2:3]
	if command == "gluster" {
		victims = s.nodes.Nodes
	}
	for _, n := range victims {
		s.trip(f, n, command, mode, pattern)
	}
	begin := time.Now()
	op := s.timedEnd(title, s.begin(http.MethodPost, "/volumes", replica3.body("tripped")), begin)
	if len(victims) == 1 {
		s.hit(victims[0], command)
	}
	for _, n := range victims {
		s.untrip(n, command)
	}
	if op.State != "succeeded" {
		s.t.Errorf("the creation %s, and one mishap is no reason to", op.State)
	}
	s.settle("tripped", op)
}

// killedDuringCreate: the volume cannot be made without the node, and what is on it must be gone when it is back. Until then
// the others do other work.
func (s *site) killedDuringCreate() {
	f, victim := realFaults(s.t), s.nodes.Nodes[1]
	s.trip(f, victim, "mkfs.xfs", "hold", "vg_")
	begin := time.Now()
	operation := s.begin(http.MethodPost, "/volumes", replica3.body("killed"))
	f.do("tripped", victim.Name, "mkfs.xfs")
	f.do("kill", victim.Name)
	op := s.timedEnd("create, a node dies at mkfs", operation, begin)
	if op.State == "succeeded" {
		s.t.Error("a replica 3 volume was made on two nodes")
	}
	beside := s.must("create distributed while a node is dead", http.MethodPost, "/volumes", distributed.body("beside"))
	s.serves("beside")
	s.boot(f, victim)
	s.settle("killed", op)
	s.delete(distributed, beside)
}

// boot gives a node its power back. Where glusterd does not come up with it, what it says of that is told, and it is started
// once more: what it cannot read it will not read then either, and the test fails.
func (s *site) boot(f faults, n node) {
	s.t.Helper()
	begin := time.Now()
	if err := f.try("boot", n.Name); err != nil {
		s.t.Logf("%v", err)
		s.t.Logf("%s", s.script(n, "grep -a ' [EC] ' /var/log/glusterfs/glusterd.log | tail -n 40; systemctl status glusterd; find /var/lib/glusterd -type f -size 0; ip address; true"))
		s.t.Logf("%s", s.script(n, "systemctl restart glusterd && gluster --mode=script pool list"))
	}
	s.times.add("a node boots", time.Since(begin))
}

// killedDuringDelete: what was begun is finished when the node is back.
func (s *site) killedDuringDelete() {
	f, victim := realFaults(s.t), s.nodes.Nodes[1]
	id := s.create(replica3, "killed")
	s.trip(f, victim, "umount", "hold", "vg_")
	begin := time.Now()
	operation := s.begin(http.MethodDelete, "/volumes/"+id, nil)
	f.do("tripped", victim.Name, "umount")
	f.do("kill", victim.Name)
	s.boot(f, victim)
	if op := s.timedEnd("delete, a node dies at umount and is booted", operation, begin); op.State != "succeeded" {
		s.t.Errorf("the deletion %s", op.State)
	}
}

// killedDuringExpand: the volume is as large as the answer says, and still has its data.
func (s *site) killedDuringExpand() {
	f, victim := realFaults(s.t), s.nodes.Nodes[1]
	id := s.create(replica3, "killed")
	m := s.mount("killed")
	sum := m.write("file")
	m.unmount()
	s.trip(f, victim, "mkfs.xfs", "hold", "vg_")
	begin := time.Now()
	operation := s.begin(http.MethodPost, "/volumes/"+id+"/expand", map[string]int{"expand_size": 1})
	f.do("tripped", victim.Name, "mkfs.xfs")
	f.do("kill", victim.Name)
	op := s.timedEnd("expand, a node dies at mkfs", operation, begin)
	s.boot(f, victim)
	s.agree()
	var told struct {
		Size int `json:"size"`
	}
	if err := s.client.Get(s.t.Context(), "/volumes/"+id, &told); err != nil {
		s.t.Fatal(err)
	}
	if want := map[bool]int{true: 2, false: 1}[op.State == "succeeded"]; told.Size != want {
		s.t.Errorf("the expansion %s, and the volume has %d GiB", op.State, told.Size)
	}
	s.online("killed")
	m = s.mount("killed")
	m.holds("file", sum)
	m.unmount()
	s.delete(replica3, id)
}

// powerCutAfterCreate takes the power of all nodes the moment that the volume is reported.
func (s *site) powerCutAfterCreate() {
	f := realFaults(s.t)
	id := s.create(replica3, "cut")
	for _, n := range s.nodes.Nodes {
		f.do("kill", n.Name)
	}
	for _, n := range s.nodes.Nodes {
		s.boot(f, n)
	}
	s.online("cut")
	s.agree()
	s.serves("cut")
	s.delete(replica3, id)
}

// serverKilledDuringCreate: another run of the program ends what this one began.
func (s *site) serverKilledDuringCreate() {
	f, victim := realFaults(s.t), s.nodes.Nodes[1]
	s.trip(f, victim, "mkfs.xfs", "hold", "vg_")
	operation := s.begin(http.MethodPost, "/volumes", replica3.body("killed"))
	f.do("tripped", victim.Name, "mkfs.xfs")
	begin := time.Now()
	s.KillAndStart()
	f.do("release", victim.Name, "mkfs.xfs")
	op := s.timedEnd("create, the server is killed at mkfs and started", operation, begin)
	if op.State != "succeeded" {
		s.t.Errorf("the creation %s", op.State)
	}
	s.settle("killed", op)
}

// online waits until gluster says that every brick of a volume runs.
func (s *site) online(volume string) {
	s.t.Helper()
	begin := time.Now()
	s.eventually(4*time.Minute, "every brick of "+volume+" runs", func() (bool, string) {
		out, err := s.nodes.shell(s.t.Context(), s.nodes.Nodes[0].Address, "gluster --mode=script volume status "+volume+" --xml")
		if err != nil {
			return false, err.Error()
		}
		var status struct {
			Bricks []struct {
				Name   string `xml:"hostname"`
				Path   string `xml:"path"`
				Status int    `xml:"status"`
			} `xml:"volStatus>volumes>volume>node"`
		}
		if err := xml.Unmarshal([]byte(out), &status); err != nil {
			return false, err.Error()
		}
		running := 0
		for _, b := range status.Bricks {
			if strings.HasPrefix(b.Path, "/") && b.Status == 1 {
				running++
			}
		}
		return running >= len(s.nodes.Nodes), fmt.Sprint(status.Bricks)
	})
	s.times.add("all bricks run again", time.Since(begin))
}

// eventually looks every half a second, and fails the test with what it saw last.
func (s *site) eventually(within time.Duration, what string, look func() (ok bool, saw string)) {
	s.t.Helper()
	limit := time.NewTimer(within)
	defer limit.Stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, saw := look()
		if ok {
			return
		}
		select {
		case <-limit.C:
			s.t.Fatalf("not within %v: %s; last seen: %s", within, what, saw)
		case <-tick.C:
		}
	}
}
