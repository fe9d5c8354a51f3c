package tests

// The answers as Heketi's clients decode them.

type hostnames struct {
	Manage  []string `json:"manage"`
	Storage []string `json:"storage"`
}

type brick struct {
	ID     string `json:"id"`
	Path   string `json:"path"`
	Device string `json:"device"`
	Node   string `json:"node"`
	Volume string `json:"volume"`
	Size   uint64 `json:"size"`
}

type device struct {
	Name    string            `json:"name"`
	Tags    map[string]string `json:"tags"`
	Storage struct {
		Total uint64 `json:"total"`
		Free  uint64 `json:"free"`
		Used  uint64 `json:"used"`
	} `json:"storage"`
	ID     string  `json:"id"`
	PVUUID string  `json:"pv_uuid"`
	State  string  `json:"state"`
	Bricks []brick `json:"bricks"`
}

type node struct {
	Zone      int               `json:"zone"`
	Hostnames hostnames         `json:"hostnames"`
	Cluster   string            `json:"cluster"`
	Tags      map[string]string `json:"tags"`
	ID        string            `json:"id"`
	State     string            `json:"state"`
	Devices   []device          `json:"devices"`
}

type cluster struct {
	ID           string   `json:"id"`
	Nodes        []string `json:"nodes"`
	Volumes      []string `json:"volumes"`
	Block        bool     `json:"block"`
	File         bool     `json:"file"`
	BlockVolumes []string `json:"blockvolumes"`
}

type volume struct {
	Size       int    `json:"size"`
	Name       string `json:"name"`
	Durability struct {
		Type      string `json:"type"`
		Replicate struct {
			Replica int `json:"replica"`
		} `json:"replicate"`
		Disperse struct {
			Data       int `json:"data"`
			Redundancy int `json:"redundancy"`
		} `json:"disperse"`
	} `json:"durability"`
	GID      int64    `json:"gid"`
	Options  []string `json:"glustervolumeoptions"`
	Block    bool     `json:"block"`
	Snapshot struct {
		Enable bool    `json:"enable"`
		Factor float64 `json:"factor"`
	} `json:"snapshot"`
	ID      string `json:"id"`
	Cluster string `json:"cluster"`
	Mount   struct {
		GlusterFS struct {
			Hosts   []string          `json:"hosts"`
			Device  string            `json:"device"`
			Options map[string]string `json:"options"`
		} `json:"glusterfs"`
	} `json:"mount"`
	BlockInfo struct {
		Free         int      `json:"freesize"`
		Reserved     int      `json:"reservedsize"`
		BlockVolumes []string `json:"blockvolume"`
		Restriction  string   `json:"restriction"`
	} `json:"blockinfo"`
	Bricks []brick `json:"bricks"`
}

type blockVolume struct {
	Size   int    `json:"size"`
	Name   string `json:"name"`
	HA     int    `json:"hacount"`
	Auth   bool   `json:"auth"`
	ID     string `json:"id"`
	Target struct {
		Hosts    []string `json:"hosts"`
		IQN      string   `json:"iqn"`
		LUN      int      `json:"lun"`
		Username string   `json:"username"`
		Password string   `json:"password"`
	} `json:"blockvolume"`
	Cluster string `json:"cluster"`
	Hosting string `json:"blockhostingvolume"`
	Usable  int    `json:"usablesize"`
}

// obj and list are request bodies in the making.
type (
	obj  = map[string]any
	list = []any
)
