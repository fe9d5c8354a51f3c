package sim

import (
	"strings"
	"testing"
)

// glusterCases are played on a cluster with the started replica 3 volume v1 (bricks "a") and spare bricks "b" and "c".
var glusterCases = []struct {
	name, before, script string
	exit                 int
	says                 string
}{
	{"create again", "", "volume create v1 s1:" + brickPath("b"), 1, "volume create: v1: failed: Volume v1 already exists"},
	{"create on a used brick", "", "volume create v2 s1:" + brickPath("a"), 1, "Brick: s1:" + brickPath("a") + " not available."},
	{"create on a used brick by force", "", "volume create v2 s1:" + brickPath("a") + " force", 1, "not available"},
	{"create inside a used brick", "", "volume create v2 s1:" + brickPath("a") + "/x", 1, "may be containing or be contained by an existing brick"},
	{"add-brick again", "", "volume add-brick v1 " + each("a"), 1, "not available"},
	{"create under nothing", "", "volume create v2 s1:/data/x/y", 1, "Reason : No such file or directory"},
	{"create on the root partition", "", "volume create v2 s1:/data/x", 1, "being created in the root partition"},
	{"create on the root partition by force", "", "volume create v2 s1:/data/x force", 0, "volume create: v2: success"},
	{"create on a mount point", "", "volume create v2 s1:/var/lib/heketi/mounts/vg_1/brick_b", 1, "is a mount point"},
	{"create with a strange host", "", "volume create v2 s9:/x/y", 1, "Host s9 is not in 'Peer in Cluster' state"},
	{"create with copies on one node", "", "volume create v2 replica 2 s1:" + brickPath("b") + " s1:" + brickPath("c"), 1, "Multiple bricks of a replicate volume"},
	{"create with too few bricks", "", "volume create v2 replica 3 s1:" + brickPath("b"), 1, "not a multiple of replica count"},
	{"create disperse", "", "volume create v2 disperse-data 2 redundancy 1 " + each("b"), 0, "success"},
	{"create arbiter", "", "volume create v2 replica 3 arbiter 1 " + each("b"), 0, "success"},
	{"start again", "", "volume start v1", 1, "volume start: v1: failed: Volume v1 already started"},
	{"start again by force", "", "volume start v1 force", 0, "volume start: v1: success"},
	{"start of none", "", "volume start v9", 1, "volume start: v9: failed: Volume v9 does not exist"},
	{"stop twice", "volume stop v1", "volume stop v1", 1, "is not in the started state"},
	{"delete of a started volume", "", "volume delete v1", 1, "volume delete: v1: failed: Volume v1 has been started.Volume needs to be stopped before deletion."},
	{"delete of none", "", "volume delete v9", 1, "Volume v9 does not exist"},
	{"delete of none as XML", "", "--xml volume delete v9", 0, "<opRet>-1</opRet>"},
	{"delete with snapshots", "snapshot create sn v1 no-timestamp; volume stop v1", "volume delete v1", 1, "Cannot delete Volume v1 ,as it has 1 snapshots."},
	{"add-brick", "", "volume add-brick v1 " + each("b"), 0, "volume add-brick: success"},
	{"add-brick with too few", "", "volume add-brick v1 s1:" + brickPath("b"), 1, "Incorrect number of bricks supplied 1 with count 3"},
	{"remove-brick", "volume add-brick v1 " + each("b"), "volume remove-brick v1 " + each("b") + " force", 0, "volume remove-brick force: success"},
	{"remove-brick of all", "", "volume remove-brick v1 " + each("a") + " force", 1, "Deleting all the bricks of the volume is not allowed"},
	{"remove-brick of a stranger", "", "volume remove-brick v1 " + each("b") + " force", 1, "Incorrect brick s1:" + brickPath("b") + " for volume v1"},
	{"replace-brick", "", "volume replace-brick v1 s1:" + brickPath("a") + " s1:" + brickPath("b") + " commit force", 0, "replace-brick commit force operation successful"},
	{"replace-brick of a stranger", "", "volume replace-brick v1 s1:" + brickPath("c") + " s1:" + brickPath("b") + " commit force", 1, "does not exist in volume: v1"},
	{"set", "", "volume set v1 user.heketi.id abc performance.io-cache off", 0, "volume set: success"},
	{"set of an unknown option", "", "volume set v1 frob.x 1 user.y 2", 1, "volume set: failed: option : frob.x does not exist"},
	{"set of a group", "", "volume set v1 group gluster-block", 0, "volume set: success"},
	{"set of an unknown group", "", "volume set v1 group frob", 1, "Unable to open file '/var/lib/glusterd/groups/frob'"},
	{"get", "volume set v1 user.heketi.id abc", "volume get v1 user.heketi.id", 0, "abc"},
	{"info", "", "volume info v1", 0, "Number of Bricks: 1 x 3 = 3"},
	{"info of none", "", "volume info v9", 1, "Volume v9 does not exist"},
	{"info as XML", "", "volume info v1 --xml", 0, "<replicaCount>3</replicaCount>"},
	{"list", "", "volume list", 0, "v1\n"},
	{"status", "", "volume status v1", 0, "Status of volume: v1"},
	{"status of a stopped volume", "volume stop v1", "volume status v1", 1, "Volume v1 is not started"},
	{"heal info", "", "volume heal v1 info", 0, "Number of entries: 0"},
	{"heal info as XML", "", "volume heal v1 info --xml", 0, "<status>Connected</status>"},
	{"rebalance of one set", "", "volume rebalance v1 start", 1, "not a distribute volume"},
	{"rebalance", "volume add-brick v1 " + each("b"), "volume rebalance v1 start", 0, "has been started successfully"},
	{"probe of a peer", "", "peer probe s2", 0, "already in peer list"},
	{"probe of itself", "", "peer probe s1", 0, "Probe on localhost not needed"},
	{"probe of nobody", "", "peer probe s9", 1, "peer probe: failed: Probe returned with Transport endpoint is not connected"},
	{"detach with bricks", "", "peer detach s2", 255, "hosts one or more bricks"},
	{"detach of nobody", "", "peer detach s9", 1, "s9 is not part of cluster"},
	{"detach of itself", "", "peer detach s1", 1, "is localhost"},
	{"pool list", "", "pool list", 0, "localhost\tConnected"},
	{"peer status", "", "peer status", 0, "Number of Peers: 2"},
	{"snapshot twice", "snapshot create sn v1 no-timestamp", "snapshot create sn v1 no-timestamp", 1, "Snapshot sn already exists"},
	{"snapshot of none", "", "snapshot create sn v9 no-timestamp", 1, "Volume (v9) does not exist"},
	{"snapshot of a stopped volume", "volume stop v1", "snapshot create sn v1 no-timestamp", 1, "is not started"},
	{"snapshot over the limit", "snapshot config snap-max-hard-limit 1; snapshot create sn v1 no-timestamp", "snapshot create so v1 no-timestamp", 1, "effective maximum limit of 1"},
	{"clone of a sleeping snapshot", "snapshot create sn v1 no-timestamp", "snapshot clone v2 sn", 1, "snapshot sn is not activated"},
	{"clone with a name in use", "snapshot create sn v1 no-timestamp; snapshot activate sn", "snapshot clone v1 sn", 1, "Volume with name:v1 already exists"},
	{"activate twice", "snapshot create sn v1 no-timestamp; snapshot activate sn", "snapshot activate sn", 1, "already activated"},
	{"activate none", "", "snapshot activate sn", 1, "Snapshot (sn) does not exist."},
	{"snapshot list", "snapshot create sn v1 no-timestamp", "snapshot list v1", 0, "sn\n"},
	{"no such verb", "", "volume frob v1", 1, "unrecognized word"},
}

// each names the brick id on all three nodes.
func each(id string) string {
	var out []string
	for _, h := range []string{"s1", "s2", "s3"} {
		out = append(out, h+":"+brickPath(id))
	}
	return strings.Join(out, " ")
}

func withVolume(t testing.TB) *Cluster {
	c := trio(t, Options{})
	replica(t, c, "v1", "a")
	for _, host := range []string{"node1", "node2", "node3"} {
		must(t, c, host, brickScript("b"))
		must(t, c, host, brickScript("c"))
	}
	return c
}

func TestGluster(t *testing.T) {
	for _, tt := range glusterCases {
		t.Run(tt.name, func(t *testing.T) {
			c := withVolume(t)
			for step := range strings.SplitSeq(tt.before, ";") {
				if step != "" {
					must(t, c, "node1", "gluster --mode=script "+step)
				}
			}
			before := c.Inventory()
			out, errs, exit := play(t, c, "node1", "gluster --mode=script --timeout=600 "+tt.script)
			if exit != tt.exit || !strings.Contains(out+errs, tt.says) {
				t.Errorf("exit %d (want %d): %q %q, want %q", exit, tt.exit, out, errs, tt.says)
			}
			if exit != 0 {
				if diff := diffWorld(before, c.Inventory()); diff != "" {
					t.Errorf("a refusal changed the world: %s", diff)
				}
			}
		})
	}
}

// TestStaleMark: a directory that was a brick of a volume which is gone wants force.
func TestStaleMark(t *testing.T) {
	c := withVolume(t)
	must(t, c, "node1", "setfattr -n trusted.glusterfs.volume-id -v stale "+brickPath("b"))
	_, errs, exit := play(t, c, "node1", "gluster --mode=script volume create v2 s1:"+brickPath("b"))
	if exit != 1 || !strings.Contains(errs, brickPath("b")+" is already part of a volume") {
		t.Errorf("exit %d: %q", exit, errs)
	}
	must(t, c, "node1", "gluster --mode=script volume create v2 s1:"+brickPath("b")+" force && gluster --mode=script volume start v2")
}

func TestPeersDown(t *testing.T) {
	c := withVolume(t)
	must(t, c, "node1", "gluster --mode=script volume stop v1")
	if err := c.Down("node3"); err != nil {
		t.Fatal(err)
	}
	if _, errs, exit := play(t, c, "node1", "gluster --mode=script volume delete v1"); exit != 1 || errs != "volume delete: v1: failed: Some of the peers are down\n" {
		t.Errorf("exit %d: %q", exit, errs)
	}
	if out := must(t, c, "node1", "gluster --mode=script --xml volume delete v1"); !strings.Contains(out, "<opErrno>30800</opErrno>") {
		t.Errorf("%q", out)
	}
	if _, errs, exit := play(t, c, "node1", "gluster --mode=script volume create v2 replica 3 "+each("b")); exit != 1 || !strings.Contains(errs, "Host s3 not connected") {
		t.Errorf("exit %d: %q", exit, errs)
	}
	if out := must(t, c, "node1", "gluster pool list"); !strings.Contains(out, "s3\tDisconnected") {
		t.Errorf("%q", out)
	}
	if err := c.Up("node3"); err != nil {
		t.Fatal(err)
	}
	must(t, c, "node1", "gluster --mode=script volume delete v1")
}

func TestRebootMountsByFstab(t *testing.T) {
	c := withVolume(t)
	before := c.Inventory()
	for _, what := range []func(string) error{c.Down, c.Up} {
		if err := what("node2"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := diffWorld(before, c.Inventory()); diff != "" {
		t.Error(diff)
	}
}

func TestCloneLivesInThePoolsOfItsSource(t *testing.T) {
	c := withVolume(t)
	before := c.Inventory()
	for _, step := range []string{"snapshot create sn v1 no-timestamp", "snapshot activate sn", "snapshot clone v2 sn", "volume start v2", "snapshot deactivate sn", "snapshot delete sn"} {
		must(t, c, "node1", "gluster --mode=script --xml "+step)
	}
	info := must(t, c, "node2", "gluster volume info v2")
	_, rest, _ := strings.Cut(info, "Volume ID: ")
	id, _, _ := strings.Cut(rest, "\n")
	hex := strings.ReplaceAll(id, "-", "")
	if !strings.Contains(info, "s3:/run/gluster/snaps/"+hex+"/brick3/brick") {
		t.Errorf("bricks of the clone: %s", info)
	}
	if out := must(t, c, "node3", "lvs --noheadings -o pool_lv vg_1/"+hex+"_0"); strings.TrimSpace(out) != "tp_a" {
		t.Errorf("pool of the clone: %q", out)
	}
	if err := c.Down("node1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Up("node1"); err != nil {
		t.Fatal(err)
	}
	must(t, c, "node1", "mountpoint -q /run/gluster/snaps/"+hex+"/brick1")
	must(t, c, "node1", "gluster --mode=script volume stop v2 force && gluster --mode=script volume delete v2")
	for i, host := range []string{"node1", "node2", "node3"} {
		dir := "/run/gluster/snaps/" + hex + "/brick" + string(rune('1'+i))
		must(t, c, host, "set -e; umount "+dir+"; lvremove -f vg_1/"+hex+"_0; rmdir "+dir+" /run/gluster/snaps/"+hex)
	}
	if diff := diffWorld(before, c.Inventory()); diff != "" {
		t.Error(diff)
	}
}

func TestUmountOfAServingBrickIsBusy(t *testing.T) {
	c := withVolume(t)
	_, errs, exit := play(t, c, "node1", "umount /var/lib/heketi/mounts/vg_1/brick_a")
	if exit != 32 || !strings.Contains(errs, "target is busy") {
		t.Errorf("exit %d: %q", exit, errs)
	}
}

func TestBlockVolumes(t *testing.T) {
	c := withVolume(t)
	for _, step := range []struct {
		script string
		exit   int
		says   string
	}{
		{"create v1/b1 ha 2 auth enable prealloc full s1,s2,s3 1GiB --json", 22, "FAIL"},
		{"create v1/b1 ha 3 auth disable prealloc full s1,s2,s3 2GiB --json", 28, "Not sufficient space"},
		{"create v1/b1 ha 3 auth enable prealloc full s1,s2,s3 1GiB --json", 0, `"USERNAME"`},
		{"create v1/b1 ha 1 auth enable prealloc full s1 1GiB --json", 17, "already EXIST"},
		{"info v1/b1 --json", 0, `"SIZE":"1.0 GiB"`},
		{"list v1 --json", 0, `{"RESULT":"SUCCESS","blocks":["b1"]}`},
		{"modify v1/b1 size 1GiB --json", 22, "already of requested size"},
		{"delete v1/b1 --json", 0, `"RESULT":"SUCCESS"`},
		{"delete v1/b1 --json", 2, "doesn't exist"},
		{"list v9 --json", 2, "does not exist"},
	} {
		out, errs, exit := play(t, c, "node1", "gluster-block "+step.script)
		if exit != step.exit || !strings.Contains(out+errs, step.says) {
			t.Errorf("%s: exit %d (want %d): %q %q", step.script, exit, step.exit, out, errs)
		}
	}
}
