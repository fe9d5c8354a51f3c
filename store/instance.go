package store

import (
	"strconv"
	"time"

	"yardmaster/store/kv"
)

// Instance is one Metrictank instance of an organization. What its users configured lies sealed in it: it holds keys.
type Instance struct {
	Org      int              `json:"org"`
	Name     string           `json:"name"`
	Body     string           `json:"body"` // sealed configuration, as posted and completed
	Revision int              `json:"revision"`
	State    string           `json:"state"`
	Color    string           `json:"color"` // that the Services select; "" before the first deploy has come so far
	Standby  bool             `json:"standby,omitempty"`
	Importer bool             `json:"importer,omitempty"`
	Objects  []InstanceObject `json:"objects,omitempty"` // all that may be on the cluster for it
	Serving  *InstanceServing `json:"serving,omitempty"` // what the Services lead to, if that is not what the last deploy was to bring
	Pending  string           `json:"pending,omitempty"` // the live operation that works on it
	LastJob  string           `json:"last_job,omitempty"`
	Created  time.Time        `json:"created"`
	Changed  time.Time        `json:"changed"`
}

// InstanceServing is what serves while a deploy has not ended well: Body is then what is wanted, its color included.
type InstanceServing struct {
	Body    string           `json:"body"`              // sealed, as that of the instance
	Writers []InstanceObject `json:"writers,omitempty"` // by which it is known whether its plan still is what it was
}

// InstanceObject is one object on the cluster that an instance consists of.
type InstanceObject struct {
	APIVersion string `json:"api_version"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
	Component  string `json:"component"`
	Color      string `json:"color,omitempty"`
}

// ID is how operations name it as their target.
func (i *Instance) ID() string { return InstanceID(i.Org, i.Name) }

// InstanceID is how an instance is named as a target.
func InstanceID(org int, name string) string { return strconv.Itoa(org) + "/" + name }

// Instances of all organizations, by organization and name.
var Instances = Table[Instance]{&kv.Table[Instance]{Name: "instances", Key: func(i *Instance) kv.Key { return kv.Text(i.ID()) },
	Indexes: []kv.Index[Instance]{index(byOrg, func(i *Instance) []string { return []string{strconv.Itoa(i.Org)} })}}}

const byOrg = "org"
