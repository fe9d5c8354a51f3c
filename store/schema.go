package store

import (
	"errors"

	"yardmaster/store/kv"
)

// The indexes that callers name.
const (
	ByCluster = "cluster"
	ByNode    = "node"
	ByVolume  = "volume"
	ByDevice  = "device"
	ByPool    = "pool"
	ByHosting = "hosting"
	ByPending = "pending"
	ByOwner   = "owner"

	byManage  = "manage"
	byStorage = "storage"
	byName    = "name"
	byTime    = "time"
	byState   = "state"
	byKind    = "kind"
	byTarget  = "target"
	byLive    = "live_target"
	byAlias   = "alias"
	byDue     = "due"
	byEnd     = "ended"
	inFlight  = "in_flight"
	onHost    = "in_flight_host"

	byReady     = "ready"
	byPoolState = "pool_state"
	byToken     = "token"
	byUser      = "user"
	byRequest   = "request"
)

// The tables of control.db. They are declarations: all state is in the file.
var (
	Clusters = Table[Cluster]{&kv.Table[Cluster]{Name: "clusters", Key: func(c *Cluster) kv.Key { return kv.Text(c.ID) }, Copy: copyCluster}}

	Nodes = Table[Node]{&kv.Table[Node]{Name: "nodes", Key: func(n *Node) kv.Key { return kv.Text(n.ID) }, Copy: copyNode,
		Indexes: []kv.Index[Node]{
			index(ByCluster, func(n *Node) []string { return []string{n.Cluster} }),
			unique(byManage, func(n *Node) []string { return n.Manage[:1] }),
			unique(byStorage, func(n *Node) []string { return n.Storage[:1] }),
		}}}

	Devices = Table[Device]{&kv.Table[Device]{Name: "devices", Key: func(d *Device) kv.Key { return kv.Text(d.ID) }, Copy: copyDevice,
		Indexes: []kv.Index[Device]{
			index(ByCluster, func(d *Device) []string { return []string{d.Cluster} }),
			index(ByNode, func(d *Device) []string { return []string{d.Node} }),
		}}}

	Volumes = Table[Volume]{&kv.Table[Volume]{Name: "volumes", Key: func(v *Volume) kv.Key { return kv.Text(v.ID) }, Copy: copyVolume,
		Indexes: []kv.Index[Volume]{
			index(ByCluster, func(v *Volume) []string { return []string{v.Cluster} }),
			index(ByOwner, func(v *Volume) []string { return []string{v.Owner} }),
			{Name: byName, Unique: true, Keys: func(v *Volume) []kv.Key { return []kv.Key{textKey(v.Cluster, v.Name)} }},
		}}}

	Bricks = Table[Brick]{&kv.Table[Brick]{Name: "bricks", Key: func(b *Brick) kv.Key { return kv.Text(b.ID) }, Copy: copyBrick,
		Indexes: []kv.Index[Brick]{
			index(ByVolume, func(b *Brick) []string { return []string{b.Volume} }),
			index(ByDevice, func(b *Brick) []string { return []string{b.Device} }),
			{Name: ByPool, Keys: func(b *Brick) []kv.Key { return []kv.Key{textKey(b.Device, b.Pool)} }},
			index(ByPending, func(b *Brick) []string {
				if b.Pending == "" {
					return nil
				}
				return []string{b.Pending}
			}),
		}}}

	BlockVolumes = Table[BlockVolume]{&kv.Table[BlockVolume]{Name: "blockvolumes", Key: func(b *BlockVolume) kv.Key { return kv.Text(b.ID) }, Copy: copyBlockVolume,
		Indexes: []kv.Index[BlockVolume]{
			index(ByCluster, func(b *BlockVolume) []string { return []string{b.Cluster} }),
			index(ByHosting, func(b *BlockVolume) []string { return []string{b.Hosting} }),
			{Name: byName, Unique: true, Keys: func(b *BlockVolume) []kv.Key { return []kv.Key{textKey(b.Hosting, b.Name)} }},
		}}}

	Operations = Table[Operation]{&kv.Table[Operation]{Name: "operations", Key: func(o *Operation) kv.Key { return kv.Text(o.ID) }, Copy: copyOperation,
		Indexes: []kv.Index[Operation]{
			{Name: byTime, Keys: func(o *Operation) []kv.Key { return []kv.Key{kv.Time(o.Created)} }},
			index(byState, func(o *Operation) []string { return []string{string(o.State)} }),
			index(byKind, func(o *Operation) []string { return []string{o.Kind} }),
			index(byTarget, refs),
			unique(byLive, func(o *Operation) []string {
				if !o.State.Live() {
					return nil
				}
				return refs(o)
			}),
			{Name: byAlias, Unique: true, Keys: aliasKey},
			{Name: byDue, Keys: dueKey},
			{Name: byEnd, Keys: endKey},
			index(inFlight, func(o *Operation) []string {
				if !flying(o) {
					return nil
				}
				return []string{""}
			}),
			index(onHost, func(o *Operation) []string {
				if !flying(o) {
					return nil
				}
				return o.Hosts
			}),
		}}}

	VMs = Table[VM]{&kv.Table[VM]{Name: "vms", Key: func(v *VM) kv.Key { return kv.Text(v.Name) }, Copy: copyVM,
		Indexes: []kv.Index[VM]{
			{Name: byReady, Keys: readyKey},
			{Name: byPoolState, Keys: func(v *VM) []kv.Key { return []kv.Key{textKey(v.Pool, string(v.State))} }},
			index(byToken, func(v *VM) []string { return held(v, v.Token) }),
			{Name: byUser, Keys: func(v *VM) []kv.Key {
				if !v.Held() || v.User == "" {
					return nil
				}
				return []kv.Key{textKey(v.User, v.Pool)}
			}},
			index(byRequest, func(v *VM) []string { return some(v.Request) }),
			{Name: byEnd, Keys: func(v *VM) []kv.Key {
				if v.State != VMDestroyed {
					return nil
				}
				return []kv.Key{kv.Time(v.Destroyed)}
			}},
		}}}

	PoolOverrides = Table[PoolOverride]{&kv.Table[PoolOverride]{Name: "pooloverrides", Key: func(o *PoolOverride) kv.Key { return kv.Text(o.Pool) }}}

	Tokens = Table[Token]{&kv.Table[Token]{Name: "tokens", Key: func(t *Token) kv.Key { return kv.Text(t.Hash) },
		Indexes: []kv.Index[Token]{index(ByOwner, func(t *Token) []string { return []string{t.User} })}}}

	Users = Table[User]{&kv.Table[User]{Name: "users", Key: func(u *User) kv.Key { return kv.Text(u.Name) }}}

	VMRequests = Table[VMRequest]{&kv.Table[VMRequest]{Name: "vmrequests", Key: func(r *VMRequest) kv.Key { return kv.Text(r.ID) }, Copy: copyRequest,
		Indexes: []kv.Index[VMRequest]{
			index(byState, func(r *VMRequest) []string { return []string{string(r.State)} }),
			{Name: byEnd, Keys: func(r *VMRequest) []kv.Key {
				if r.Ended.IsZero() {
					return nil
				}
				return []kv.Key{kv.Time(r.Ended)}
			}},
		}}}

	poolCounts = Table[PoolCounts]{&kv.Table[PoolCounts]{Name: "poolcounts", Key: func(c *PoolCounts) kv.Key { return kv.Text(c.Pool) }, Copy: copyCounts, Hot: true}}
	poolDays   = Table[PoolDay]{&kv.Table[PoolDay]{Name: "pooldays", Key: (*PoolDay).key, Copy: func(d PoolDay) PoolDay { return d }, Hot: true}}
	tagDays    = Table[TagDay]{&kv.Table[TagDay]{Name: "tagdays", Key: (*TagDay).key}}
	vmTags     = Table[VMTag]{&kv.Table[VMTag]{Name: "vmtags", Key: (*VMTag).key}}
	usageDays  = Table[UsageDay]{&kv.Table[UsageDay]{Name: "usagedays", Key: (*UsageDay).key, Copy: copyUsage}}

	Settings = Table[Setting]{&kv.Table[Setting]{Name: "settings", Key: func(s *Setting) kv.Key { return kv.Text(s.Name) }}}
)

// schema is what this program expects of control.db.
var schema = kv.Schema{Name: "yardmaster-control", Version: 1, Tables: []kv.AnyTable{
	Clusters.kv, Nodes.kv, Devices.kv, Volumes.kv, Bricks.kv, BlockVolumes.kv, Operations.kv, Settings.kv,
	VMs.kv, PoolOverrides.kv, Tokens.kv, Users.kv, VMRequests.kv, poolCounts.kv, poolDays.kv, tagDays.kv, vmTags.kv, usageDays.kv,
	ConfigObjects.kv, baseConfigs.kv, configPatches.kv, configBindings.kv, materialized.kv, ConfigUpgrades.kv, platformChecks.kv,
	Instances.kv,
}}

func index[V any](name string, keys func(*V) []string) kv.Index[V] {
	return kv.Index[V]{Name: name, Keys: func(v *V) []kv.Key { return texts(keys(v)) }}
}

func unique[V any](name string, keys func(*V) []string) kv.Index[V] {
	x := index(name, keys)
	x.Unique = true
	return x
}

func texts(keys []string) []kv.Key {
	out := make([]kv.Key, len(keys))
	for i, k := range keys {
		out[i] = kv.Text(k)
	}
	return out
}

func refs(o *Operation) []string {
	out := make([]string, len(o.Targets))
	for i, t := range o.Targets {
		out[i] = t.String()
	}
	return out
}

// readyKey orders what waits to be checked out, pool by pool, the oldest first.
func readyKey(v *VM) []kv.Key {
	if v.State != VMReady {
		return nil
	}
	return []kv.Key{kv.Join(kv.Text(v.Pool), kv.Time(v.Ready))}
}

// held is key of a machine that somebody has.
func held(v *VM, key string) []string {
	if !v.Held() {
		return nil
	}
	return some(key)
}

func some(key string) []string {
	if key == "" {
		return nil
	}
	return []string{key}
}

func aliasKey(o *Operation) []kv.Key {
	if o.Alias == "" {
		return nil
	}
	return []kv.Key{textKey(o.Dialect, o.Alias)}
}

// dueKey orders what waits to be sent by the time before which it may not be.
func dueKey(o *Operation) []kv.Key {
	switch o.State {
	case Pending, Undoing, Stuck:
		return []kv.Key{kv.Time(o.NotBefore)}
	}
	return nil
}

func endKey(o *Operation) []kv.Key {
	if o.State.Live() {
		return nil
	}
	return []kv.Key{kv.Time(o.Finished)}
}

// flying says that the operation counts against the limits. A stuck one waits for a machine or an operator, and does not.
func flying(o *Operation) bool { return o.Counted && o.State.Live() && o.State != Stuck }

func isNotFound(err error) bool { return errors.Is(err, kv.ErrNotFound) }
