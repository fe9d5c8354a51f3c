package store

import (
	"iter"
	"time"

	"yardmaster/store/kv"
)

// ConfigObject is one Kubernetes object that the platform is made of. Its id is kind and name, joined by a dot: names are in lower
// case, so that no kind is part of one.
type ConfigObject struct {
	ID       string      `json:"id"`
	Kind     string      `json:"kind"`
	Name     string      `json:"name"`
	Current  int64       `json:"current,omitempty"` // the number of its newest materialization
	Golden   int64       `json:"golden,omitempty"`  // of the one that the cluster was last given
	Pin      *ConfigPin  `json:"pin,omitempty"`
	SelfHeal bool        `json:"self_heal,omitempty"`
	Seen     ConfigSeen  `json:"seen,omitzero"`
	Drift    ConfigDrift `json:"drift,omitzero"`
	Created  time.Time   `json:"created"`
}

// ConfigPin is what a rollback holds an object to, until a newer base config of it comes: that materialization, and the patches
// that came after.
type ConfigPin struct {
	Number  int64     `json:"number"`            // the materialization that it went back to
	Release string    `json:"release"`           // whose base config it was made from
	Patches []int64   `json:"patches,omitempty"` // the ones in it
	After   int64     `json:"after"`             // later ones apply too
	Body    string    `json:"body,omitempty"`    // sealed; given where release and patches do not make it again
	At      time.Time `json:"at"`
}

// ConfigSeen is how the cluster's object was when it was last known to be as it should.
type ConfigSeen struct {
	Hash    string `json:"hash,omitempty"`    // of what it was given
	Version string `json:"version,omitempty"` // as the cluster counts
	UID     string `json:"uid,omitempty"`
}

// ConfigDrift is a difference between cluster and records that has not been mended.
type ConfigDrift struct {
	Found  time.Time `json:"found,omitzero"`
	Fields []string  `json:"fields,omitempty"` // no values: they may be secret
	Heals  int       `json:"heals,omitempty"`  // how often it was mended since, in vain
	Healed time.Time `json:"healed,omitzero"`  // the last time
}

// BaseConfig is one object as one release brings it.
type BaseConfig struct {
	Object   string    `json:"object"` // id
	Release  string    `json:"release"`
	Previous string    `json:"previous,omitempty"` // the release that was in force when it came
	Body     string    `json:"body"`               // sealed
	Creator  string    `json:"creator,omitempty"`
	Created  time.Time `json:"created"` // of the last upload
}

// ConfigPatch is one change of the objects that it targets. Its version is the time at which it was taken, in milliseconds, or one
// more than the last one's.
type ConfigPatch struct {
	Version     int64     `json:"version"`
	Target      string    `json:"target"`         // an object's name or id, or a label
	Kind        string    `json:"kind,omitempty"` // what it is meant for; "" is whatever it targets
	Format      string    `json:"format"`         // YAML or JSON
	Body        string    `json:"body"`           // sealed
	Description string    `json:"description,omitempty"`
	Source      string    `json:"source"`          // who made it: "user", "namespace", "registry", "cluster-size"
	To          string    `json:"to,omitempty"`    // what a rewrite was told: a namespace, a registry, a size
	Place       int64     `json:"place,omitempty"` // it applies where a patch of this version would; 0 is its own
	Creator     string    `json:"creator,omitempty"`
	Created     time.Time `json:"created"`
	Deleted     time.Time `json:"deleted,omitzero"` // kept for as long as a materialization has it, which may be gone back to
}

// ConfigBinding gives a label to an object, by its name: it may be there before the object is.
type ConfigBinding struct {
	Label  string `json:"label"`
	Object string `json:"object"`
}

// MaterializedConfig is an object as base config and patches make it.
type MaterializedConfig struct {
	Object    string    `json:"object"` // id
	Number    int64     `json:"number"` // counts up, object by object
	Release   string    `json:"release"`
	Patch     int64     `json:"patch,omitempty"` // the newest one in it
	Patches   []int64   `json:"patches,omitempty"`
	Previous  int64     `json:"previous,omitempty"` // the number of the one before
	Body      string    `json:"body"`               // sealed
	Hash      string    `json:"hash"`               // keyed, of the text
	Cause     string    `json:"cause"`              // the kind of the operation
	Creator   string    `json:"creator,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Created   time.Time `json:"created"`
	Applied   time.Time `json:"applied,omitzero"` // when the cluster first took it
}

// ConfigUpgrade is a release that was uploaded.
type ConfigUpgrade struct {
	Release  string    `json:"release"`
	Creators []string  `json:"creators"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

// PlatformCheck is one health check and how it went of late.
type PlatformCheck struct {
	Component   string          `json:"component"`
	ID          string          `json:"id"`
	Healthy     bool            `json:"healthy"`
	Details     string          `json:"details"`
	Critical    bool            `json:"critical,omitempty"`
	Fails       int             `json:"fails,omitempty"` // one after the other
	First       time.Time       `json:"first"`
	Last        time.Time       `json:"last"`
	LastSuccess time.Time       `json:"last_success,omitzero"`
	RuntimeMS   int64           `json:"runtime_ms"`
	Failures    []PlatformFault `json:"failures,omitempty"` // the last ones, newest first
}

// PlatformFault is one failure of a check.
type PlatformFault struct {
	At      time.Time `json:"at"`
	Details string    `json:"details"`
}

// The tables of the platform's configs.
var (
	ConfigObjects = Table[ConfigObject]{&kv.Table[ConfigObject]{Name: "configobjects", Key: func(o *ConfigObject) kv.Key { return kv.Text(o.ID) },
		Indexes: []kv.Index[ConfigObject]{index(byName, func(o *ConfigObject) []string { return []string{o.Name} })}}}

	baseConfigs = Table[BaseConfig]{&kv.Table[BaseConfig]{Name: "baseconfigs", Key: func(b *BaseConfig) kv.Key { return textKey(b.Object, b.Release) },
		Indexes: []kv.Index[BaseConfig]{index(byRelease, func(b *BaseConfig) []string { return []string{b.Release} })}}}

	configPatches = Table[ConfigPatch]{&kv.Table[ConfigPatch]{Name: "configpatches", Key: func(p *ConfigPatch) kv.Key { return kv.Int(p.Version) },
		Indexes: []kv.Index[ConfigPatch]{index(byTarget, func(p *ConfigPatch) []string { return []string{p.Target} })}}}

	configBindings = Table[ConfigBinding]{&kv.Table[ConfigBinding]{Name: "configbindings", Key: func(b *ConfigBinding) kv.Key { return textKey(b.Label, b.Object) },
		Indexes: []kv.Index[ConfigBinding]{index(byObject, func(b *ConfigBinding) []string { return []string{b.Object} })}}}

	materialized = Table[MaterializedConfig]{&kv.Table[MaterializedConfig]{Name: "materializedconfigs", Key: func(m *MaterializedConfig) kv.Key { return numbered(m.Object, m.Number) }}}

	ConfigUpgrades = Table[ConfigUpgrade]{&kv.Table[ConfigUpgrade]{Name: "configupgrades", Key: func(u *ConfigUpgrade) kv.Key { return kv.Text(u.Release) }}}

	platformChecks = Table[PlatformCheck]{&kv.Table[PlatformCheck]{Name: "platformchecks", Key: func(c *PlatformCheck) kv.Key { return textKey(c.Component, c.ID) }}}
)

const (
	byRelease = "release"
	byObject  = "object"
)

func numbered(object string, n int64) kv.Key { return kv.Join(kv.Text(object), kv.Int(n)) }

// ConfigObjectsNamed lists the objects of a name, whatever their kinds.
func ConfigObjectsNamed(tx *Tx, name string) ([]ConfigObject, error) {
	return ConfigObjects.List(tx, byName, name)
}

// PutBaseConfig writes one object of one release.
func PutBaseConfig(tx *Tx, b *BaseConfig) error { return baseConfigs.Put(tx, b) }

// GetBaseConfig is one object of one release, or ErrNotFound.
func GetBaseConfig(tx *Tx, object, release string) (BaseConfig, error) {
	return baseConfigs.kv.Get(tx, textKey(object, release))
}

// AllBaseConfigs is every object of every release. Nothing may be written while it runs.
func AllBaseConfigs(tx *Tx) iter.Seq2[BaseConfig, error] { return baseConfigs.All(tx) }

// BaseConfigsOf are the base configs of one object. Nothing may be written while it runs.
func BaseConfigsOf(tx *Tx, object string) iter.Seq2[BaseConfig, error] {
	return baseConfigs.kv.Scan(tx, kv.Text(object))
}

// PutPatch writes a patch.
func PutPatch(tx *Tx, p *ConfigPatch) error { return configPatches.Put(tx, p) }

// GetPatch is the patch of a version, deleted or not, or ErrNotFound.
func GetPatch(tx *Tx, version int64) (ConfigPatch, error) {
	return configPatches.kv.Get(tx, kv.Int(version))
}

// DropPatch forgets a patch.
func DropPatch(tx *Tx, version int64) error { return configPatches.drop(tx, kv.Int(version)) }

// AllPatches is every patch by version, deleted ones included. Nothing may be written while it runs.
func AllPatches(tx *Tx) iter.Seq2[ConfigPatch, error] { return configPatches.All(tx) }

// NewestPatch is the highest version that was given, 0 if none was.
func NewestPatch(tx *Tx) (int64, error) {
	for p, err := range configPatches.kv.ScanRange(tx, kv.Range{Reverse: true}) {
		return p.Version, err
	}
	return 0, nil
}

// PutBinding gives a label to an object.
func PutBinding(tx *Tx, b *ConfigBinding) error { return configBindings.Put(tx, b) }

// DropBinding takes it away.
func DropBinding(tx *Tx, b ConfigBinding) error {
	return configBindings.drop(tx, textKey(b.Label, b.Object))
}

// AllBindings is every binding by label. Nothing may be written while it runs.
func AllBindings(tx *Tx) iter.Seq2[ConfigBinding, error] { return configBindings.All(tx) }

// PutMaterialized writes one materialization.
func PutMaterialized(tx *Tx, m *MaterializedConfig) error { return materialized.Put(tx, m) }

// GetMaterialized is one materialization of an object, or ErrNotFound.
func GetMaterialized(tx *Tx, object string, number int64) (MaterializedConfig, error) {
	return materialized.kv.Get(tx, numbered(object, number))
}

// AllMaterialized is every materialization by object and number. Nothing may be written while it runs.
func AllMaterialized(tx *Tx) iter.Seq2[MaterializedConfig, error] { return materialized.All(tx) }

// MaterializedOf are the materializations of an object, newest first. Nothing may be written while it runs.
func MaterializedOf(tx *Tx, object string) iter.Seq2[MaterializedConfig, error] {
	return materialized.kv.ScanRange(tx, kv.Range{Prefix: kv.Text(object), Reverse: true})
}

// ForgetMaterialized drops at most n of an object's materializations whose numbers are below before, oldest first, and none of those
// that keep names. Later ones are not read.
func ForgetMaterialized(tx *Tx, object string, before int64, n int, keep func(*MaterializedConfig) bool) error {
	if before <= 1 {
		return nil
	}
	var old []int64
	for m, err := range materialized.kv.ScanRange(tx, kv.Range{Prefix: kv.Text(object), Before: numbered(object, before)}) {
		if err != nil {
			return err
		}
		if len(old) == n {
			break
		}
		if !keep(&m) {
			old = append(old, m.Number)
		}
	}
	for _, number := range old {
		if err := materialized.drop(tx, numbered(object, number)); err != nil {
			return err
		}
	}
	return nil
}

// PutCheck writes how a health check went.
func PutCheck(tx *Tx, c *PlatformCheck) error { return platformChecks.Put(tx, c) }

// GetCheck is a health check, or ErrNotFound.
func GetCheck(tx *Tx, component, id string) (PlatformCheck, error) {
	return platformChecks.kv.Get(tx, textKey(component, id))
}

// DropCheck forgets a health check.
func DropCheck(tx *Tx, component, id string) error {
	return platformChecks.drop(tx, textKey(component, id))
}

// AllChecks is every health check by component. Nothing may be written while it runs.
func AllChecks(tx *Tx) iter.Seq2[PlatformCheck, error] { return platformChecks.All(tx) }

// TableName is a table and its indexes by name.
type TableName struct {
	Name    string
	Indexes []string
}

// ConfigTables are the tables of the platform's configs.
func ConfigTables() []TableName {
	return []TableName{named(ConfigObjects), named(baseConfigs), named(configPatches), named(configBindings), named(materialized),
		named(ConfigUpgrades), named(platformChecks)}
}

func named[V any](t Table[V]) TableName {
	out := TableName{Name: t.kv.Name}
	for _, x := range t.kv.Indexes {
		out.Indexes = append(out.Indexes, x.Name)
	}
	return out
}

// DropConfigObject forgets an object with its base configs and materializations; its bindings are its caller's.
func DropConfigObject(tx *Tx, object string) error {
	var releases []string
	for b, err := range BaseConfigsOf(tx, object) {
		if err != nil {
			return err
		}
		releases = append(releases, b.Release)
	}
	for _, release := range releases {
		if err := baseConfigs.drop(tx, textKey(object, release)); err != nil {
			return err
		}
	}
	var numbers []int64
	for m, err := range MaterializedOf(tx, object) {
		if err != nil {
			return err
		}
		numbers = append(numbers, m.Number)
	}
	for _, n := range numbers {
		if err := materialized.drop(tx, numbered(object, n)); err != nil {
			return err
		}
	}
	return ConfigObjects.Delete(tx, object)
}
