package sim

import (
	"path"
	"strings"
)

// file is one file or directory of a file system.
type file struct {
	Dir   bool              `json:",omitempty"`
	Mode  uint32            `json:",omitempty"`
	Owner string            `json:",omitempty"`
	Group string            `json:",omitempty"`
	Data  string            `json:",omitempty"`
	Xattr map[string]string `json:",omitempty"`
}

// volumeIDAttr marks a directory as a brick of a volume, as glusterd does.
const volumeIDAttr = "trusted.glusterfs.volume-id"

// fresh are the directories of every new node's root file system; they have no rows.
var fresh = map[string]bool{
	"/": true, "/etc": true, "/dev": true, "/dev/mapper": true, "/dev/disk": true, "/dev/disk/by-id": true, "/var": true,
	"/var/lib": true, "/var/lib/heketi": true, "/var/lib/glusterd": true, "/var/lib/glusterd/groups": true, "/var/lock": true,
	"/run": true, "/run/lock": true, "/run/gluster": true, "/run/gluster/snaps": true, "/tmp": true, "/root": true, "/mnt": true, "/proc": true,
	"/usr": true, "/usr/sbin": true, "/usr/bin": true, "/bin": true, "/sbin": true, "/data": true, "/srv": true, "/opt": true, "/home": true,
}

// freshFiles are the files of a new node until they are written.
var freshFiles = map[string]string{
	"/etc/fstab":      "/dev/vda1 / ext4 defaults 0 1\n",
	"/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n",
	"/dev/null":       "",
}

// place is a path resolved through the mounts of its node.
type place struct {
	host, fsid, rel string
	mount           *mounted // nil on the root file system
}

func (p place) root() bool { return p.mount == nil }

func rootFS(host string) string { return "root@" + host }

// at resolves a path that is absolute.
func (w *world) at(host, name string) place {
	name = path.Clean("/" + name)
	if w.mounts.size(host) > 0 {
		for dir := name; dir != "/"; dir = path.Dir(dir) {
			if m := w.mounts.get(host, dir); m != nil {
				return place{host: host, fsid: m.FSID, rel: path.Clean("/" + name[len(dir):]), mount: m}
			}
		}
	}
	return place{host: host, fsid: rootFS(host), rel: name}
}

// stat gives a file, or nil. What it returns is for reading.
func (w *world) stat(p place) *file {
	if f := w.files.get(p.fsid, p.rel); f != nil {
		return f
	}
	if !p.root() {
		if p.rel == "/" {
			return &file{Dir: true, Mode: 0o755}
		}
		return nil
	}
	return w.given(p)
}

// given is what a root file system has without rows: fresh directories and files, /proc/mounts, devices.
func (w *world) given(p place) *file {
	if fresh[p.rel] {
		return &file{Dir: true, Mode: 0o755}
	}
	if data, ok := freshFiles[p.rel]; ok {
		return &file{Mode: 0o644, Data: data}
	}
	switch p.rel {
	case "/proc/mounts", "/etc/mtab":
		return &file{Mode: 0o444, Data: w.procMounts(p.host)}
	case "/etc/hostname":
		return &file{Mode: 0o644, Data: p.host + "\n"}
	}
	if name, ok := strings.CutPrefix(p.rel, volumeStates); ok {
		return w.volumeState(p.host, name)
	}
	if strings.HasPrefix(p.rel, "/dev/") && w.device(p.host, p.rel) != nil {
		return &file{Mode: deviceMode}
	}
	if vg, ok := strings.CutPrefix(p.rel, "/dev/"); ok && w.lvs.size(p.host+"/"+vg) > 0 {
		return &file{Dir: true, Mode: 0o755}
	}
	return nil
}

// volumeStates is where glusterd keeps a directory for each volume, with the file info in it.
const volumeStates = "/var/lib/glusterd/vols/"

// volumeState is such a directory, by its name, or the file in it.
func (w *world) volumeState(host, name string) *file {
	name, info := strings.CutSuffix(name, "/info")
	n := w.nodes.get("", host)
	if n == nil {
		return nil
	}
	v := w.volumes.get(n.Pool, name)
	switch {
	case v == nil:
		return nil
	case info:
		return &file{Mode: 0o600, Data: v.state()}
	}
	return &file{Dir: true, Mode: 0o755}
}

// deviceMode marks what stat shows of a block device.
const deviceMode = 0o60660

// write gives a file new content; its parent must be there.
func (w *world) write(p place, data string) {
	f := &file{Mode: 0o644}
	if old := w.stat(p); old != nil {
		*f = *old
	}
	f.Data = data
	w.files.put(p.fsid, p.rel, f)
}

// mkdir makes one directory whose parent is there.
func (w *world) mkdir(p place) { w.files.put(p.fsid, p.rel, &file{Dir: true, Mode: 0o755}) }

// mkdirAll makes a directory and those above it; a file in the way is named.
func (w *world) mkdirAll(host, name string) (obstacle string) {
	name = path.Clean(name)
	p := w.at(host, name)
	if f := w.stat(p); f != nil {
		if !f.Dir {
			return name
		}
		return ""
	}
	if name != "/" {
		if obstacle = w.mkdirAll(host, path.Dir(name)); obstacle != "" {
			return obstacle
		}
	}
	w.mkdir(p)
	return ""
}

// children gives the names in a directory: files, fresh directories and mount points, but no devices.
func (w *world) children(p place) []string {
	seen := map[string]bool{}
	prefix := strings.TrimSuffix(p.rel, "/") + "/"
	add := func(name string) {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" && !strings.Contains(rest, "/") {
			seen[rest] = true
		}
	}
	for name := range w.files.groups[p.fsid] {
		add(name)
	}
	if p.root() {
		for name := range fresh {
			add(name)
		}
		for name := range freshFiles {
			add(name)
		}
		if p.rel == "/dev" || strings.HasPrefix(p.rel, "/dev/") {
			for _, d := range w.deviceNames(p.host) {
				add(d)
			}
		}
	}
	return sortedKeys(seen)
}

// removeTree removes a file or a directory with all below it on the same file system.
func (w *world) removeTree(p place) {
	prefix := strings.TrimSuffix(p.rel, "/") + "/"
	var gone []string
	for name := range w.files.groups[p.fsid] {
		if name == p.rel || strings.HasPrefix(name, prefix) {
			gone = append(gone, name)
		}
	}
	for _, name := range gone {
		w.files.del(p.fsid, name)
	}
}

// copyFS gives a file system's files to another, as a snapshot of its device does.
func (w *world) copyFS(from, to string) {
	for name, f := range w.files.groups[from] {
		twin := *f
		twin.Xattr = map[string]string{}
		for k, v := range f.Xattr {
			twin.Xattr[k] = v
		}
		w.files.put(to, name, &twin)
	}
}

// setXattr marks a directory that is there; an empty value takes the mark off.
func (w *world) setXattr(p place, key, value string) {
	f := w.stat(p)
	if f == nil {
		return
	}
	twin := *f
	twin.Xattr = map[string]string{}
	for k, v := range f.Xattr {
		twin.Xattr[k] = v
	}
	if value == "" {
		delete(twin.Xattr, key)
	} else {
		twin.Xattr[key] = value
	}
	w.files.put(p.fsid, p.rel, &twin)
}
