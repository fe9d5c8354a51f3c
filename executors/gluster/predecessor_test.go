//go:build e2e

package gluster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/executors/ssh"
)

// predecessor does the work of these tests as the server before ours did: a command a session, a connection for each
// group of commands, no command that looks before it acts. It is what our times are measured against.
type predecessor struct {
	t   *testing.T
	dev realNodes
}

// group runs commands in turn over one connection made for them.
func (p predecessor) group(host string, commands ...string) error {
	run, err := ssh.New(ssh.Config{User: p.dev.User, KeyFile: p.dev.Key, KnownHosts: p.dev.KnownHosts})
	if err != nil {
		return err
	}
	defer run.Close()
	for _, c := range commands {
		res, err := run.Run(p.t.Context(), host, c)
		if err != nil {
			return err
		}
		if res.Exit != 0 {
			return fmt.Errorf("%s on %s: %s", c, host, res.Stderr)
		}
	}
	return nil
}

// alone runs each command over a connection of its own.
func (p predecessor) alone(host string, commands ...string) error {
	for _, c := range commands {
		if err := p.group(host, c); err != nil {
			return err
		}
	}
	return nil
}

const oldGluster = "gluster --mode=script --timeout=600 "

// atOnce works on the bricks in parallel, but on one host in turn.
func atOnce(bricks []gluster.Brick, f func(b gluster.Brick) error) error {
	var mu sync.Mutex
	turn := map[string]*sync.Mutex{}
	return bricksAtOnce(bricks, func(b gluster.Brick) error {
		mu.Lock()
		if turn[b.Host] == nil {
			turn[b.Host] = &sync.Mutex{}
		}
		mine := turn[b.Host]
		mu.Unlock()
		mine.Lock()
		defer mine.Unlock()
		return f(b)
	})
}

func (p predecessor) bricks(set []gluster.Brick) error {
	return atOnce(set, func(b gluster.Brick) error {
		dir, dev := strings.TrimSuffix(b.Path, "/brick"), "/dev/mapper/"+b.VG+"-"+b.LV
		return p.group(b.Host,
			"mkdir -p "+dir,
			fmt.Sprintf("/usr/sbin/lvm lvcreate -qq --autobackup=n --poolmetadatasize %dK --chunksize 256K --size %dK --thin %s/%s --virtualsize %dK --name %s", b.MetaKiB, b.PoolKiB, b.VG, b.Pool, b.SizeKiB, b.LV),
			"mkfs.xfs -i size=512 -n size=8192 "+dev,
			fmt.Sprintf(`awk "BEGIN {print \"%s %s xfs rw,inode64,noatime,nouuid 1 2\" >> \"/etc/fstab\"}"`, dev, dir),
			"mount -o rw,inode64,noatime,nouuid "+dev+" "+dir,
			"mkdir "+b.Path)
	})
}

func addresses(set []gluster.Brick) string {
	var s strings.Builder
	for _, b := range set {
		s.WriteString(" " + b.Storage + ":" + b.Path)
	}
	return s.String()
}

func (p predecessor) create(v gluster.Volume) error {
	if err := p.bricks(v.Sets[0]); err != nil {
		return err
	}
	return p.group(v.Sets[0][0].Host,
		oldGluster+"volume create "+v.Name+" replica 3"+addresses(v.Sets[0]),
		oldGluster+"volume set "+v.Name+" user.heketi.id "+v.ID,
		oldGluster+"volume start "+v.Name)
}

func (p predecessor) expand(v gluster.Volume, set []gluster.Brick) error {
	if err := p.bricks(set); err != nil {
		return err
	}
	return p.group(v.Sets[0][0].Host,
		oldGluster+"volume add-brick "+v.Name+addresses(set),
		oldGluster+"volume rebalance "+v.Name+" start")
}

func (p predecessor) clone(c gluster.CloneSpec) error {
	snap := "tmpsnap_" + c.Op
	return p.alone(c.Source.Sets[0][0].Host,
		oldGluster+"volume info "+c.Source.Name+" --xml",
		oldGluster+"--xml snapshot create "+snap+" "+c.Source.Name+" no-timestamp",
		oldGluster+"--xml snapshot activate "+snap,
		oldGluster+"--xml snapshot clone "+c.Name+" "+snap,
		oldGluster+"--xml volume start "+c.Name,
		oldGluster+"volume info "+c.Name+" --xml",
		oldGluster+"--xml snapshot deactivate "+snap,
		oldGluster+"--xml snapshot delete "+snap)
}

func (p predecessor) delete(v gluster.Volume) error {
	if err := p.alone(v.Sets[0][0].Host, oldGluster+"volume stop "+v.Name+" force", oldGluster+"volume delete "+v.Name); err != nil {
		return err
	}
	var all []gluster.Brick
	for _, s := range v.Sets {
		all = append(all, s...)
	}
	return atOnce(all, func(b gluster.Brick) error {
		dir := strings.TrimSuffix(b.Path, "/brick")
		return p.alone(b.Host,
			"umount "+dir, fmt.Sprintf(`sed -i.save "/%s/d" /etc/fstab`, b.LV),
			"/usr/sbin/lvm lvremove --autobackup=n -f "+b.VG+"/"+b.LV,
			"/usr/sbin/lvm lvs --noheadings --options=thin_count "+b.VG+"/"+b.Pool,
			"/usr/sbin/lvm lvremove --autobackup=n -f "+b.VG+"/"+b.Pool,
			"rmdir "+dir)
	})
}

// race is the times of one sort of work, done both ways by turns.
type race struct {
	before, now []time.Duration
}

func (y *yard) lap(times *[]time.Duration, what string, f func() error) {
	y.t.Helper()
	start := time.Now()
	if err := f(); err != nil {
		y.t.Fatalf("%s: %v", what, err)
	}
	*times = append(*times, time.Since(start))
}

// race lets both do their work, the one that was second last time first.
func (y *yard) race(races map[string]*race, what string, before, now func() error) {
	y.t.Helper()
	r := races[what]
	if r == nil {
		r = &race{}
		races[what] = r
	}
	if len(r.now)%2 == 0 {
		y.lap(&r.before, what+", before", before)
		y.lap(&r.now, what+", now", now)
	} else {
		y.lap(&r.now, what+", now", now)
		y.lap(&r.before, what+", before", before)
	}
	y.t.Logf("%-24s before %6d ms, now %6d ms", what, r.before[len(r.before)-1].Milliseconds(), r.now[len(r.now)-1].Milliseconds())
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// TestRealNodesAgainstThePredecessor logs what both ways of doing the same work take, by turns.
func TestRealNodesAgainstThePredecessor(t *testing.T) {
	y := newYard(t)
	nodes, _ := reachNodes(t)
	p := predecessor{t: t, dev: nodes}
	ctx := t.Context()
	volume := func() gluster.Volume {
		return gluster.Volume{Name: "vol_" + newID(), ID: newID(), Durability: gluster.Replicate, Replica: 3, Sets: [][]gluster.Brick{y.set(3, 1)}}
	}
	first := volume()
	y.timed("the first volume, which starts the heal daemon", func() error { return y.create(first) })
	races := map[string]*race{}
	const rounds = 4
	for range rounds {
		was, is := volume(), volume()
		y.race(races, "create", func() error { return p.create(was) }, func() error { return y.create(is) })
		specWas := gluster.CloneSpec{Source: was, Name: "c_" + newID(), ID: newID(), Op: newID()}
		specIs := gluster.CloneSpec{Source: is, Name: "c_" + newID(), ID: newID(), Op: newID()}
		y.race(races, "clone", func() error { return p.clone(specWas) }, func() error { _, err := y.g.Clone(ctx, y.hosts[0], specIs); return err })
		y.timed("undo clones", func() error {
			return errors.Join(y.g.CloneUndo(ctx, y.hosts, specWas), y.g.CloneUndo(ctx, y.hosts, specIs))
		})
		small, smaller := volume(), volume()
		y.timed("create two more", func() error { return errors.Join(y.create(small), y.create(smaller)) })
		y.race(races, "delete", func() error { return p.delete(small) }, func() error { return y.delete(smaller) })
		set, added := y.set(3, 1), y.set(3, 1)
		y.race(races, "expand", func() error { return p.expand(was, set) }, func() error { return y.expand(is, added) })
		was.Sets, is.Sets = append(was.Sets, set), append(is.Sets, added)
		y.timed("wait for the rebalance to have begun", func() error {
			return errors.Join(y.g.VolumeSetOption(ctx, y.hosts[0], was.Name, []string{"user.x y"}), y.g.VolumeSetOption(ctx, y.hosts[0], is.Name, []string{"user.x y"}))
		})
		y.race(races, "delete of two sets", func() error { return p.delete(was) }, func() error { return y.delete(is) })
	}
	y.timed("delete the first volume", func() error { return y.delete(first) })
	y.clean()
	for what, r := range races {
		b, n := median(r.before), median(r.now)
		t.Logf("%-20s before %6d ms, now %6d ms, ratio %.2f", what, b.Milliseconds(), n.Milliseconds(), n.Seconds()/b.Seconds())
	}
}
