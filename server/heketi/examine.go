package heketi

import (
	"maps"
	"net/http"
	"slices"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// examination is the records, what the machines say, and where the two differ.
type examination struct {
	Records  dump              `json:"heketidb"`
	Report   []string          `json:"report"`
	Clusters []examinedCluster `json:"clusters"`
}

type examinedCluster struct {
	ClusterHeketiID string
	NodesData       []examinedNode
}

// examinedNode is null where the machine did not answer.
type examinedNode struct {
	NodeHeketiID      string
	VolumeInfo        *seenVolumes
	LVMPVInfo         *lvmReport
	LVMVGInfo         *lvmReport
	LVMLVInfo         *lvmReport
	BricksMountStatus *seenMounts
	BlockVolumeNames  []string
}

type seenVolumes struct{ Volumes seenVolumeList }

type seenVolumeList struct {
	Count      int
	VolumeList []seenVolume
}

type seenVolume struct {
	VolumeName string
	ID         string
	StatusStr  string
	TypeStr    string
	BrickCount int
	Bricks     struct{ BrickList []seenBrick }
	Options    struct{ OptionList []seenOption }
}

type seenBrick struct{ Name string }

type seenOption struct{ Name, Value string }

type seenMounts struct{ Statuses []seenMount }

type seenMount struct {
	Device     string
	MountPoint string
	Mounted    bool
	InFstab    bool
}

// lvmReport has one table, under the name that LVM gives it.
type lvmReport struct {
	Report []map[string][]map[string]string `json:"report"`
}

// examine waits for every online node; it is an operation like others and can be followed.
func (a *API) examine(r *http.Request) (rest.Response, error) {
	ctx, end := patience(r, examineTime)
	defer end()
	seen, err := a.service.Examine(ctx, caller(r))
	if err != nil {
		return rest.Response{}, err
	}
	records, _, err := a.dumpAll(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	out := examination{Records: records, Clusters: []examinedCluster{}}
	err = a.db.View(r.Context(), func(tx *store.Tx) error {
		counts, _, err := volumes.Pending(tx)
		if err != nil {
			return err
		}
		g, err := gather(tx)
		out.Report = compare(g, seen, counts.InFlight)
		for _, c := range g.all {
			out.Clusters = append(out.Clusters, examinedOf(c, g.nodes[c.ID], seen))
		}
		return err
	})
	resp := rest.JSON(http.StatusOK, out)
	resp.Indent = dumpIndent
	return resp, err
}

func examinedOf(c store.Cluster, nodes []store.Node, seen map[string]volumes.Examination) examinedCluster {
	out := examinedCluster{ClusterHeketiID: c.ID, NodesData: []examinedNode{}}
	for _, n := range nodes {
		node := examinedNode{NodeHeketiID: n.ID}
		if e, ok := seen[n.ID]; ok {
			node.fill(e)
		}
		out.NodesData = append(out.NodesData, node)
	}
	return out
}

func (n *examinedNode) fill(e volumes.Examination) {
	n.LVMPVInfo, n.LVMVGInfo, n.LVMLVInfo = lvm("pv", e.PVs), lvm("vg", e.VGs), lvm("lv", e.LVs)
	n.BlockVolumeNames = list(e.Blocks)
	n.VolumeInfo = &seenVolumes{seenVolumeList{Count: len(e.Volumes), VolumeList: []seenVolume{}}}
	for _, v := range e.Volumes {
		s := seenVolume{VolumeName: v.Name, ID: v.ID, StatusStr: v.Status, TypeStr: v.Type, BrickCount: len(v.Bricks)}
		for _, b := range v.Bricks {
			s.Bricks.BrickList = append(s.Bricks.BrickList, seenBrick{b.Address()})
		}
		for _, key := range slices.Sorted(maps.Keys(v.Options)) {
			s.Options.OptionList = append(s.Options.OptionList, seenOption{key, v.Options[key]})
		}
		n.VolumeInfo.Volumes.VolumeList = append(n.VolumeInfo.Volumes.VolumeList, s)
	}
	n.BricksMountStatus = &seenMounts{[]seenMount{}}
	for _, b := range e.Bricks {
		n.BricksMountStatus.Statuses = append(n.BricksMountStatus.Statuses, seenMount{b.Device, b.Mount, b.Mounted, b.InFstab})
	}
}

func lvm(table string, rows []map[string]string) *lvmReport {
	return &lvmReport{[]map[string][]map[string]string{{table: list(rows)}}}
}
