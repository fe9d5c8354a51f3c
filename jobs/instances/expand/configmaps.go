package expand

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mostData is what a ConfigMap or Secret may hold. Clusters take a MiB, of which the object's own fields need some.
const mostData = 900 << 10

// storageFiles are what Metrictank reads at its start.
func (i Instance) storageFiles() map[string]string {
	return map[string]string{
		"storage-schemas.conf":     i.Storage.Schemas,
		"storage-aggregation.conf": i.Storage.Aggregations,
		"index-rules.conf":         i.IndexRules,
	}
}

// configs are the storage configuration, for the writers and for each colour that is up, so that a colour can be brought up with a new
// one while the other still has the old.
func (e *expansion) configs(up []string) {
	for _, color := range append([]string{""}, up...) {
		component := write
		if color != "" {
			component = read
		}
		l := e.selecting(metrictank, component, color)
		e.put("v1", "ConfigMap", e.colored("mt-config", color), ConfigObjects, color, l, m{"data": e.storageFiles()})
	}
	e.put("v1", "ConfigMap", e.named(relay), ConfigObjects, "", e.selecting(relay, relay, ""), m{"data": e.relayFiles()})
}

// masked stands for what the mirror does not show.
const masked = "***"

const (
	authFile = "tsdb-auth.ini"
	adminKey = "admin-key"
	relayKey = "relay-key"
)

// secrets are the contents of the Secret, in clear.
func (i Instance) secrets() map[string]string {
	var ini strings.Builder
	for _, key := range slices.Sorted(maps.Keys(i.TSDBAuth)) {
		k := i.TSDBAuth[key]
		fmt.Fprintf(&ini, "[%s]\norgId = %s\nisAdmin = %s\n", key, k.OrgID, k.IsAdmin)
		if k.Instances != "" {
			fmt.Fprintf(&ini, "instances = %s\n", k.Instances)
		}
	}
	return map[string]string{authFile: ini.String(), adminKey: i.AdminKey, relayKey: i.relayKey()}
}

// relayKey is the first ordinary key of the instance's own organization; the gateway takes the admin key for organization 1.
func (i Instance) relayKey() string {
	org := fmt.Sprint(i.Org)
	for _, key := range slices.Sorted(maps.Keys(i.TSDBAuth)) {
		if k := i.TSDBAuth[key]; key != i.AdminKey && k.OrgID == org && k.IsAdmin == "false" && k.Instances == "" {
			return key
		}
	}
	return i.AdminKey
}

func (e *expansion) auth() {
	data := m{}
	for k, v := range e.secrets() {
		data[k] = base64.StdEncoding.EncodeToString([]byte(v))
	}
	e.put("v1", "Secret", e.named("tsdb-auth"), AuthObjects, "", e.selecting(gateway, gateway, ""), m{"type": "Opaque", "data": data})
}

// checksum is of what a pod reads at its start only: a pod template with another one rolls out. Of a secret it is safe to show, for the
// drawn key among the contents cannot be guessed.
func checksum(files map[string]string) string {
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%d %s %d %s\n", len(k), k, len(files[k]), files[k])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fits says which texts are too long for the cluster.
func (c Config) fits(f *faults, i Instance) {
	for _, one := range []struct {
		field string
		files map[string]string
	}{{"storage", i.storageFiles()}, {"tsdbAuth", i.secrets()}, {"instance", i.mirrored()}} {
		n := 0
		for k, v := range one.files {
			n += len(k) + len(v)
		}
		if n > mostData {
			f.add(one.field, "takes %d bytes; an object of the cluster holds at most %d", n, mostData)
		}
	}
}

// mirrored is what the mirror shows: the configuration, and apart from it what changes without anybody's asking. Keys have a number for
// a name, and variables no value: passwords are given to components that way, whatever they are called.
func (i Instance) mirrored() map[string]string {
	shown := i
	shown.AdminKey, shown.State, shown.Revision, shown.JobData = masked, "", 0, nil
	shown.TSDBAuth = map[string]Key{}
	for n, key := range slices.Sorted(maps.Keys(i.TSDBAuth)) {
		shown.TSDBAuth[fmt.Sprintf("%s %d", masked, n+1)] = i.TSDBAuth[key]
	}
	for _, all := range []*Overrides{&shown.Overrides, &shown.OverridesA, &shown.OverridesB} {
		*all = all.masked()
	}
	text := tree(shown).(m)
	delete(text, "state")
	delete(text, "revision")
	delete(text, "jobData")
	job, err := json.Marshal(i.JobData)
	if err != nil {
		job = []byte("null") // texts alone always marshal
	}
	return map[string]string{"instance.json": render(text), "revision": fmt.Sprint(i.Revision), "state": i.State, "jobData": string(job)}
}

func (all Overrides) masked() Overrides {
	if all == nil {
		return nil
	}
	out := Overrides{}
	for name, o := range all {
		o.Env = maps.Clone(o.Env)
		for k := range o.Env {
			o.Env[k] = masked
		}
		out[name] = o
	}
	return out
}

func (e *expansion) mirror() {
	l := e.selecting(mirrorApp, mirrorApp, "")
	e.put("v1", "ConfigMap", MirrorName(e.Instance), MirrorObjects, "", l, m{"data": e.mirrored()})
}
