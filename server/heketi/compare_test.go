package heketi

import (
	"slices"
	"testing"

	"yardmaster/executors/gluster"
	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

func seenWith(fill func(*volumes.Examination)) map[string]volumes.Examination {
	e := volumes.Examination{Raw: map[string]string{"volume info": "<cliOutput/>"}}
	fill(&e)
	return map[string]volumes.Examination{"n1": e}
}

func recorded() harvest {
	d := store.Device{ID: "d1"}
	return harvest{
		all:     []store.Cluster{{ID: "c1"}},
		nodes:   map[string][]store.Node{"c1": {{ID: "n1", Manage: []string{"host1"}, Storage: []string{"10.0.0.1"}}}},
		devices: map[string][]store.Device{"n1": {d}},
		volumes: map[string][]store.Volume{"c1": {{Name: "v1"}, {Name: "v2"}}},
		hidden:  map[string][]store.Volume{"c1": {{Name: "coming"}}},
		onDevice: map[string][]store.Brick{"d1": {{ID: "b1", LV: "brick_b1"}, {ID: "b2", LV: "brick_b2"},
			{ID: "b3", LV: "x_0", Cloned: true}, {ID: "b4", LV: "brick_b4", Pending: "op"}}},
	}
}

func addVolume(e *volumes.Examination, name string) {
	e.Volumes = append(e.Volumes, gluster.Info{Name: name})
}

func addBrick(e *volumes.Examination, vg, lv string, hasLV, mounted, fstab bool) {
	e.Bricks = append(e.Bricks, gluster.FoundBrick{VG: vg, LV: lv, HasLV: hasLV, Mounted: mounted, InFstab: fstab})
}

func TestExaminationNamesEveryDifference(t *testing.T) {
	for _, c := range []struct {
		name string
		seen map[string]volumes.Examination
		want []string
	}{
		{"all is well", seenWith(func(e *volumes.Examination) {
			addVolume(e, "v1")
			addVolume(e, "v2")
			addVolume(e, "coming")
			addBrick(e, "vg_d1", "brick_b1", true, true, true)
			addBrick(e, "vg_d1", "brick_b2", true, true, true)
			addBrick(e, "vg_d1", "brick_b4", true, false, false)
			e.LVs = []map[string]string{{"vg_name": "vg_d1", "lv_name": "x_0"}}
		}), []string{"heketi volume list matches with volume list of all nodes"}},
		{"nobody answers", nil, []string{
			"node host1 did not answer",
			"node n1 did not tell its volumes",
			"no node of cluster c1 answered",
		}},
		{"glusterd does not answer", seenWith(func(e *volumes.Examination) {
			e.Raw = nil
			addBrick(e, "vg_d1", "brick_b1", true, true, true)
			addBrick(e, "vg_d1", "brick_b2", true, true, true)
			addBrick(e, "vg_d1", "x_0", true, false, false)
		}), []string{"node n1 did not tell its volumes"}},
		{"much is wrong", seenWith(func(e *volumes.Examination) {
			addVolume(e, "v2")
			addVolume(e, "stranger")
			addBrick(e, "vg_d1", "brick_b1", true, false, false)
			addBrick(e, "vg_d1", "brick_zz", true, true, true)
		}), []string{
			"heketi volume list does not match with volume list of node n1",
			"volume v1 is recorded, and node host1 does not know it",
			"volume stranger is on node host1, and is not recorded",
			"brick b1 is recorded, and node host1 has no mount, no fstab line for it",
			"brick b2 is recorded, and node host1 has no logical volume, no mount, no fstab line for it",
			"brick b3 is recorded, and node host1 has no logical volume for it",
			"brick vg_d1/brick_zz is on node host1, and is not recorded",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := append([]string{"Examined while 2 operations were in flight"}, c.want...)
			if got := compare(recorded(), c.seen, 2); !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}
