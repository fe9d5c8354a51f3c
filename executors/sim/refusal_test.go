package sim

import (
	"strings"
	"testing"
)

// refusals are what real tools say, by the state that a cluster is brought into first.
var refusals = []struct {
	name, before, script string
	exit                 int
	says                 string // on standard output and error together
}{
	{"unknown command", "", "frobnicate", 127, "bash: frobnicate: command not found"},
	{"unknown path", "", "/opt/frobnicate x", 127, "command not found"},
	{"set -e ends the script", "", "set -e; false; echo on", 1, ""},
	{"syntax error", "", "if then", 2, "bash: "},

	{"pvcreate of no device", "", "pvcreate /dev/sdz", 5, "No device found for /dev/sdz."},
	{"pvcreate of a used device", "", "pvcreate /dev/sdb", 5, `Can't initialize physical volume "/dev/sdb" of volume group "vg_1" without -ff`},
	{"pvcreate over a file system", "mkfs.xfs -q /dev/sdc", "lvm pvcreate -qq /dev/sdc", 5, "Failed to wipe signatures"},
	{"pvcreate -y over a file system", "mkfs.xfs -q /dev/sdc", "lvm pvcreate -y /dev/sdc", 0, `Physical volume "/dev/sdc" successfully created.`},
	{"vgcreate twice", "", "vgcreate vg_1 /dev/sdc", 5, "A volume group called vg_1 already exists."},
	{"vgcreate on a used device", "", "vgcreate vg_2 /dev/sdb", 5, "is already in volume group 'vg_1'"},
	{"vgremove of none", "", "lvm vgremove -qq vg_9", 5, `Volume group "vg_9" not found`},
	{"vgremove with volumes", "lvcreate -L 1G -n x vg_1", "lvm vgremove -qq vg_1", 5, `Volume group "vg_1" not removed`},
	{"pvremove of a used device", "", "pvremove /dev/sdb", 5, "is used by VG vg_1"},
	{"pvremove of none", "", "pvremove /dev/sdc", 5, "No PV found on device /dev/sdc."},
	{"lvm without such command", "", "lvm frob", 2, "No such command 'frob'"},

	{"lvcreate in no group", "", "lvcreate -L 1G -n x vg_9", 5, `Volume group "vg_9" not found`},
	{"lvcreate too large", "", "lvcreate -L 200G -n x vg_1", 5, "insufficient free space"},
	{"lvcreate of a pool that is there", "lvcreate -L 1G -T vg_1/tp", "lvcreate -L 1G --thin vg_1/tp -V 1G -n x", 5, `Logical Volume "tp" already exists in volume group "vg_1"`},
	{"lvcreate in a pool that is there", "lvcreate -L 1G -T vg_1/tp", "lvcreate -V 1G -T vg_1/tp -n x && lvs --noheadings -o thin_count vg_1/tp", 0, "1"},
	{"lvcreate in no pool", "", "lvcreate -V 1G -T vg_1/tp -n x", 5, "not found"},
	{"lvcreate of a volume that is there", "lvcreate -L 1G -T vg_1/tp -V 1G -n x", "lvcreate --thin -V 1G -n x vg_1/tp", 5, `Logical Volume "x" already exists`},
	{"lvcreate with a bad size", "", "lvcreate -L much -n x vg_1", 3, "Invalid argument"},
	{"lvcreate with a bad name", "", "lvcreate -L 1G -n 'a b' vg_1", 3, "is invalid"},
	{"lvremove of none", "", "lvremove -f vg_1/x", 5, `Failed to find logical volume "vg_1/x"`},
	{"lvremove in no group", "", "lvremove -f vg_9/x", 5, `Volume group "vg_9" not found`},
	{"lvremove of a mounted volume", mountedX, "lvremove -f vg_1/x", 5, "contains a filesystem in use"},
	{"lvremove of a pool takes its volumes", "lvcreate -L 1G -T vg_1/tp -V 1G -n x", "lvremove -f vg_1/tp && ! lvs vg_1/x", 0, ""},
	{"snapshot of a thin volume", "lvcreate -L 1G -T vg_1/tp -V 1G -n x", "lvcreate -s vg_1/x -n y && lvs --noheadings -o origin,pool_lv vg_1/y", 0, "x tp"},
	{"lvs of none", "", "lvs vg_1/x", 5, "Failed to find logical volume"},
	{"lvs with an unknown field", "", "lvs -o frob", 3, "Unrecognised field: frob"},
	{"pvs of none", "", "lvm pvs -o pv_name /dev/sdc", 5, `Failed to find physical volume "/dev/sdc".`},
	{"vgdisplay of none", "", "vgdisplay -c vg_9", 5, "not found"},

	{"mkfs of no device", "", "mkfs.xfs /dev/mapper/vg_1-x", 1, "No such file or directory"},
	{"mkfs over a file system", mountedX + "; umount /mnt/x", "mkfs.xfs /dev/vg_1/x", 1, "Use the -f option to force overwrite."},
	{"mkfs of a mounted volume", mountedX, "mkfs.xfs -f /dev/vg_1/x", 1, "contains a mounted filesystem"},
	{"mount of no device", "", "mount /dev/vg_1/x /mnt", 32, "special device /dev/vg_1/x does not exist."},
	{"mount on no directory", "lvcreate -L 1G -n x vg_1; mkfs.xfs -q /dev/vg_1/x", "mount /dev/vg_1/x /mnt/none", 32, "mount point does not exist."},
	{"mount without a file system", "lvcreate -L 1G -n x vg_1", "mount /dev/vg_1/x /mnt", 32, "wrong fs type"},
	{"mount twice", mountedX, "mount /dev/vg_1/x /mnt/x", 32, "already mounted on /mnt/x."},
	{"mount by fstab without a line", "", "mount /mnt/x", 1, "can't find in /etc/fstab"},
	{"umount of what is not mounted", "mkdir /mnt/x", "umount /mnt/x", 32, "umount: /mnt/x: not mounted."},
	{"umount of nothing", "", "umount /mnt/none", 32, "no mount point specified."},
	{"wipefs of a used device", "lvcreate -L 1G -n x vg_1", "wipefs --all /dev/sdb", 1, "Device or resource busy"},
	{"mountpoint of a plain directory", "", "mountpoint /mnt", 32, "is not a mountpoint"},
	{"mountpoint of nothing", "", "mountpoint -q /mnt/none", 1, ""},

	{"mkdir under nothing", "", "mkdir /a/b", 1, "mkdir: cannot create directory '/a/b': No such file or directory"},
	{"mkdir twice", "mkdir /a", "mkdir /a", 1, "File exists"},
	{"rmdir of nothing", "", "rmdir /a", 1, "No such file or directory"},
	{"rmdir of a full directory", "mkdir -p /a/b", "rmdir /a", 1, "Directory not empty"},
	{"rmdir of a mount", mountedX, "rmdir /mnt/x", 1, "Device or resource busy"},
	{"rm of a directory", "mkdir /a", "rm /a", 1, "Is a directory"},
	{"rm -r over a mount", mountedX, "rm -rf /mnt", 1, "Device or resource busy"},
	{"cat of nothing", "", "cat /a", 1, "cat: /a: No such file or directory"},
	{"redirection under nothing", "", "echo x > /a/b", 1, "no such file or directory"},
	{"awk into nothing", "", `awk "BEGIN {print \"x\" >> \"/a/b\"}"`, 2, "can't redirect"},
	{"grep without a hit", "", "grep -q brick /etc/fstab", 1, ""},
	{"grep in nothing", "", "grep x /a", 2, "No such file or directory"},
	{"chown of nothing", "", "chown :1 /a", 1, "No such file or directory"},
	{"timeout", "", "timeout 0.01 sleep 100", 124, ""},
	{"source of a real file", "", ". /etc/passwd", 127, "command not found"},
	{"nested shell inherits what is exported", "", "a=1 b=2; export a; bash -c 'echo $a-$b-$0-$1' x y", 0, "1--bash-y"},
	{"a shell keeps its own options", "", "set -e; bash -c 'false; echo on'", 0, "on"},
	{"bash -ec", "", "bash -ec 'false; echo on' || echo ended", 0, "ended"},
	{"sudo with flags", "", "sudo -n -u root hostname", 0, "node1"},
	{"xargs", "", "printf 'a b\nc\n' | xargs -n 1 echo +", 0, "+ a\n+ b\n+ c"},
	{"cat without input", "", "cat", 0, ""},
	{"here-document", "", "cat << EOF\nhere $((1+1))\nEOF\n", 0, "here 2"},
	{"pipes", "", "cat /etc/fstab | grep vda1 | cut -d' ' -f2 | tr / _ | wc -l", 0, "1"},
	{"background", "", "hostname & wait; echo done", 0, "done"},
	{"glob", "mkdir -p /a/b /a/c", "echo /a/*", 0, "/a/b /a/c"},
	{"awk print", "", "awk '$2 == \"/\" {print $1, $3}' /etc/fstab", 0, "/dev/vda1 ext4"},
	{"sed with a copy", "cp /etc/fstab /tmp/f; echo '/dev/x y' >> /tmp/f", "sed -i.save '/vda1/d' /tmp/f; cat /tmp/f; grep -c . /tmp/f.save", 0, "/dev/x y\n2"},
	{"tee -a", "", "echo a | tee /tmp/f; echo b | tee -a /tmp/f >/dev/null; tail -n 1 /tmp/f", 0, "a\nb"},
	{"process substitution", "", "cat <(echo x)", 2, "does not play this"},
	{"another user's home", "", "echo ~root/x", 2, "does not play this"},
	{"another user's home by eval", "", "eval 'echo ~'root", 2, "does not play this"},
}

const mountedX = "lvcreate -L 1G -n x vg_1; mkfs.xfs -q /dev/vg_1/x; mkdir /mnt/x; mount -o nouuid /dev/vg_1/x /mnt/x"

func TestRefusals(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			c := trio(t, Options{})
			if tt.before != "" {
				must(t, c, "node1", "set -e; "+tt.before)
			}
			out, errs, exit := play(t, c, "node1", tt.script)
			if exit != tt.exit || !strings.Contains(out+errs, tt.says) {
				t.Errorf("exit %d (want %d): %q %q, want %q", exit, tt.exit, out, errs, tt.says)
			}
		})
	}
}
