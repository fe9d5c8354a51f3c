//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"testing"
)

// TestRealNodes goes through everything on one set of nodes: the parts come one after another, each leaves the nodes as it found
// them, and after each the server's own store is checked.
func TestRealNodes(t *testing.T) {
	s := newSite(t)
	type part struct {
		name string
		do   func(*site)
	}
	parts := []part{
		{"life of a replica 3 volume", func(s *site) { s.life(replica3, "r3") }},
		{"life of a disperse 2+1 volume", func(s *site) { s.life(disperse, "d21") }},
		{"life of a distributed volume", func(s *site) { s.life(distributed, "dist") }},
		{"brick command fails once", (*site).brickCommandFails},
		{"success of a brick command is lost once", (*site).brickSuccessIsLost},
		{"success of a gluster command is lost once", (*site).glusterSuccessIsLost},
		{"power cut right after a create", (*site).powerCutAfterCreate},
		{"node killed in the middle of a create", (*site).killedDuringCreate},
		{"node killed in the middle of a delete", (*site).killedDuringDelete},
		{"node killed in the middle of an expand", (*site).killedDuringExpand},
		{"server killed in the middle of a create", (*site).serverKilledDuringCreate},
	}
	if os.Getenv("YARDMASTER_E2E_PEER") != "" { // it takes as long as all others together, and is for performance.md
		parts = append(parts, part{"beside Heketi's way", (*site).besideHeketi})
	}
	for _, part := range parts {
		if !t.Run(part.name, func(t *testing.T) {
			here := s.on(t)
			part.do(here)
			if left := here.agree().Volumes(); !t.Failed() && len(left) > 0 {
				t.Errorf("volumes are left: %v", left)
			}
			here.Stop()
			here.Check()
			here.Start()
		}) {
			return // the nodes are not as the next part wants them
		}
	}
}

// life creates, mounts, writes, clones, expands and deletes; the file must be there all along.
func (s *site) life(v volume, name string) {
	s.t.Helper()
	id := s.create(v, name)
	s.agree()
	m := s.mount(name)
	sum := m.write("file")
	m.holds("file", sum)
	s.clone(v, id, name, sum) // before the expansion: gluster takes no snapshot while a rebalance runs
	s.must("expand "+v.title, http.MethodPost, "/volumes/"+id+"/expand", map[string]int{"expand_size": v.size})
	m.holds("file", sum)
	s.agree()
	m.unmount()
	s.delete(v, id)
}

func (s *site) clone(v volume, id, name string, sum [32]byte) {
	s.t.Helper()
	copied := s.must("clone "+v.title, http.MethodPost, "/volumes/"+id+"/clone", map[string]string{"name": name + "copy"})
	s.agree()
	c := s.mount(name + "copy")
	c.holds("file", sum)
	c.unmount()
	s.must("delete a clone of "+v.title, http.MethodDelete, "/volumes/"+copied, nil)
	s.agree()
}
