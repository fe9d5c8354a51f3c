package gluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"yardmaster/executors"
)

// infoXML is what gluster answers about a volume with these bricks and options.
func infoXML(name, gid, status string, bricks []string, options ...string) string {
	var b, o strings.Builder
	for _, s := range bricks {
		fmt.Fprintf(&b, `<brick uuid="u">%s<name>%s</name><hostUuid>u</hostUuid><isArbiter>0</isArbiter></brick>`, s, s)
	}
	for i := 0; i+1 < len(options); i += 2 {
		fmt.Fprintf(&o, "<option><name>%s</name><value>%s</value></option>", options[i], options[i+1])
	}
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cliOutput><opRet>0</opRet><opErrno>0</opErrno><opErrstr/><volInfo><volumes><volume><name>` + name + `</name><id>` + gid +
		`</id><status>1</status><statusStr>` + status + `</statusStr><bricks>` + b.String() + `</bricks><options>` + o.String() +
		`</options></volume><count>1</count></volumes></volInfo></cliOutput>
`
}

const noVolumeXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cliOutput><opRet>-1</opRet><opErrno>30800</opErrno><opErrstr>Volume vol_a does not exist</opErrstr></cliOutput>
`

const deviceAnswer = `  {"report": [{"pv": [{"pv_name":"/dev/sdb", "pv_uuid":"lgev4G-7Gkg-ae67-8ZUI-dqje-gKLf-n2mtEp", "vg_name":"vg_x"}]}]}
` + divider + `
disk/by-id/lvm-pv-uuid-lgev4G-7Gkg-ae67-8ZUI-dqje-gKLf-n2mtEp disk/by-path/pci-1
` + divider + `
  vg_x:r/w:772:-1:0:0:0:-1:0:1:1:8253440:4096:2015:15:2000:Ywt8cO-KlO4-CmZb-eS3i-0Jcc-A6O0-s6yXbX
`

var (
	clone   = CloneSpec{Source: testVolume(1), Name: "clone_b", ID: id(0xb), Op: id(0xc)}
	cloneAt = []string{
		"10.0.0.1:/run/gluster/snaps/f00d/brick1/brick", "10.0.0.2:/run/gluster/snaps/f00d/brick2/brick", "10.0.0.3:/run/gluster/snaps/f00d/brick3/brick",
	}
	mountsOfClone = fmt.Sprintf("/dev/mapper/vg_%s-f00d_0 /run/gluster/snaps/f00d/brick1 xfs rw 0 0\n/dev/mapper/vg_%s-f00d_0 /run/gluster/snaps/f00d/brick2 xfs rw 0 0\n/dev/mapper/vg_%s-f00d_0 /run/gluster/snaps/f00d/brick3 xfs rw 0 0\n", id(0x100), id(0x101), id(0x102))
	thinsOfClone  = fmt.Sprintf("  vg_%s:f00d_0:tp_%s\n  vg_%s:f00d_0:tp_%s\n  vg_%s:f00d_0:tp_%s\n", id(0x100), id(0), id(0x101), id(1), id(0x102), id(2))
)

func brickOf(b Brick, change func(*Brick)) Brick { change(&b); return b }

// steps are all that this package does to machines. Each leaves a transcript in testdata.
var steps = []struct {
	name  string
	opt   Options
	rules []*rule
	do    func(ctx context.Context, g *Gluster) (any, error)
}{
	{"glusterd_check", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) { return nil, g.CheckGlusterd(ctx, "node1") }},
	{"peer_probe", Options{SnapshotLimit: 14}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, errors.Join(g.PeerProbe(ctx, "node1", "10.0.0.2"), g.SetSnapshotLimit(ctx, "node1"))
	}},
	{"peer_detach", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.PeerDetach(ctx, "node1", "10.0.0.2")
	}},
	{"device_setup", Options{}, []*rule{says("lv_count", "\n"), says("vgdisplay", deviceAnswer)}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.DeviceSetup(ctx, "node1", "/dev/sdb", "vg_x", false)
	}},
	{"device_setup_destroy", Options{BackupLVMMetadata: true, LVMWrapper: "/usr/sbin/exec-on-host"}, []*rule{says("vgdisplay", deviceAnswer)}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.DeviceSetup(ctx, "node1", "/dev/sdb", "vg_x", true)
	}},
	{"device_setup_again", Options{}, []*rule{
		says("lv_count", `{"report": [{"pv": [{"pv_name":"/dev/sdb", "pv_uuid":"u", "vg_name":"vg_x", "lv_count":"2", "pv_count":"1"}]}]}`+"\n"), says("vgdisplay", deviceAnswer),
	}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.DeviceSetup(ctx, "node1", "/dev/sdb", "vg_x", false)
	}},
	{"device_info", Options{}, []*rule{says("vgdisplay", deviceAnswer)}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.DeviceInfo(ctx, "node1", "vg_x", "lgev4G-7Gkg-ae67-8ZUI-dqje-gKLf-n2mtEp")
	}},
	{"device_info_without_uuid", Options{}, []*rule{
		says("lvm vgs", `{"report": [{"vg": [{"pv_name":"/dev/sdb", "pv_uuid":"u", "vg_name":"vg_x"}]}]}`+"\n"), says("vgdisplay", deviceAnswer),
	}, func(ctx context.Context, g *Gluster) (any, error) { return g.DeviceInfo(ctx, "node1", "vg_x", "") }},
	{"device_teardown", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.DeviceTeardown(ctx, "node1", "/dev/sdb", "vg_x", "lgev4G-7Gkg", false)
	}},
	{"device_teardown_forget", Options{}, []*rule{refuses("pvremove", "gone", 5)}, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.DeviceTeardown(ctx, "node1", "/dev/sdb", "vg_x", "", true)
	}},
	{"brick_create", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) { return nil, g.BrickCreate(ctx, testBrick(0)) }},
	{"brick_create_options", Options{XfsSu: 128, XfsSw: 10, BackupLVMMetadata: true, LVMWrapper: "/usr/sbin/exec-on-host", Fstab: "/var/lib/heketi/fstab", LVChunkSize: "1M"}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.BrickCreate(ctx, brickOf(testBrick(0), func(b *Brick) { b.GID, b.Arbiter = 2000, true }))
	}},
	{"brick_destroy", Options{}, []*rule{says("lvremove", "pool gone\n")}, func(ctx context.Context, g *Gluster) (any, error) { return g.BrickDestroy(ctx, testBrick(0)) }},
	{"brick_destroy_blame", Options{DebugUmountFailures: true}, nil, func(ctx context.Context, g *Gluster) (any, error) { return g.BrickDestroy(ctx, testBrick(0)) }},
	{"brick_destroy_clone", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return g.BrickDestroy(ctx, brickOf(testBrick(0), func(b *Brick) { b.Path, b.LV = "/run/gluster/snaps/f00d/brick1/brick", "f00d_0" }))
	}},
	{"brick_list", Options{}, []*rule{says("lvs", `{"report": [{"lv": [{"vg_name":"vg_`+id(1)+`", "lv_name":"brick_`+id(2)+`", "pool_lv":"tp_`+id(2)+`", "lv_size":"1048576.00k", "lv_attr":"Vwi-aotz--"}]}]}
`+divider+"\n/dev/mapper/vg_"+id(1)+"-brick_"+id(2)+" on /var/lib/heketi/mounts/vg_"+id(1)+"/brick_"+id(2)+" type xfs (rw,noatime)\n"+
		divider+"\n# no line of ours\n")}, func(ctx context.Context, g *Gluster) (any, error) { return g.ListBricks(ctx, "node1") }},
	{"volume_create", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		v := testVolume(2)
		v.Options = []string{"", "performance.io-cache off", "group gluster-block", "user.note it's a 'note'"}
		return nil, g.VolumeCreate(ctx, "node1", v)
	}},
	{"volume_create_disperse", Options{GlusterTimeout: 60}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		v := testVolume(1)
		v.Durability, v.Data, v.Redundancy = Disperse, 2, 1
		return nil, g.VolumeCreate(ctx, "node1", v)
	}},
	{"volume_create_arbiter", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		v := testVolume(1)
		v.Arbiter = true
		return nil, g.VolumeCreate(ctx, "node1", v)
	}},
	{"volume_create_again", Options{}, []*rule{says("volume create", saysExists+"\n"), says("volume info", infoXML("vol_a", "g", "Created", addresses(testVolume(1).bricks())))},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.VolumeCreate(ctx, "node1", testVolume(1))
		}},
	{"volume_create_used_bricks", Options{}, []*rule{says("volume create", saysUsed+"\n").once(), says("volume info", noVolumeXML)},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.VolumeCreate(ctx, "node1", testVolume(1))
		}},
	{"volume_create_taken", Options{}, []*rule{says("volume create", saysExists+"\n"), says("volume info", infoXML("vol_a", "g", "Started", []string{"h:/b"}))},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.VolumeCreate(ctx, "node1", testVolume(1))
		}},
	{"volume_expand", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.VolumeExpand(ctx, "node1", "vol_a", testVolume(1), testVolume(2).Sets[1:])
	}},
	{"volume_expand_again", Options{}, []*rule{says("add-brick", saysUsed+"\n").once(), says("volume info", infoXML("vol_a", "g", "Started", addresses(testVolume(2).bricks())))},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.VolumeExpand(ctx, "node1", "vol_a", testVolume(1), testVolume(3).Sets[1:])
		}},
	{"volume_shrink_back", Options{}, []*rule{says("volume info", infoXML("vol_a", "g", "Started", addresses(testVolume(2).bricks())))},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.VolumeShrinkBack(ctx, "node1", "vol_a", testVolume(3).Sets[1:])
		}},
	{"volume_delete", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.VolumeDelete(ctx, []string{"node1", "node2"}, "vol_a")
	}},
	{"volume_delete_marked", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return g.VolumeDeleteMarked(ctx, "node1", "vol_a", id(7))
	}},
	{"volume_delete_unmarked", Options{}, []*rule{says("grep -qsxF", saysNotMarked)}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.VolumeDeleteMarked(ctx, "node1", "vol_a", id(7))
	}},
	{"volume_forget", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.Forget(ctx, []string{"node1", "node2"}, "vol_a")
	}},
	{"volume_delete_gone", Options{}, []*rule{
		{phrase: "volume delete", err: executors.ErrUnreachable, times: 1}, refuses("volume delete", "volume delete: vol_a: failed: Volume vol_a does not exist", 1),
	}, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.VolumeDelete(ctx, []string{"node1", "node2", "node3"}, "vol_a")
	}},
	{"volume_set_option", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.VolumeSetOption(ctx, "node1", "vol_a", []string{"a.b c", "d.e f g"})
	}},
	{"volume_info", Options{}, []*rule{says("volume info", infoXML("vol_a", "g", "Started", []string{"h:/b"}, "user.heketi.id", id(7)))},
		func(ctx context.Context, g *Gluster) (any, error) { return g.VolumeInfo(ctx, "node1", "vol_a") }},
	{"brick_replace", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.ReplaceBrick(ctx, "node1", "vol_a", testBrick(0), testBrick(3))
	}},
	{"heal_info", Options{}, []*rule{says("heal", healXML)}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.VolumeHealInfo(ctx, "node1", "vol_a")
	}},
	{"clone", Options{}, []*rule{says("info clone_b", infoXML("clone_b", "f00d", "Started", cloneAt)), says("/proc/mounts", mountsOfClone)},
		func(ctx context.Context, g *Gluster) (any, error) { return g.Clone(ctx, "node1", clone) }},
	{"clone_again", Options{}, []*rule{
		says("snapshot clone", saysExists+"\n"), says("info clone_b", infoXML("clone_b", "f00d", "Created", cloneAt, idOption, id(0xa))), says("vg_name,lv_name,pool_lv", thinsOfClone),
	}, func(ctx context.Context, g *Gluster) (any, error) { return g.Clone(ctx, "node1", clone) }},
	{"clone_taken", Options{}, []*rule{says("snapshot clone", saysExists+"\n"), says("info clone_b", infoXML("clone_b", "f00d", "Started", []string{"h:/b"}))},
		func(ctx context.Context, g *Gluster) (any, error) { return g.Clone(ctx, "node1", clone) }},
	{"clone_undo", Options{}, []*rule{says("info clone_b", infoXML("clone_b", "f00d", "Started", cloneAt, idOption, id(0xb))), says("vg_name,lv_name,pool_lv", thinsOfClone),
		says("snapshot delete", saysNone)},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.CloneUndo(ctx, []string{"node1", "node2"}, clone)
		}},
	{"clone_undo_late", Options{}, []*rule{says("info clone_b", noVolumeXML).once(), says("info clone_b", infoXML("clone_b", "f00d", "Created", cloneAt, idOption, id(0xa))), says("/proc/mounts", mountsOfClone)},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.CloneUndo(ctx, []string{"node1", "node2"}, clone)
		}},
	{"clone_undo_taken", Options{}, []*rule{says("info clone_b", infoXML("clone_b", "f00d", "Started", []string{"h:/b"}))},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.CloneUndo(ctx, []string{"node1"}, clone)
		}},
	{"block_create", Options{}, []*rule{says("create", `{ "IQN": "iqn.2016-12.org.gluster-block:aa", "USERNAME": "aa", "PASSWORD": "pw", "PORTAL(S)": [ "10.0.0.1:3260", "10.0.0.2:3260" ], "RESULT": "SUCCESS" }`+"\n")},
		func(ctx context.Context, g *Gluster) (any, error) {
			return g.BlockCreate(ctx, "node1", BlockSpec{Volume: "vol_h", Name: "blockvol_x", SizeGiB: 5, HA: 2, Auth: true, Hosts: []string{"10.0.0.1", "10.0.0.2"}})
		}},
	{"block_create_again", Options{BlockPrealloc: "no"}, []*rule{
		says("create", `{ "RESULT": "FAIL", "errCode": 17, "errMsg": "BLOCK with name: 'x' already EXIST" }`+"\n"),
		says("info", `{ "NAME":"blockvol_x", "VOLUME":"vol_h", "GBID":"aa", "SIZE":"5.0 GiB", "HA":2, "PASSWORD":"pw", "EXPORTED ON":[ "10.0.0.1", "10.0.0.2" ] }`+"\n"),
	}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.BlockCreate(ctx, "node1", BlockSpec{Volume: "vol_h", Name: "blockvol_x", SizeGiB: 5, HA: 2, Auth: true, Hosts: []string{"10.0.0.1", "10.0.0.2"}})
	}},
	{"block_delete", Options{}, []*rule{refuses("delete", "", 255)}, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.BlockDelete(ctx, "node1", "vol_h", "blockvol_x")
	}},
	{"block_delete_gone", Options{}, []*rule{{phrase: "delete", res: executors.Result{Exit: 2, Stdout: `{ "RESULT": "FAIL", "errCode": 2, "errMsg": "block vol_h/blockvol_x doesn't exist" }` + "\n"}}},
		func(ctx context.Context, g *Gluster) (any, error) {
			return nil, g.BlockDelete(ctx, "node1", "vol_h", "blockvol_x")
		}},
	{"block_expand", Options{}, []*rule{says("modify", `{ "IQN": "i", "SIZE": "9.0 GiB", "RESULT": "SUCCESS" }`+"\n")}, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.BlockExpand(ctx, "node1", "vol_h", "blockvol_x", 9)
	}},
	{"block_list", Options{}, []*rule{says("list", `{ "blocks": [ "a", "b" ], "RESULT": "SUCCESS" }`+"\n")}, func(ctx context.Context, g *Gluster) (any, error) {
		return g.BlockList(ctx, "node1", "vol_h")
	}},
	{"sync", Options{}, nil, func(ctx context.Context, g *Gluster) (any, error) {
		return nil, g.Sync(ctx, []string{"node2", "node1", "node2"})
	}},
}

func TestEachStepSaysToTheMachinesWhatItsTranscriptHolds(t *testing.T) {
	for _, tt := range steps {
		t.Run(tt.name, func(t *testing.T) {
			g, f := newTest(tt.opt, tt.rules...)
			got, err := tt.do(t.Context(), g)
			var beside []string
			if strings.HasPrefix(tt.name, "clone") && !strings.HasPrefix(tt.name, "clone_undo") {
				beside = whileCloning
			}
			text := f.transcript(beside...) + "=== "
			if err != nil {
				text += fmt.Sprintf("error: %v\n", err)
			} else {
				text += fmt.Sprintf("%+v\n", got)
			}
			checkGolden(t, tt.name, text)
			checkScripts(t, f)
		})
	}
}

// checkScripts lets the shells of the nodes look at the grammar of what would be run.
func checkScripts(t *testing.T, f *fake) {
	t.Helper()
	for _, shell := range []string{"bash", "dash"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		for _, p := range f.log {
			if out, err := exec.Command(path, "-n", "-c", p.script).CombinedOutput(); err != nil {
				t.Errorf("%s refuses the script: %s\n%s", shell, out, p.script)
			}
		}
	}
}
