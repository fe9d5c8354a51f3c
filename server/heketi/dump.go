package heketi

import (
	"context"
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store"
)

// dumpIndent is how Heketi indents what people read.
const dumpIndent = "    "

// pendingMark names the operation that holds a record. The field names of this file are those of Heketi's dump.
type pendingMark struct{ Id string }

type clusterEntry struct{ Info clusterInfo }

type volumeEntry struct {
	Info                 volumeRecord
	Bricks               []string
	GlusterVolumeOptions []string
	Pending              pendingMark
}

type brickEntry struct {
	Info             brickInfo
	TpSize           uint64
	PoolMetadataSize uint64
	Pending          pendingMark
	LvmThinPool      string
	LvmLv            string
	SubType          int
}

type nodeEntry struct {
	State   store.EntryState
	Info    nodeRecord
	Devices []string
}

type deviceEntry struct {
	State      store.EntryState
	Info       deviceRecord
	Bricks     []string
	NodeId     string
	ExtentSize uint64
}

type blockEntry struct {
	Info    blockInfo
	Pending pendingMark
}

type attributeEntry struct{ Key, Value string }

type pendingAction struct {
	Change int
	Id     string
	Delta  any
}

type pendingEntry struct {
	Id        string
	Timestamp int64
	Type      int
	Actions   []pendingAction
	Status    string
}

// dump has Heketi's eight maps, each by id.
type dump struct {
	Clusters     map[string]clusterEntry   `json:"clusterentries"`
	Volumes      map[string]volumeEntry    `json:"volumeentries"`
	Bricks       map[string]brickEntry     `json:"brickentries"`
	Nodes        map[string]nodeEntry      `json:"nodeentries"`
	Devices      map[string]deviceEntry    `json:"deviceentries"`
	BlockVolumes map[string]blockEntry     `json:"blockvolumeentries"`
	Attributes   map[string]attributeEntry `json:"dbattributeentries"`
	Pending      map[string]pendingEntry   `json:"pendingoperations"`
}

func (a *API) dbDump(r *http.Request) (rest.Response, error) {
	d, blocks, err := a.dumpAll(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	for _, b := range blocks { // passwords are opened outside of the transaction
		info, err := withSecret(a.service, b)
		if err != nil {
			return rest.Response{}, err
		}
		d.BlockVolumes[b.ID] = blockEntry{info, pendingMark{b.Pending}}
	}
	resp := rest.JSON(http.StatusOK, d)
	resp.Indent = dumpIndent
	return resp, nil
}

// dumpAll reads every record in one transaction; the block volumes come without their passwords, and as records.
func (a *API) dumpAll(ctx context.Context) (dump, []store.BlockVolume, error) {
	d := dump{map[string]clusterEntry{}, map[string]volumeEntry{}, map[string]brickEntry{}, map[string]nodeEntry{},
		map[string]deviceEntry{}, map[string]blockEntry{}, attributes(), map[string]pendingEntry{}}
	var blocks []store.BlockVolume
	err := a.db.View(ctx, func(tx *store.Tx) error {
		var err error
		if blocks, err = d.records(tx); err == nil {
			err = d.operations(tx)
		}
		return err
	})
	return d, blocks, err
}

// attributes tell Heketi which upgrades the records do not need.
func attributes() map[string]attributeEntry {
	all := map[string]attributeEntry{}
	for _, key := range []string{"DB_BRICK_HAS_SUBTYPE_FIELD", "DB_CLUSTER_HAS_FILE_BLOCK_FLAG", "DB_DEVICE_HAS_ID_META", "DB_HAS_PENDING_OPS_BUCKET"} {
		all[key] = attributeEntry{key, "yes"}
	}
	return all
}
