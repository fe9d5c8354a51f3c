package expand

import "maps"

// Instance is the configuration of one Metrictank instance, in the shape in which users post it and read it.
type Instance struct {
	Org                int            `json:"org"`
	Name               string         `json:"name"`
	Plan               Plan           `json:"plan"`
	Storage            Storage        `json:"storage"`
	IndexRules         string         `json:"indexRules"`
	Overrides          Overrides      `json:"overrides"`
	OverridesA         Overrides      `json:"overridesA"`
	OverridesB         Overrides      `json:"overridesB"`
	AdminKey           string         `json:"adminKey"`
	Color              string         `json:"color"`
	TSDBAuth           map[string]Key `json:"tsdbAuth"`
	Revision           int            `json:"revision"`
	State              string         `json:"state"`
	Importer           *Importer      `json:"importer"`
	JobData            *JobData       `json:"jobData"`
	RolloutConcurrency int            `json:"rolloutConcurrency"`
}

// Plan is the size of an instance. CPU is in thousandths of a core and Mem in MiB, for each Metrictank pod before ScaleFactor.
type Plan struct {
	Name        string
	ScaleFactor float64
	Partitions  int
	CPU         int
	Mem         int
}

// Storage holds the texts of storage-schemas.conf and storage-aggregation.conf.
type Storage struct {
	Schemas      string `json:"schemas"`
	Aggregations string `json:"aggregations"`
}

// Key is what the owner of an API key may do. Booleans and numbers are read too; what is stored and shown are strings.
type Key struct {
	IsAdmin   string `json:"isAdmin"`
	OrgID     string `json:"orgId"`
	Instances string `json:"instances,omitempty"` // a comma-separated list; empty for all
}

// Overrides are settings by component.
type Overrides map[string]Override

// Override replaces what the defaults and the plan say of a component. CPU and Mem are in the units of Plan; no factor applies.
type Override struct {
	Image    string            `json:"image,omitempty"` // with its tag
	Replicas *int              `json:"replicas,omitempty"`
	CPU      *int              `json:"cpu,omitempty"`
	Mem      *int              `json:"mem,omitempty"`
	Env      map[string]string `json:"env,omitempty"`
}

// Importer is there while whisper files are being imported.
type Importer struct {
	PartitionScheme string `json:"partitionScheme"` // how series are assigned to partitions; default Kafka.PartitionScheme
	LogLevel        string `json:"logLevel,omitempty"`
}

// JobData names the last job of an instance; the owner of the jobs writes it.
type JobData struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Status string `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Inherit gives an instance that says nothing of its keys those of the stored one, so that they are not drawn again.
func (i Instance) Inherit(stored Instance) Instance {
	if i.AdminKey == "" {
		i.AdminKey = stored.AdminKey
	}
	if len(i.TSDBAuth) == 0 {
		i.TSDBAuth = maps.Clone(stored.TSDBAuth)
	}
	return i
}
