//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// peer does a volume's work as Heketi does it: the same commands one by one, each brick's on a connection of its own, and what
// is not part of a batch on one more connection each. It is what our own times are held against, on the same nodes.
type peer struct {
	*site
	ctx    context.Context
	bricks []peerBrick
	hosts  map[string]*sync.Mutex // one connection a node at a time, as there
}

type peerBrick struct {
	address, storage, vg, id string
}

const (
	peerMounts = "/var/lib/heketi/mounts"
	peerLVM    = "/usr/sbin/lvm"
	peerG      = "gluster --mode=script --timeout=600 "
)

func (b peerBrick) dir() string { return peerMounts + "/" + b.vg + "/brick_" + b.id }
func (b peerBrick) device() string {
	return "/dev/mapper/" + b.vg + "-brick_" + b.id
}
func (b peerBrick) brick() string { return b.storage + ":" + b.dir() + "/brick" }

// newPeer plans one brick a node, on the first device of each.
func (s *site) newPeer(ctx context.Context) *peer {
	s.t.Helper()
	p := &peer{site: s, ctx: ctx, hosts: map[string]*sync.Mutex{}}
	for _, n := range s.nodes.Nodes {
		p.hosts[n.Address] = new(sync.Mutex)
	}
	for _, c := range s.agree().Clusters {
		for _, n := range c.Nodes {
			for i := range s.nodes.Nodes {
				if one := s.nodes.Nodes[i]; one.Address == n.Hostnames.Manage[0] && len(p.bricks) < 3 {
					p.bricks = append(p.bricks, peerBrick{one.Address, one.Name, "vg_" + n.Devices[0].ID, ""})
				}
			}
		}
	}
	return p
}

// batch runs commands one after another over one connection.
func (p *peer) batch(address string, commands ...string) error {
	p.hosts[address].Lock()
	defer p.hosts[address].Unlock()
	c, err := p.nodes.dial(p.ctx, address)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, command := range commands {
		if _, err := run(c, "/bin/bash -c '"+strings.ReplaceAll(command, "'", `'\''`)+"'"); err != nil {
			return err
		}
	}
	return nil
}

// singly runs each command over a connection of its own.
func (p *peer) singly(address string, commands ...string) error {
	for _, c := range commands {
		if err := p.batch(address, c); err != nil {
			return err
		}
	}
	return nil
}

// everywhere works on all bricks at once.
func (p *peer) everywhere(id string, do func(b peerBrick) error) error {
	return atOnce(len(p.bricks), func(i int) error {
		b := p.bricks[i]
		b.id = id
		return do(b)
	})
}

func (p *peer) makeBricks(id string) error {
	return p.everywhere(id, func(b peerBrick) error {
		return p.batch(b.address,
			"mkdir -p "+b.dir(),
			fmt.Sprintf("%s lvcreate -qq --autobackup=n --poolmetadatasize 8192K --chunksize 256K --size 1048576K --thin %s/tp_%s --virtualsize 1048576K --name brick_%s", peerLVM, b.vg, b.id, b.id),
			"mkfs.xfs -i size=512 -n size=8192 "+b.device(),
			fmt.Sprintf(`awk "BEGIN {print \"%s %s xfs rw,inode64,noatime,nouuid 1 2\" >> \"/etc/fstab\"}"`, b.device(), b.dir()),
			"mount -o rw,inode64,noatime,nouuid "+b.device()+" "+b.dir(),
			"mkdir "+b.dir()+"/brick")
	})
}

func (p *peer) dropBricks(id string) error {
	return p.everywhere(id, func(b peerBrick) error {
		return p.singly(b.address,
			"umount "+b.dir(),
			fmt.Sprintf(`sed -i.save "/brick_%s/d" /etc/fstab`, b.id),
			fmt.Sprintf("%s lvremove --autobackup=n -f %s/brick_%s", peerLVM, b.vg, b.id),
			fmt.Sprintf("%s lvs --noheadings --options=thin_count %s/tp_%s", peerLVM, b.vg, b.id),
			fmt.Sprintf("%s lvremove --autobackup=n -f %s/tp_%s", peerLVM, b.vg, b.id),
			"rmdir "+b.dir())
	})
}

func (p *peer) addresses(id string) string {
	var out []string
	for _, b := range p.bricks {
		b.id = id
		out = append(out, b.brick())
	}
	return strings.Join(out, " ")
}

func (p *peer) first() string { return p.bricks[0].address }

func (p *peer) create(name string) error {
	if err := p.makeBricks(name); err != nil {
		return err
	}
	return p.batch(p.first(), peerG+"volume create "+name+" replica 3 "+p.addresses(name), peerG+"volume set "+name+" user.heketi.id 0", peerG+"volume start "+name)
}

func (p *peer) expand(name string) error {
	if err := p.makeBricks(name + "x"); err != nil {
		return err
	}
	return p.singly(p.first(), peerG+"volume add-brick "+name+" "+p.addresses(name+"x"), peerG+"volume rebalance "+name+" start")
}

// delete removes the bricks of all sets at once.
func (p *peer) delete(name string, sets ...string) error {
	if err := p.singly(p.first(), peerG+"volume stop "+name+" force", peerG+"volume delete "+name); err != nil {
		return err
	}
	return atOnce(len(sets), func(i int) error { return p.dropBricks(sets[i]) })
}

// deleteClone finds the logical volumes of a clone by its id, as they bear it.
func (p *peer) deleteClone(name string) error {
	info, err := p.nodes.shell(p.ctx, p.first(), peerG+"volume info "+name)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(info, "Volume ID: ")
	id, _, _ := strings.Cut(rest, "\n")
	lv := strings.ReplaceAll(strings.TrimSpace(id), "-", "") + "_0"
	if err := p.singly(p.first(), peerG+"volume stop "+name+" force", peerG+"volume delete "+name); err != nil {
		return err
	}
	return p.everywhere("", func(b peerBrick) error {
		device := "/dev/mapper/" + b.vg + "-" + lv
		return p.singly(b.address, "! grep -q "+device+" /proc/mounts || umount "+device, peerLVM+" lvremove --autobackup=n -f "+b.vg+"/"+lv)
	})
}

// clone asks on a connection of its own each, too, and so takes a clone's bricks away.
func (p *peer) clone(volume, name string) error {
	snap := "tmpsnap_" + name
	return p.singly(p.first(), peerG+"volume info "+volume+" --xml", peerG+"--xml snapshot create "+snap+" "+volume+" no-timestamp",
		peerG+"--xml snapshot activate "+snap, peerG+"--xml snapshot clone "+name+" "+snap, peerG+"--xml volume start "+name,
		peerG+"volume info "+name+" --xml", peerG+"--xml snapshot deactivate "+snap, peerG+"--xml snapshot delete "+snap)
}

// rounds is how often both sides do each thing; the mean is told. One alone takes minutes.
const rounds = 1

// rest lets the nodes end what they do in the background, so that it is not counted to what comes next.
const rest = 3 * time.Second

// besideHeketi does the same work in both ways by turns. A volume stands by meanwhile: without one the first to be started
// would have to start gluster's heal daemons, too, and the last to be stopped to stop them.
func (s *site) besideHeketi() {
	ctx, cancel := s.bound()
	defer cancel()
	p := s.newPeer(ctx)
	standing := s.create(replica3, "standing")
	create, remove := row{name: "mean: create replica 3, 1 GiB"}, row{name: "mean: delete replica 3"}
	expand, removeTwo := row{name: "mean: expand replica 3 by 1 GiB"}, row{name: "mean: delete replica 3 of two brick sets"}
	clone := row{name: "mean: clone replica 3"}
	for i := range rounds {
		name, other := fmt.Sprintf("ours%d", i), fmt.Sprintf("theirs%d", i)
		s.timed(&create.took, func() error { return s.do(ctx, http.MethodPost, "/volumes", replica3.body(name)) })
		s.timed(&create.peer, func() error { return p.create(other) })
		id := s.named(name)
		s.timed(&clone.took, func() error {
			return s.do(ctx, http.MethodPost, "/volumes/"+id+"/clone", map[string]string{"name": name + "copy"})
		})
		s.timed(&clone.peer, func() error { return p.clone(other, other+"copy") })
		s.timed(nil, func() error { return s.do(ctx, http.MethodDelete, "/volumes/"+s.named(name+"copy"), nil) })
		s.timed(nil, func() error { return p.deleteClone(other + "copy") })
		s.timed(&remove.took, func() error { return s.do(ctx, http.MethodDelete, "/volumes/"+id, nil) })
		s.timed(&remove.peer, func() error { return p.delete(other, other) })

		s.timed(nil, func() error { return s.do(ctx, http.MethodPost, "/volumes", replica3.body(name)) })
		s.timed(nil, func() error { return p.create(other) })
		id = s.named(name)
		s.timed(&expand.took, func() error {
			return s.do(ctx, http.MethodPost, "/volumes/"+id+"/expand", map[string]int{"expand_size": 1})
		})
		s.timed(&expand.peer, func() error { return p.expand(other) })
		s.timed(&removeTwo.took, func() error { return s.do(ctx, http.MethodDelete, "/volumes/"+id, nil) })
		s.timed(&removeTwo.peer, func() error { return p.delete(other, other, other+"x") })
	}
	five := row{name: "five replica 3 at once"}
	s.timed(&five.took, func() error {
		return atOnce(5, func(i int) error {
			return s.do(ctx, http.MethodPost, "/volumes", replica3.body(fmt.Sprintf("all%d", i)))
		})
	})
	ids := s.ask().Volumes()
	s.timed(nil, func() error {
		return atOnce(5, func(i int) error { return s.do(ctx, http.MethodDelete, "/volumes/"+ids[fmt.Sprintf("all%d", i)], nil) })
	})
	s.timed(&five.peer, func() error { return atOnce(5, func(i int) error { return p.create(fmt.Sprintf("each%d", i)) }) })
	s.timed(nil, func() error {
		return atOnce(5, func(i int) error { return p.delete(fmt.Sprintf("each%d", i), fmt.Sprintf("each%d", i)) })
	})
	s.delete(replica3, standing)
	for _, r := range []row{create, clone, remove, expand, removeTwo} {
		s.times.put(row{r.name, r.took / rounds, r.peer / rounds})
	}
	s.times.put(five)
}

// timed adds what a thing took, if somebody wants to know.
func (s *site) timed(sum *time.Duration, do func() error) {
	s.t.Helper()
	if sum != nil {
		time.Sleep(rest)
	}
	begin := time.Now()
	if err := do(); err != nil {
		s.t.Fatal(err)
	}
	if sum != nil {
		*sum += time.Since(begin)
	}
}

func atOnce(n int, do func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- do(i) }()
	}
	var all error
	for range n {
		all = errors.Join(all, <-errs)
	}
	return all
}
