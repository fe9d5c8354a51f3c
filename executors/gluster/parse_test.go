package gluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"yardmaster/executors"
)

const healXML = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<cliOutput><healInfo><bricks>
<brick hostUuid="a"><name>10.0.0.1:/b/1</name><status>Connected</status><numberOfEntries>0</numberOfEntries></brick>
<brick hostUuid="b"><name>10.0.0.2:/b/2</name><status>Connected</status><numberOfEntries>12</numberOfEntries></brick>
<brick hostUuid="-"><name>information not available</name><status>Transport endpoint is not connected</status><numberOfEntries>-</numberOfEntries></brick>
</bricks></healInfo><opRet>0</opRet><opErrno>0</opErrno><opErrstr/></cliOutput>
`

func TestARefusalIsRecognisedByGlustersWords(t *testing.T) {
	tests := []struct {
		text  string
		want  error
		again bool
	}{
		{"volume delete: v: failed: Some of the peers are down", ErrPeersDown, true},
		{"volume create: v: failed: Host node3 not connected", ErrPeersDown, true},
		{"volume set: failed: Another transaction is in progress for v. Please try again after some time.", ErrBusy, true},
		{"Locking failed on 10.0.0.3. Please check log file for details.", ErrBusy, true},
		{"vg_x is busy with another script", ErrBusy, true},
		{"umount: /m: target is busy.", ErrBusy, true},
		{"Error : Request timed out", ErrTimedOut, true},
		{"Connection failed. Please check if gluster daemon is operational.", ErrGlusterdDown, true},
		{"glusterd is not running", ErrGlusterdDown, true},
		{"volume delete: v: failed: Volume v does not exist", ErrNoVolume, false},
		{"volume delete: v: failed: Cannot delete Volume v ,as it has 1 snapshots. To delete the volume, first delete all the snapshots under it.", ErrVolumeHasSnapshots, false},
		{"volume create: v: failed: Host h is not in 'Peer in Cluster' state", ErrNotPeer, false},
		{"volume remove-brick: failed: Brick h:/b does not exist in volume v", nil, false},
		{"snapshot delete: failed: Snapshot (s) does not exist", nil, false},
		{"no space left", nil, false},
	}
	for _, tt := range tests {
		err := refused("node1", "step", executors.Result{Stderr: tt.text, Exit: 1})
		if tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%q is not %v", tt.text, tt.want)
		}
		var r *refusal
		if tt.want == nil && errors.As(err, &r) {
			t.Errorf("%q is %v", tt.text, r.kind)
		}
		var exit *executors.ExitError
		if !errors.As(err, &exit) || exit.What != "step" || err.Error() != tt.text {
			t.Errorf("%q reads as %q", tt.text, err)
		}
		if Retryable(err) != tt.again {
			t.Errorf("%q: retryable is %v", tt.text, !tt.again)
		}
	}
	for _, err := range []error{executors.ErrUnreachable, executors.ErrLost, context.DeadlineExceeded} {
		if !Retryable(fmt.Errorf("x: %w", err)) {
			t.Errorf("%v is not retryable", err)
		}
	}
	if Retryable(context.Canceled) {
		t.Error("a cancelled call is retryable")
	}
}

func TestAnXMLRefusalIsARefusalThoughItExitsZero(t *testing.T) {
	g, _ := newTest(Options{}, says("info", noVolumeXML))
	_, err := g.VolumeInfo(t.Context(), "node1", "vol_a")
	if !errors.Is(err, ErrNoVolume) {
		t.Errorf("got %v", err)
	}
}

func TestAPassingRefusalIsWaitedOutAndAnotherIsNot(t *testing.T) {
	const busy = "Another transaction is in progress for vol_a. Please try again after some time."
	g, f := newTest(Options{}, &rule{phrase: "stop", res: executors.Result{Stderr: busy, Exit: 1}, times: 3})
	if err := g.VolumeDelete(t.Context(), []string{"node1"}, "vol_a"); err != nil || len(f.log) != 4 {
		t.Errorf("%d scripts, %v", len(f.log), err)
	}
	g, f = newTest(Options{}, refuses("stop", busy, 1))
	if err := g.VolumeDelete(t.Context(), []string{"node1"}, "vol_a"); !errors.Is(err, ErrBusy) || len(f.log) < 5 {
		t.Errorf("%d scripts, %v", len(f.log), err)
	}
	g, f = newTest(Options{}, refuses("stop", "no space", 1))
	if err := g.VolumeDelete(t.Context(), []string{"node1", "node2"}, "vol_a"); err == nil || len(f.log) != 1 {
		t.Errorf("%d scripts, %v", len(f.log), err)
	}
}

func TestAForeignDeviceIsRefusedWithItsOwner(t *testing.T) {
	row := `{"report": [{"pv": [{"pv_name":"/dev/sdb", "pv_uuid":"abc-def", "vg_name":"root", "lv_count":"%s", "pv_count":"1"}]}]}`
	tests := []struct {
		name, lvs string
		destroy   bool
		want      string
		scripts   int
	}{
		{"kept", "0", false, "Initializing device /dev/sdb failed (aleady contains Physical Volume abc-def): it belongs to the volume group root", 1},
		{"in use", "2", true, "Can not destroy device, destroy may not be safe: the volume group root on /dev/sdb holds 2 logical volumes on 1 devices", 1},
		{"destroyed", "0", true, "", 3},
	}
	for _, tt := range tests {
		g, f := newTest(Options{}, says("lv_count", fmt.Sprintf(row, tt.lvs)), says("vgdisplay", deviceAnswer))
		_, err := g.DeviceSetup(t.Context(), "node1", "/dev/sdb", "vg_x", tt.destroy)
		if len(f.log) != tt.scripts || (tt.want == "") != (err == nil) || err != nil && err.Error() != tt.want {
			t.Errorf("%s: %d scripts, %v", tt.name, len(f.log), err)
		}
		var unusable *DeviceUnusable
		if err != nil && (!errors.As(err, &unusable) || unusable.PVUUID != "abc-def" || unusable.VG != "root") {
			t.Errorf("%s: %#v", tt.name, err)
		}
	}
	g, _ := newTest(Options{}, refuses("pvcreate", "WARNING: ext4 signature detected", 5))
	_, err := g.DeviceSetup(t.Context(), "node1", "/dev/sdb", "vg_x", false)
	if want := "Initializing device /dev/sdb failed (already initialized or contains data?): WARNING: ext4 signature detected"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestNothingButPlainNamesComesIntoAScript(t *testing.T) {
	g, f := newTest(Options{})
	ctx := t.Context()
	for _, bad := range []string{"", "a b", "a;b", "$(id)", "-rf", "a\nb", "a'b", "../x", "a/b"} {
		bent := brickOf(testBrick(0), func(b *Brick) { b.LV = bad })
		v := testVolume(1)
		v.Name = bad
		spec := clone
		spec.Op = bad
		errs := []error{
			g.BrickCreate(ctx, bent), g.VolumeCreate(ctx, "node1", v), g.VolumeDelete(ctx, []string{"node1"}, bad),
			g.PeerProbe(ctx, "node1", bad), g.CheckGlusterd(ctx, bad), g.VolumeShrinkBack(ctx, "node1", bad, v.Sets),
			g.BlockDelete(ctx, "node1", "v", bad), g.DeviceTeardown(ctx, "node1", "/dev/sdb", bad, "", true),
			g.CloneUndo(ctx, []string{"node1"}, spec),
		}
		_, err := g.DeviceSetup(ctx, "node1", bad, "vg_x", false)
		for i, err := range append(errs, err) {
			if !errors.Is(err, ErrName) {
				t.Errorf("%q, %d: %v", bad, i, err)
			}
		}
	}
	if len(f.log) > 0 {
		t.Errorf("%d scripts were run", len(f.log))
	}
}

func TestTheMapperPathOfAVolumeLeadsBack(t *testing.T) {
	for _, tt := range []struct{ vg, lv, want string }{
		{"vg_1", "brick_2", "/dev/mapper/vg_1-brick_2"},
		{"a-b", "c--d", "/dev/mapper/a--b-c----d"},
	} {
		got := mapperPath(tt.vg, tt.lv)
		vg, lv, ok := splitMapper(got)
		if got != tt.want || !ok || vg != tt.vg || lv != tt.lv {
			t.Errorf("%s %s: %s, back %s %s", tt.vg, tt.lv, got, vg, lv)
		}
	}
}

func FuzzVGDisplay(f *testing.F) {
	f.Add("  vg_x:r/w:772:-1:0:0:0:-1:0:1:1:8253440:4096:2015:15:2000:Ywt8cO\n")
	f.Add("vg_x:::::::::::::::")
	f.Fuzz(func(t *testing.T, s string) {
		info, err := parseVGDisplay(s, "vg_x")
		if err == nil && (info.UsedKiB > info.SizeKiB || info.FreeKiB > info.SizeKiB) {
			t.Errorf("%q: %+v", s, info)
		}
	})
}

func FuzzDevice(f *testing.F) {
	f.Add(deviceAnswer)
	f.Fuzz(func(t *testing.T, s string) {
		if info, err := parseDevice(s, "vg_x"); err == nil && len(info.Paths) == 0 {
			t.Errorf("%q: %+v", s, info)
		}
	})
}

func FuzzFoundBricks(f *testing.F) {
	f.Add(`{"report": [{"lv": [{"vg_name":"vg_`+id(1)+`", "lv_name":"tp_`+id(2)+`", "lv_size":"4.00k"}]}]}`, "/dev/mapper/vg_a-b on /x type xfs (rw)\n", "/dev/mapper/vg_a-b /x xfs rw 1 2\n")
	f.Fuzz(func(t *testing.T, lvs, mounts, fstab string) {
		g, _ := newTest(Options{})
		found, _ := g.findBricks(lvs, mounts, fstab)
		for _, b := range found {
			if !ourVG.MatchString(b.VG) {
				t.Errorf("found %+v", b)
			}
		}
	})
}

func FuzzVolumeInfo(f *testing.F) {
	f.Add(infoXML("v", "g", "Started", []string{"h:/b", "fe80::1:/c"}, "a", "b"))
	f.Add(noVolumeXML)
	f.Fuzz(func(t *testing.T, s string) {
		infos, err := parseVolumes(s)
		for _, i := range infos {
			for _, b := range i.Bricks {
				if back, err := parseAddress(b.Address()); err != nil || back != b {
					t.Errorf("%q: %+v", s, b)
				}
			}
		}
		if err != nil && len(infos) > 0 {
			t.Errorf("%q: %v and %d volumes", s, err, len(infos))
		}
	})
}

func FuzzHeal(f *testing.F) {
	f.Add(healXML)
	f.Fuzz(func(t *testing.T, s string) {
		heals, _ := parseHeal(s)
		for _, h := range heals {
			if h.Pending < -1 {
				t.Errorf("%q: %+v", s, h)
			}
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(`{ "IQN": "i", "PORTAL(S)": [ "[fe80::1]:3260", "h" ], "SIZE": "1.5 GiB", "RESULT": "SUCCESS" }`)
	f.Add(`{ "SIZE": 1e300, "errCode": 2 }`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseBlock(s)
		if err != nil {
			return
		}
		if a.failed() && a.words() == "" {
			t.Errorf("%q fails without a word", s)
		}
		if r := a.result(); len(r.Hosts) != len(a.Portals) {
			t.Errorf("%q: %+v", s, r)
		}
		a.info()
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "it's", "$(id) `id` \\ \" ! *", "-n", "~", "a\nb", "ü"} {
		f.Add(s)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		f.Skip("no bash")
	}
	f.Fuzz(func(t *testing.T, s string) {
		if checkText("text", s) != nil {
			return
		}
		out, err := exec.Command(bash, "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q came out as %q, %v", s, out, err)
		}
	})
}
