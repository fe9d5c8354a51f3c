package sim

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// newBricks finds the nodes of new bricks and checks their directories; reason tells the first that will not do.
func (g *glusterCall) newBricks(v *volume, names []string) (bricks []brick, reason string) {
	for _, name := range names {
		at := strings.Index(name, ":/")
		b := brick{Name: name[:at], Path: path.Clean(name[at+1:])}
		n := g.w.findNode(b.Name)
		if g.auto {
			n = g.claimNode(n, b)
		}
		switch {
		case n == nil || n.Pool != g.n.Pool:
			return nil, fmt.Sprintf("Host %s is not in 'Peer in Cluster' state", b.Name)
		case !n.glusterd():
			return nil, fmt.Sprintf("Host %s not connected", b.Name)
		}
		b.Host = n.Host
		if slices.ContainsFunc(bricks, func(o brick) bool { return o.Host == b.Host && o.Path == b.Path }) {
			return nil, unavailable(b)
		}
		if reason := g.brickFault(b); reason != "" {
			return nil, reason
		}
		bricks = append(bricks, b)
	}
	return bricks, ""
}

// claimNode learns a node's storage name from the first brick that is named with it, where nodes spring up unannounced.
func (g *glusterCall) claimNode(named *node, b brick) *node {
	dir := path.Dir(b.Path)
	if named != nil && g.w.mounts.get(named.Host, dir) != nil {
		return named
	}
	var found *node
	for _, n := range g.w.nodes.all("") {
		if g.w.mounts.get(n.Host, dir) != nil && (found == nil || found.Storage != found.Host && n.Storage == n.Host) {
			found = n
		}
	}
	switch {
	case found == nil:
		return named
	case named != nil && named.Host == b.Name && g.w.disks.size(named.Host) == 0: // only a name that was probed
		g.w.nodes.del("", named.Host)
		found.Pool = named.Pool
	case named != nil: // two that sprang up at once were taken for each other
		g.w.rename(named, found.Storage)
	}
	g.w.rename(found, b.Name)
	return found
}

// brickFault says why a directory cannot become a brick.
func (g *glusterCall) brickFault(b brick) string {
	p := g.w.at(b.Host, b.Path)
	parent := g.w.stat(g.w.at(b.Host, path.Dir(b.Path)))
	f := g.w.stat(p)
	switch {
	case g.overlaps(b, p):
		return unavailable(b)
	case f == nil && (parent == nil || !parent.Dir):
		return fmt.Sprintf("Failed to create brick directory for brick %s. Reason : No such file or directory ", b)
	case f != nil && !f.Dir:
		return fmt.Sprintf("The provided path %s which is already present, is not a directory", b.Path)
	}
	for dir := b.Path; dir != "/"; dir = path.Dir(dir) {
		if old := g.w.stat(g.w.at(b.Host, dir)); !g.force && old != nil && old.Xattr[volumeIDAttr] != "" {
			if dir == b.Path {
				return fmt.Sprintf("%s is already part of a volume", b.Path)
			}
			return fmt.Sprintf("parent directory %s is already part of a volume", dir)
		}
	}
	switch {
	case g.force:
		return ""
	case p.root():
		return fmt.Sprintf("The brick %s is being created in the root partition. It is recommended that you don't use the system's root partition for storage backend. Or use 'force' at the end of the command if you want to override this behavior.", b)
	case p.rel == "/":
		return fmt.Sprintf("The brick %s is a mount point. Please create a sub-directory under the mount point and use that as the brick directory. Or use 'force' at the end of the command if you want to override this behavior.", b)
	}
	return ""
}

func unavailable(b brick) string {
	return fmt.Sprintf("Brick: %s not available. Brick may be containing or be contained by an existing brick.", b)
}

// overlaps tells whether a brick of any volume lies at, above or, on the same mount, below a path.
func (g *glusterCall) overlaps(b brick, p place) bool {
	for dir := b.Path; dir != "/"; dir = path.Dir(dir) {
		if g.w.bricks[brickKey{b.Host, dir}] != nil {
			return true
		}
	}
	if p.root() {
		return false
	}
	for rel := range g.w.files.groups[p.fsid] {
		below := path.Join(p.mount.Dir, rel)
		if strings.HasPrefix(below, b.Path+"/") && g.w.bricks[brickKey{b.Host, below}] != nil {
			return true
		}
	}
	return false
}

// claimBricks makes the directories and marks them as the volume's.
func (g *glusterCall) claimBricks(v *volume, bricks []brick) {
	for _, b := range bricks {
		g.w.mkdirAll(b.Host, b.Path)
		g.w.setXattr(g.w.at(b.Host, b.Path), volumeIDAttr, v.UUID)
	}
}

func (g *glusterCall) addBrick(v *volume) int {
	wish, bad := g.volumeWords(g.words[3:])
	grown := *v
	if wish.replica > 0 {
		grown.Replica = wish.replica
	}
	switch {
	case bad != "":
		return g.fail(1, "Wrong brick type: %s, use <HOSTNAME>:<export-dir-abs-path>", bad)
	case len(wish.bricks) == 0:
		return g.fail(1, "No bricks specified")
	case len(wish.bricks)%grown.inSet() != 0 && grown.Replica == v.Replica:
		return g.refuse("volume add-brick", "Incorrect number of bricks supplied %d with count %d", len(wish.bricks), grown.inSet())
	}
	bricks, reason := g.newBricks(v, wish.bricks)
	if reason != "" {
		return g.refuse("volume add-brick", "%s", reason)
	}
	if reason := g.together(v, bricks); reason != "" {
		return g.refuse("volume add-brick", "%s", reason)
	}
	old := v.Bricks
	v.Replica, v.Bricks = grown.Replica, append(slices.Clone(old), bricks...)
	g.claimBricks(v, bricks)
	g.w.putVolume(v, old)
	return g.done("volume add-brick: success", "")
}

// named finds the bricks of a volume that words name; the first that is not of it is given as missing.
func (g *glusterCall) named(v *volume, words []string) (at []int, missing string) {
	for _, word := range words {
		i := slices.IndexFunc(v.Bricks, func(b brick) bool { return b.String() == word || b.Host+":"+b.Path == word })
		if i < 0 {
			return nil, word
		}
		at = append(at, i)
	}
	return at, ""
}

// removeBrick is remove-brick NAME [replica N] BRICK... start|stop|status|commit|force.
func (g *glusterCall) removeBrick(v *volume) int {
	verb := "force"
	words := g.words[3:]
	if !g.force {
		if len(words) == 0 {
			return g.unknown()
		}
		verb, words = words[len(words)-1], words[:len(words)-1]
	}
	wish, bad := g.volumeWords(words)
	at, missing := g.named(v, wish.bricks)
	what := "volume remove-brick " + verb
	switch {
	case bad != "" || len(wish.bricks) == 0:
		return g.fail(1, "Wrong brick type: %s, use <HOSTNAME>:<export-dir-abs-path>", bad)
	case missing != "":
		return g.refuse(what, "Incorrect brick %s for volume %s", missing, v.Name)
	}
	if wish.replica == 0 && len(at)%v.inSet() != 0 {
		return g.refuse(what, "Remove brick incorrect brick count of %d for %s %d", len(at), map[bool]string{true: "disperse", false: "replica"}[v.Data > 0], v.inSet())
	}
	if len(at) == len(v.Bricks) {
		return g.refuse(what, "Deleting all the bricks of the volume is not allowed")
	}
	return g.removeVerb(v, verb, wish, at)
}

func (g *glusterCall) removeVerb(v *volume, verb string, wish volumeWish, at []int) int {
	what := "volume remove-brick " + verb
	switch verb {
	case "start":
		if v.State != "Started" {
			return g.refuse(what, "Volume %s needs to be started before starting the operation", v.Name)
		}
		v.Removing = wish.bricks
		g.w.volumes.put(v.Pool, v.Name, v)
		return g.done(what+": success\nID: "+g.w.uuid(), "<volRemoveBrick>"+element("task-id", g.w.uuid())+"</volRemoveBrick>")
	case "status":
		return g.done("completed", "<volRemoveBrick><aggregate>"+elements("statusStr", "completed", "status", 3)+"</aggregate></volRemoveBrick>")
	case "stop":
		v.Removing = nil
		g.w.volumes.put(v.Pool, v.Name, v)
		return g.done(what+": success", "")
	case "commit":
		if len(v.Removing) == 0 {
			return g.refuse(what, "Brick %s is not decommissioned. Use start or force option", wish.bricks[0])
		}
	case "force":
	default:
		return g.unknown()
	}
	for _, i := range at {
		if n := g.w.nodes.get("", v.Bricks[i].Host); n != nil && !n.glusterd() && verb == "commit" {
			return g.refuse(what, "Host node of the brick %s is down", v.Bricks[i])
		}
	}
	old := v.Bricks
	v.Bricks, v.Removing = nil, nil
	for i, b := range old {
		if slices.Contains(at, i) {
			g.w.setXattr(g.w.at(b.Host, b.Path), volumeIDAttr, "")
			continue
		}
		v.Bricks = append(v.Bricks, b)
	}
	if wish.replica > 0 {
		v.Replica = wish.replica
	}
	g.w.putVolume(v, old)
	return g.done(what+": success", "")
}

// replaceBrick is replace-brick NAME OLD NEW commit force, and reset-brick with the same words.
func (g *glusterCall) replaceBrick(v *volume) int {
	what := "volume " + g.word(1)
	if len(g.words) < 6 || g.word(5) != "commit" {
		return g.fail(1, "Usage:\nvolume replace-brick <VOLNAME> <SOURCE-BRICK> <NEW-BRICK> {commit force}")
	}
	at, missing := g.named(v, g.words[3:4])
	switch {
	case missing != "":
		return g.refuse(what, "brick: %s does not exist in volume: %s", missing, v.Name)
	case !g.force && g.word(1) == "replace-brick":
		return g.fail(1, "Usage:\nvolume replace-brick <VOLNAME> <SOURCE-BRICK> <NEW-BRICK> {commit force}")
	case v.inSet() == 1:
		return g.refuse(what, "replace-brick is not permitted on distribute only volumes. Please use add-brick and remove-brick operations instead.")
	case !strings.Contains(g.word(4), ":/"):
		return g.fail(1, "wrong brick type: %s, use <HOSTNAME>:<export-dir-abs-path>", g.word(4))
	}
	bricks, reason := g.newBricks(v, g.words[4:5])
	if reason != "" {
		return g.refuse(what, "%s", reason)
	}
	old := slices.Clone(v.Bricks)
	gone := old[at[0]]
	v.Bricks = slices.Clone(old)
	v.Bricks[at[0]] = bricks[0]
	if n := g.w.nodes.get("", gone.Host); n != nil && n.glusterd() {
		g.w.setXattr(g.w.at(gone.Host, gone.Path), volumeIDAttr, "")
	}
	g.claimBricks(v, bricks)
	g.w.putVolume(v, old)
	return g.done(what+": success: replace-brick commit force operation successful", "")
}
