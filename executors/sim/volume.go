package sim

import (
	"fmt"
	"slices"
	"strings"
)

// volume dispatches "gluster volume VERB ...".
func (g *glusterCall) volume() int {
	verb := g.word(1)
	switch verb {
	case "info":
		return g.volumeInfo()
	case "list":
		return g.volumeList()
	case "status":
		return g.volumeStatus()
	case "create":
		return g.volumeCreate()
	}
	acts := map[string]func(*volume) int{
		"start": g.volumeStart, "stop": g.volumeStop, "delete": g.volumeDelete, "set": g.volumeSet, "reset": g.volumeReset, "get": g.volumeGet,
		"add-brick": g.addBrick, "remove-brick": g.removeBrick, "replace-brick": g.replaceBrick, "reset-brick": g.replaceBrick,
		"rebalance": g.rebalance, "heal": g.heal,
	}
	act := acts[verb]
	if act == nil || g.word(2) == "" {
		return g.unknown()
	}
	v := g.w.volumes.get(g.n.Pool, g.word(2))
	if v == nil {
		what := "volume " + verb
		if verb == "start" || verb == "stop" || verb == "delete" {
			what += ": " + g.word(2)
		}
		return g.refuse(what, "Volume %s does not exist", g.word(2))
	}
	return act(v)
}

// volumeWish is what the words behind "volume create NAME" or "volume add-brick NAME" ask for.
type volumeWish struct {
	replica, data, redundancy int
	arbiter                   bool
	bricks                    []string
}

// volumeWords reads them; a word that is neither a keyword nor a brick is named.
func (g *glusterCall) volumeWords(words []string) (wish volumeWish, bad string) {
	total := 0
	for i := 0; i < len(words); i++ {
		next := func() int {
			if i+1 < len(words) {
				i++
				return atoi(words[i])
			}
			return 0
		}
		switch w := words[i]; w {
		case "replica":
			wish.replica = next()
		case "arbiter":
			wish.arbiter = next() == 1
		case "disperse-data":
			wish.data = next()
		case "redundancy":
			wish.redundancy = next()
		case "disperse":
			total = next()
		case "transport":
			i++
		default:
			if !strings.Contains(w, ":/") {
				return wish, w
			}
			wish.bricks = append(wish.bricks, w)
		}
	}
	if total > 0 && wish.data == 0 {
		wish.redundancy = max(wish.redundancy, 1)
		wish.data = total - wish.redundancy
	}
	return wish, ""
}

func (g *glusterCall) volumeCreate() int {
	name := g.word(2)
	what := "volume create: " + name
	if len(g.words) < 4 {
		return g.fail(1, "Usage:\nvolume create <NEW-VOLNAME> [[replica <COUNT> [arbiter <COUNT>]]] [disperse [<COUNT>]] <NEW-BRICK>... [force]")
	}
	wish, bad := g.volumeWords(g.words[3:])
	switch {
	case !validVolume(name):
		return g.fail(1, "volume name %s is invalid", name)
	case bad != "":
		return g.fail(1, "Wrong brick type: %s, use <HOSTNAME>:<export-dir-abs-path>", bad)
	case g.w.volumes.get(g.n.Pool, name) != nil:
		return g.refuse(what, "Volume %s already exists", name)
	}
	v := &volume{Name: name, UUID: g.w.uuid(), Pool: g.n.Pool, Replica: wish.replica, Arbiter: wish.arbiter, Data: wish.data, Redundancy: wish.redundancy,
		Options: map[string]string{"transport.address-family": "inet", "storage.fips-mode-rchecksum": "on"}, State: "Created"}
	if reason := shapeFault(v, len(wish.bricks)); reason != "" {
		return g.fail(1, "%s", reason)
	}
	bricks, reason := g.newBricks(v, wish.bricks)
	if reason != "" {
		return g.refuse(what, "%s", reason)
	}
	if reason := g.together(v, bricks); reason != "" {
		return g.refuse("volume create", "%s", reason)
	}
	v.Bricks = bricks
	g.claimBricks(v, bricks)
	g.w.putVolume(v, nil)
	return g.done(what+": success: please start the volume to access data", "<volCreate><volume>"+elements("name", name, "id", v.UUID)+"</volume></volCreate>")
}

func validVolume(s string) bool {
	return s != "" && s[0] != '-' && len(s) < 256 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// shapeFault says why so many bricks do not make such a volume.
func shapeFault(v *volume, bricks int) string {
	switch {
	case bricks == 0:
		return "No bricks specified"
	case v.Arbiter && v.Replica != 3:
		return "For arbiter configuration, replica count must be 3 and arbiter count must be 1. The 3rd brick of the replica will be the arbiter"
	case v.Replica > 1 && bricks%v.Replica != 0:
		return "number of bricks is not a multiple of replica count"
	case v.Data > 0 && v.Redundancy <= 0:
		return "redundancy value must be greater than 0"
	case v.Data > 0 && v.Data <= v.Redundancy:
		return "redundancy value must be less than half of the disperse count"
	case v.Data > 0 && bricks%(v.Data+v.Redundancy) != 0:
		return "number of bricks is not a multiple of disperse count"
	}
	return ""
}

// together says that copies would lie on one node, or "".
func (g *glusterCall) together(v *volume, bricks []brick) string {
	if g.force || v.inSet() == 1 {
		return ""
	}
	for set := range slices.Chunk(bricks, v.inSet()) {
		seen := map[string]bool{}
		for _, b := range set {
			if seen[b.Host] {
				kind := "replicate"
				if v.Data > 0 {
					kind = "disperse"
				}
				return fmt.Sprintf("Multiple bricks of a %s volume are present on the same server. This setup is not optimal. Bricks should be on different nodes to have best fault tolerant configuration. Use 'force' at the end of the command if you want to override this behavior. ", kind)
			}
			seen[b.Host] = true
		}
	}
	return ""
}

func (g *glusterCall) volumeStart(v *volume) int {
	what := "volume start: " + v.Name
	if v.State == "Started" && !g.force {
		return g.refuse(what, "Volume %s already started", v.Name)
	}
	for _, b := range v.Bricks {
		n := g.w.nodes.get("", b.Host)
		if n == nil || !n.glusterd() {
			continue
		}
		p := g.w.at(b.Host, b.Path)
		f := g.w.stat(p)
		switch {
		case f == nil && !g.force:
			return g.refuse(what, "Failed to find brick directory %s for volume %s. Reason : No such file or directory", b.Path, v.Name)
		case f != nil && f.Xattr[volumeIDAttr] != v.UUID && !g.force:
			return g.refuse(what, "Volume id mismatch for brick %s. Expected volume id %s, volume id %s found", b, v.UUID, f.Xattr[volumeIDAttr])
		case f != nil && f.Xattr[volumeIDAttr] == "":
			g.w.setXattr(p, volumeIDAttr, v.UUID)
		}
	}
	v.State = "Started"
	g.w.volumes.put(v.Pool, v.Name, v)
	return g.done(what+": success", "<volStart><volume>"+elements("name", v.Name, "id", v.UUID)+"</volume></volStart>")
}

func (g *glusterCall) volumeStop(v *volume) int {
	what := "volume stop: " + v.Name
	if v.State != "Started" && !g.force {
		return g.refuse(what, "Volume %s is not in the started state", v.Name)
	}
	v.State = "Stopped"
	g.w.volumes.put(v.Pool, v.Name, v)
	return g.done(what+": success", "<volStop><volume>"+elements("name", v.Name, "id", v.UUID)+"</volume></volStop>")
}

func (g *glusterCall) volumeDelete(v *volume) int {
	what := "volume delete: " + v.Name
	switch snaps := g.snapsOf(v.Name); {
	case v.State == "Started":
		return g.refuse(what, "Volume %s has been started.Volume needs to be stopped before deletion.", v.Name)
	case len(snaps) > 0:
		return g.refuse(what, "Cannot delete Volume %s ,as it has %d snapshots. To delete the volume, first delete all the snapshots under it.", v.Name, len(snaps))
	case g.peersDown():
		return g.refuse(what, "Some of the peers are down")
	}
	for _, b := range v.Bricks {
		g.w.setXattr(g.w.at(b.Host, b.Path), volumeIDAttr, "")
	}
	g.w.delVolume(v)
	g.w.blocks.drop(v.Pool + "/" + v.Name)
	return g.done(what+": success", "<volDelete><volume>"+elements("name", v.Name, "id", v.UUID)+"</volume></volDelete>")
}
