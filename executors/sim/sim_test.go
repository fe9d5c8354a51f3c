package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const giB = 1 << 20 // in KiB

// trio is a cluster of three peers with a volume group on each.
func trio(t testing.TB, opt Options) *Cluster {
	t.Helper()
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for i := 1; i <= 3; i++ {
		c.AddNode(fmt.Sprintf("node%d", i), fmt.Sprintf("s%d", i), map[string]uint64{"/dev/sdb": 100 * giB, "/dev/sdc": 20 * giB})
	}
	must(t, c, "node1", "gluster --mode=script peer probe s2 && gluster --mode=script peer probe s3")
	for i := 1; i <= 3; i++ {
		must(t, c, fmt.Sprintf("node%d", i), "set -e\n/usr/sbin/lvm pvcreate -qq --metadatasize=128M --dataalignment=256K '/dev/sdb'\n/usr/sbin/lvm vgcreate -qq --physicalextentsize=4M --autobackup=n vg_1 /dev/sdb\n")
	}
	return c
}

func play(t testing.TB, c *Cluster, host, script string) (out, errs string, exit int) {
	t.Helper()
	res, err := c.Run(context.Background(), host, script)
	if err != nil {
		t.Fatalf("%s: %s: %v", host, script, err)
	}
	return res.Stdout, res.Stderr, res.Exit
}

func must(t testing.TB, c *Cluster, host, script string) string {
	t.Helper()
	out, errs, exit := play(t, c, host, script)
	if exit != 0 {
		t.Fatalf("%s: %s\nexit %d: %s%s", host, script, exit, out, errs)
	}
	return out
}

// brickScript makes a brick as the gluster executor does, on vg_1.
func brickScript(id string) string {
	return strings.NewReplacer("ID", id, "MNT", "/var/lib/heketi/mounts/vg_1/brick_"+id, "DEV", "/dev/mapper/vg_1-brick_"+id).Replace(`set -e
mkdir -p MNT
exec < /var/lib/heketi/mounts/vg_1
flock -w 240 0 || { echo 'vg_1 is busy with another script' >&2; exit 75; }
if ! mountpoint -q MNT; then
  if ! test -e DEV; then
    out=$(/usr/sbin/lvm lvcreate -qq --autobackup=n --poolmetadatasize 8192K --chunksize 256K --size 1048576K --thin vg_1/tp_ID --virtualsize 1048576K --name brick_ID 2>&1) ||
    case "$out" in
    *'already exists'*)
      if ! /usr/sbin/lvm lvs vg_1/brick_ID > /dev/null 2>&1; then
        /usr/sbin/lvm lvcreate -qq --autobackup=n --thin --virtualsize 1048576K --name brick_ID vg_1/tp_ID
      fi
      /usr/sbin/lvm lvchange -qq -ay vg_1/brick_ID ;;
    *)
      printf '%s\n' "$out" >&2
      exit 5 ;;
    esac
  fi
  if ! grep -q '^DEV ' /etc/fstab; then
    mkfs.xfs -q -f -i size=512 -n size=8192 DEV
    printf '%s\n' 'DEV MNT xfs rw,inode64,noatime,nouuid 1 2' >> /etc/fstab
  fi
  mount -o rw,inode64,noatime,nouuid DEV MNT
fi
mkdir -p MNT/brick
chown :2000 MNT/brick
chmod 2775 MNT/brick
sync -f MNT/brick /etc/fstab
`)
}

func brickGone(id string) string {
	return strings.NewReplacer("ID", id, "MNT", "/var/lib/heketi/mounts/vg_1/brick_"+id).Replace(`set -e
umount MNT
sed -i.save '/brick_ID/d' /etc/fstab
lvm lvremove --autobackup=n -f vg_1/brick_ID
n=$(lvm lvs --noheadings --options=thin_count vg_1/tp_ID)
if [ $n -eq 0 ]; then lvm lvremove --autobackup=n -f vg_1/tp_ID; echo pool gone; fi
rmdir MNT
`)
}

func brickPath(id string) string { return "/var/lib/heketi/mounts/vg_1/brick_" + id + "/brick" }

// replica makes and starts a replica 3 volume named v on bricks named after id.
func replica(t testing.TB, c *Cluster, name, id string) {
	t.Helper()
	var bricks []string
	for i := 1; i <= 3; i++ {
		must(t, c, fmt.Sprintf("node%d", i), brickScript(id))
		bricks = append(bricks, fmt.Sprintf("s%d:%s", i, brickPath(id)))
	}
	must(t, c, "node1", "gluster --mode=script volume create "+name+" replica 3 "+strings.Join(bricks, " "))
	must(t, c, "node2", "gluster --mode=script volume start "+name)
}

func TestVolumeLeavesNothing(t *testing.T) {
	c := trio(t, Options{})
	empty := c.Inventory()
	replica(t, c, "v1", "a")
	if got := len(c.Inventory().Volumes); got != 1 {
		t.Fatalf("volumes: %d", got)
	}
	if out := must(t, c, "node2", "cat /etc/fstab /proc/mounts | grep -c brick_a"); out != "2\n" {
		t.Errorf("fstab and mounts: %q", out)
	}
	must(t, c, "node3", "gluster --mode=script volume stop v1 force && gluster --mode=script volume delete v1")
	for i := 1; i <= 3; i++ {
		if out := must(t, c, fmt.Sprintf("node%d", i), brickGone("a")); !strings.Contains(out, "pool gone") {
			t.Errorf("node%d: %q", i, out)
		}
		must(t, c, fmt.Sprintf("node%d", i), "rmdir /var/lib/heketi/mounts/vg_1 /var/lib/heketi/mounts")
	}
	if diff := diffWorld(empty, c.Inventory()); diff != "" {
		t.Error(diff)
	}
	if left := c.Orphans(func(string) bool { return false }); len(left) > 0 {
		t.Errorf("orphans: %v", left)
	}
}

func TestBrickScriptMayRunTwice(t *testing.T) {
	c := trio(t, Options{})
	must(t, c, "node1", brickScript("a"))
	once := c.Inventory()
	must(t, c, "node1", brickScript("a"))
	if diff := diffWorld(once, c.Inventory()); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkBrick(b *testing.B) {
	c := trio(b, Options{})
	i := 0
	for b.Loop() {
		i++
		id := fmt.Sprint(i)
		res, err := c.Run(context.Background(), "node1", brickScript(id))
		if err != nil || res.Exit != 0 {
			b.Fatal(res, err)
		}
		b.StopTimer()
		must(b, c, "node1", brickGone(id))
		b.StartTimer()
	}
}
