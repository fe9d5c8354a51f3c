package expand

import (
	"cmp"
	"maps"
	"strconv"
	"strings"
)

// Complete fills in what an instance leaves to its plan and the defaults. An instance without an admin key gets one from draw, one
// without any API keys the admin's and an ordinary one; a complete instance comes back as it is, with nothing drawn.
func (c Config) Complete(i Instance, draw func() string) Instance {
	p := &i.Plan
	p.Name = cmp.Or(p.Name, c.Defaults.Plan)
	size := c.Plans[strings.ToLower(p.Name)]
	p.ScaleFactor = cmp.Or(p.ScaleFactor, 1)
	p.Partitions = cmp.Or(p.Partitions, size.Partitions)
	p.CPU = cmp.Or(p.CPU, size.CPU)
	p.Mem = cmp.Or(p.Mem, size.Mem)
	i.Storage.Schemas = cmp.Or(i.Storage.Schemas, c.Defaults.Schemas)
	i.Storage.Aggregations = cmp.Or(i.Storage.Aggregations, c.Defaults.Aggregations)
	i.IndexRules = cmp.Or(i.IndexRules, c.Defaults.IndexRules)
	i.Color = cmp.Or(i.Color, "a")
	i.RolloutConcurrency = cmp.Or(i.RolloutConcurrency, c.Defaults.RolloutConcurrency)
	if i.Importer != nil {
		with := *i.Importer
		with.PartitionScheme = cmp.Or(with.PartitionScheme, c.Kafka.PartitionScheme)
		i.Importer = &with
	}
	return c.keyed(i, draw)
}

// keyed draws the keys that are missing. The gateway takes whoever shows the admin key for organization 1, so that the relay of any
// other needs an ordinary key.
func (c Config) keyed(i Instance, draw func() string) Instance {
	if i.AdminKey == "" {
		i.AdminKey = draw()
	}
	org := strconv.Itoa(i.Org)
	none := len(i.TSDBAuth) == 0
	if _, there := i.TSDBAuth[i.AdminKey]; there {
		return i
	}
	all := maps.Clone(i.TSDBAuth)
	if all == nil {
		all = map[string]Key{}
	}
	if none {
		all[draw()] = Key{IsAdmin: "false", OrgID: org}
	}
	all[i.AdminKey] = Key{IsAdmin: "true", OrgID: org}
	i.TSDBAuth = all
	return i
}
