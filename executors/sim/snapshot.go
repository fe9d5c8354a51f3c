package sim

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"
)

const snapRoot = "/run/gluster/snaps/"

// defaultSnapLimit is gluster's own hard limit of snapshots a volume.
const defaultSnapLimit = 256

// snapsOf gives the snapshots of a volume, oldest first.
func (g *glusterCall) snapsOf(volume string) []*snapshot {
	var out []*snapshot
	for _, s := range g.w.snaps.all(g.n.Pool) {
		if s.Volume == volume {
			out = append(out, s)
		}
	}
	return out
}

// snapshot dispatches "gluster snapshot VERB ...".
func (g *glusterCall) snapshot() int {
	verb := g.word(1)
	switch verb {
	case "create":
		return g.snapCreate()
	case "list":
		return g.snapList()
	case "info", "status":
		return g.snapInfo()
	case "config":
		return g.snapConfig()
	case "clone":
		return g.snapClone(g.word(2), g.word(3))
	}
	acts := map[string]func(*snapshot) int{"activate": g.snapActivate, "deactivate": g.snapDeactivate, "delete": g.snapDelete}
	act := acts[verb]
	if act == nil || g.word(2) == "" {
		return g.unknown()
	}
	s := g.w.snaps.get(g.n.Pool, g.word(2))
	if s == nil {
		return g.snapRefuse(verb, "Snapshot (%s) does not exist.", g.word(2))
	}
	return act(s)
}

func (g *glusterCall) snapRefuse(verb, format string, args ...any) int {
	exit := g.refuse("snapshot "+verb, format, args...)
	if exit != 0 {
		g.fail(0, "Snapshot command failed")
	}
	return exit
}

// thinUnder finds the thin volume under each brick and refuses a brick that has none or whose node is away.
func (g *glusterCall) thinUnder(bricks []brick) (lvs []*logicalVolume, dirs []string, reason string) {
	for _, b := range bricks {
		n := g.w.nodes.get("", b.Host)
		if n == nil || !n.glusterd() {
			return nil, nil, "quorum is not met"
		}
		p := g.w.at(b.Host, b.Path)
		var dev *device
		if p.mount != nil {
			dev = g.w.device(b.Host, p.mount.Device)
		}
		if dev == nil || dev.lv == nil || dev.lv.Kind != lvThin {
			return nil, nil, "Snapshot is supported only for thin provisioned LV. Ensure that all bricks of the volume are thinly provisioned LV."
		}
		lvs, dirs = append(lvs, dev.lv), append(dirs, p.rel)
	}
	return lvs, dirs, ""
}

// copies makes the thin snapshots for a volume of that id. Their numbers count per node, their directories for all.
func (g *glusterCall) copies(id string, bricks []brick, lvs []*logicalVolume, dirs []string) []part {
	hex := strings.ReplaceAll(id, "-", "")
	count := map[string]int{}
	parts := make([]part, len(bricks))
	for i, b := range bricks {
		name := fmt.Sprintf("%s_%d", hex, count[b.Host])
		count[b.Host]++
		lv := g.w.thinSnapshot(b.Host, lvs[i], name)
		dir := fmt.Sprintf("%s%s/brick%d", snapRoot, hex, i+1)
		parts[i] = part{brick: brick{Host: b.Host, Name: b.Name, Path: path.Join(dir, dirs[i])}, VG: lv.VG, LV: lv.Name, Dir: dir}
		g.w.setXattr(place{fsid: lv.FSID, rel: dirs[i], host: b.Host, mount: &mounted{}}, volumeIDAttr, id)
	}
	return parts
}

// mountParts mounts parts on one node, or with "" on all.
func (w *world) mountParts(parts []part, host string) {
	for _, p := range parts {
		n := w.nodes.get("", p.Host)
		if host != "" && p.Host != host || n == nil || n.Down || w.mounts.get(p.Host, p.Dir) != nil {
			continue
		}
		if d := w.lvDevice(p.Host, p.VG, p.LV); d != nil && d.fs() != "" {
			w.mkdirAll(p.Host, p.Dir)
			w.attach(p.Host, d, p.Dir, "rw,relatime,nouuid")
		}
	}
}

// unmountParts takes the mounts away with the directories that glusterd made for them.
func (w *world) unmountParts(parts []part) {
	for _, p := range parts {
		if w.mounts.get(p.Host, p.Dir) == nil {
			continue
		}
		w.mounts.del(p.Host, p.Dir)
		top := w.at(p.Host, path.Dir(p.Dir))
		w.files.del(rootFS(p.Host), p.Dir)
		if len(w.children(top)) == 0 {
			w.files.del(rootFS(p.Host), top.rel)
		}
	}
}

// mountClones brings the bricks of clones back after a boot of their node.
func (w *world) mountClones(n *node) {
	for _, v := range w.volumes.all(n.Pool) {
		if !v.Clone {
			continue
		}
		for _, b := range v.Bricks {
			hex, rest, _ := strings.Cut(strings.TrimPrefix(b.Path, snapRoot), "/")
			dir, _, _ := strings.Cut(rest, "/")
			if b.Host == n.Host && strings.HasPrefix(b.Path, snapRoot) {
				w.mountClone(n.Host, path.Join(snapRoot, hex, dir), v, b)
			}
		}
	}
}

// mountClone finds the thin volume of a clone's brick by the id that it was named with and the brick that it holds.
func (w *world) mountClone(host, dir string, v *volume, b brick) {
	local := 0
	for _, other := range v.Bricks {
		if other == b {
			break
		}
		if other.Host == host && strings.HasPrefix(other.Path, snapRoot) {
			local++
		}
	}
	name := fmt.Sprintf("%s_%d", strings.ReplaceAll(v.UUID, "-", ""), local)
	for _, g := range w.vgs.all(host) {
		if w.lvs.get(host+"/"+g.Name, name) != nil {
			w.mountParts([]part{{brick: b, VG: g.Name, LV: name, Dir: dir}}, host)
			return
		}
	}
}

// snapCreate is create NAME VOLUME [no-timestamp] [description TEXT].
func (g *glusterCall) snapCreate() int {
	name, v := g.word(2), g.w.volumes.get(g.n.Pool, g.word(3))
	if name == "" || g.word(3) == "" {
		return g.fail(1, "Invalid Syntax.\nUsage:\nsnapshot create <snapname> <volname> [no-timestamp] [description <description>] [force]")
	}
	now := time.Now().UTC()
	if g.word(4) != "no-timestamp" {
		name += now.Format("_GMT-2006.01.02-15.04.05")
	}
	switch {
	case g.w.snaps.get(g.n.Pool, name) != nil:
		return g.snapRefuse("create", "Snapshot %s already exists", name)
	case v == nil:
		return g.snapRefuse("create", "Volume (%s) does not exist ", g.word(3))
	case v.State != "Started":
		return g.snapRefuse("create", "volume %s is not started", v.Name)
	case len(g.snapsOf(v.Name)) >= g.snapLimit():
		return g.snapRefuse("create", "The number of existing snaps has reached the effective maximum limit of %d, for the volume (%s). Please delete few snapshots before taking further snapshots.", g.snapLimit(), v.Name)
	}
	lvs, dirs, reason := g.thinUnder(v.Bricks)
	if reason != "" {
		return g.snapRefuse("create", "%s", reason)
	}
	s := &snapshot{Name: name, UUID: g.w.uuid(), Volume: v.Name, VolumeUUID: g.w.uuid(), Created: now.Format(time.DateTime), Like: *v}
	s.Parts = g.copies(s.VolumeUUID, v.Bricks, lvs, dirs)
	g.w.snaps.put(g.n.Pool, name, s)
	return g.done("snapshot create: success: Snap "+name+" created successfully", "<snapCreate>"+s.xml()+"</snapCreate>")
}

func (s *snapshot) xml() string {
	return "<snapshot>" + elements("name", s.Name, "uuid", s.UUID) + "</snapshot>"
}

func (g *glusterCall) snapActivate(s *snapshot) int {
	if s.Active && !g.force {
		return g.snapRefuse("activate", "Snapshot %s is already activated.", s.Name)
	}
	s.Active = true
	g.w.snaps.put(g.n.Pool, s.Name, s)
	g.w.mountParts(s.Parts, "")
	return g.done("Snapshot activate: "+s.Name+": Snap activated successfully", "<snapActivate>"+s.xml()+"</snapActivate>")
}

func (g *glusterCall) snapDeactivate(s *snapshot) int {
	if !s.Active {
		return g.snapRefuse("deactivate", "Snapshot %s is already deactivated.", s.Name)
	}
	s.Active = false
	g.w.snaps.put(g.n.Pool, s.Name, s)
	g.w.unmountParts(s.Parts)
	return g.done("Snapshot deactivate: "+s.Name+": Snap deactivated successfully", "<snapDeactivate>"+s.xml()+"</snapDeactivate>")
}

func (g *glusterCall) snapDelete(s *snapshot) int {
	for _, p := range s.Parts {
		if n := g.w.nodes.get("", p.Host); n == nil || !n.glusterd() {
			return g.snapRefuse("delete", "quorum is not met")
		}
	}
	g.w.unmountParts(s.Parts)
	for _, p := range s.Parts {
		if lv := g.w.lvs.get(p.Host+"/"+p.VG, p.LV); lv != nil {
			g.w.dropLV(p.Host, lv)
		}
	}
	g.w.snaps.del(g.n.Pool, s.Name)
	return g.done("snapshot delete: "+s.Name+": snap removed successfully", "<snapDelete><snapshots><snapshot>"+elements("status", "Success", "name", s.Name, "uuid", s.UUID)+"</snapshot></snapshots></snapDelete>")
}

func (g *glusterCall) snapClone(name, from string) int {
	s := g.w.snaps.get(g.n.Pool, from)
	switch {
	case !validVolume(name) || from == "":
		return g.fail(1, "Invalid Syntax.\nUsage:\nsnapshot clone <clonename> <snapname>")
	case g.w.volumes.get(g.n.Pool, name) != nil:
		return g.snapRefuse("clone", "Volume with name:%s already exists", name)
	case s == nil:
		return g.snapRefuse("clone", "Failed to find :%s snap", from)
	case !s.Active:
		return g.snapRefuse("clone", "snapshot %s is not activated", from)
	}
	bricks := make([]brick, len(s.Parts))
	for i, p := range s.Parts {
		bricks[i] = p.brick
	}
	lvs, dirs, reason := g.thinUnder(bricks)
	if reason != "" {
		return g.snapRefuse("clone", "%s", reason)
	}
	v := s.Like
	v.Name, v.UUID, v.Pool, v.State, v.Clone, v.Bricks, v.Rebalance, v.Removing = name, g.w.uuid(), g.n.Pool, "Created", true, nil, "", nil
	v.Options = map[string]string{}
	for k, val := range s.Like.Options {
		v.Options[k] = val
	}
	parts := g.copies(v.UUID, bricks, lvs, dirs)
	g.w.mountParts(parts, "")
	for _, p := range parts {
		v.Bricks = append(v.Bricks, p.brick)
	}
	g.w.putVolume(&v, nil)
	return g.done("snapshot clone: success: Clone "+name+" created successfully", "<CloneCreate><volume>"+elements("name", name, "uuid", v.UUID)+"</volume></CloneCreate>")
}

// snapList is list [VOLUME].
func (g *glusterCall) snapList() int {
	list := g.w.snaps.all(g.n.Pool)
	if of := g.word(2); of != "" {
		if g.w.volumes.get(g.n.Pool, of) == nil {
			return g.snapRefuse("list", "Volume (%s) does not exist", of)
		}
		list = g.snapsOf(of)
	}
	if len(list) == 0 && !g.xml {
		g.printf("No snapshots present\n")
		return 0
	}
	var words []string
	body := fmt.Sprintf("<snapList><count>%d</count>", len(list))
	for _, s := range list {
		words = append(words, s.Name)
		body += element("snapshot", s.Name)
	}
	return g.done(strings.Join(words, "\n"), body+"</snapList>")
}

// snapInfo is info [NAME | volume VOLUME].
func (g *glusterCall) snapInfo() int {
	list := g.w.snaps.all(g.n.Pool)
	switch name := g.word(2); {
	case name == "volume":
		list = g.snapsOf(g.word(3))
	case name != "":
		s := g.w.snaps.get(g.n.Pool, name)
		if s == nil {
			return g.snapRefuse("info", "Snapshot (%s) does not exist", name)
		}
		list = []*snapshot{s}
	}
	if len(list) == 0 && !g.xml {
		g.printf("No snapshots present\n")
		return 0
	}
	words, body := "", fmt.Sprintf("<snapInfo><count>%d</count><snapshots>", len(list))
	for _, s := range list {
		state := "Stopped"
		if s.Active {
			state = "Started"
		}
		words += fmt.Sprintf("Snapshot                  : %s\nSnap UUID                 : %s\nCreated                   : %s\nSnap Volumes:\n\n\tSnap Volume Name          : %s\n\tOrigin Volume name        : %s\n\tStatus                    : %s\n \n",
			s.Name, s.UUID, s.Created, strings.ReplaceAll(s.VolumeUUID, "-", ""), s.Volume, state)
		body += "<snapshot>" + elements("name", s.Name, "uuid", s.UUID, "createTime", s.Created, "volCount", 1) + "<snapVolume>" +
			elements("name", strings.ReplaceAll(s.VolumeUUID, "-", ""), "status", state) + "<originVolume>" + element("name", s.Volume) + "</originVolume></snapVolume></snapshot>"
	}
	return g.done(strings.TrimSuffix(words, "\n"), body+"</snapshots></snapInfo>")
}

func (g *glusterCall) snapLimit() int {
	if p := g.w.pools.get("", g.n.Pool); p != nil {
		return cmp.Or(p.SnapHardLimit, defaultSnapLimit)
	}
	return defaultSnapLimit
}

// snapConfig is config [snap-max-hard-limit N].
func (g *glusterCall) snapConfig() int {
	if g.word(2) != "snap-max-hard-limit" {
		return g.done(fmt.Sprintf("\nSnapshot System Configuration:\nsnap-max-hard-limit : %d\nsnap-max-soft-limit : 90%%\nauto-delete : disable\nactivate-on-create : disable", g.snapLimit()), "")
	}
	n := atoi(g.word(3))
	if n < 1 || n > defaultSnapLimit {
		return g.snapRefuse("config", "Invalid snap-max-hard-limit %s. Expected range 1 - %d", g.word(3), defaultSnapLimit)
	}
	g.w.pools.put("", g.n.Pool, &poolConfig{SnapHardLimit: n})
	return g.done("snapshot config: snap-max-hard-limit for System set successfully", "")
}
