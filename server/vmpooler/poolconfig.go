package vmpooler

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
)

// poolConfig is GET /config: the pools with what was changed of them while the server ran.
func (e edition) poolConfig(r *http.Request) (rest.Response, error) {
	all, err := e.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	if len(all) == 0 {
		return rest.Response{}, errNotThere
	}
	list := make(array, len(all))
	for i := range all {
		p := poolKeys(&all[i].Pool)
		p.set("template_ready", all[i].Broken == "")
		list[i] = p
	}
	return reply(http.StatusOK, object{{"pool_configuration", list}, {"status", ok()}}), nil
}

// keys gathers those that are configured, under the names of vmpooler.yaml.
type keys struct{ object }

func give[T comparable](k *keys, key string, value T) {
	var none T
	if value != none {
		k.set(key, value)
	}
}

// minutes are whole ones wherever they can be.
func (k *keys) minutes(key string, d time.Duration) {
	if d%time.Minute == 0 {
		give(k, key, int(d/time.Minute))
	} else {
		give(k, key, round(d.Minutes(), 2))
	}
}

func (k *keys) list(key string, all []string) {
	if len(all) > 0 {
		k.set(key, all)
	}
}

func poolKeys(p *pools.Pool) object {
	k := &keys{object{{"name", p.Name}}}
	k.list("alias", p.Aliases)
	k.set("template", p.Template)
	give(k, "folder", p.Folder)
	give(k, "datastore", p.Datastore)
	give(k, "datacenter", p.Datacenter)
	give(k, "network", p.Network)
	k.set("size", p.Size)
	k.set("provider", p.Provider)
	give(k, "clone_target", p.CloneTarget)
	give(k, "domain", p.Domain)
	k.minutes("timeout", p.Timeout)
	k.minutes("timeout_notification", p.NotifyAfter)
	k.minutes("ready_ttl", p.ReadyTTL)
	give(k, "vm_lifetime", p.Lifetime)
	give(k, "vm_lifetime_auth", p.LifetimeAuth)
	give(k, "quota_user", p.QuotaUser)
	k.set("check_hostname_for_mismatch", p.CheckHostname)
	k.set("create_linked_clone", !p.Full)
	give(k, "skip_dns_check_before_creating_vm", p.SkipDNS)
	give(k, "ready_check", p.Ready.Check)
	give(k, "ready_port", p.Ready.Port)
	return k.object
}

// fullConfig is GET /full_config. What the domain of pools is made of holds no secret, and yet it is nobody's but an
// administrator's where there are users.
func (e edition) fullConfig(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	all, err := e.service.Pools(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	list := make(array, len(all))
	for i := range all {
		p := poolKeys(&all[i].Pool)
		if options := all[i].Pool.Options; len(options) > 0 {
			p.set("options", texts(options))
		}
		list[i] = p
	}
	full := object{{"config", configKeys(&e.cfg)}, {"providers", providerKeys(e.cfg.Providers)}, {"pools", list}}
	if len(e.cfg.TagFilter) > 0 {
		filters := object{}
		for _, tag := range slices.Sorted(maps.Keys(e.cfg.TagFilter)) {
			filters = append(filters, member{tag, e.cfg.TagFilter[tag].String()})
		}
		full.set("tagfilter", filters)
	}
	return reply(http.StatusOK, object{{"full_config", full}, {"status", ok()}}), nil
}

func texts(m map[string]string) object {
	o := object{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		o = append(o, member{key, m[key]})
	}
	return o
}

func configKeys(c *pools.Config) object {
	k := &keys{object{}}
	give(k, "site_name", c.SiteName)
	give(k, "prefix", c.Prefix)
	k.set("task_limit", c.TaskLimit)
	k.set("ondemand_clone_limit", c.OnDemandLimit)
	k.set("max_ondemand_instances_per_request", c.MaxOnDemand)
	k.minutes("ondemand_request_ttl", c.RequestTTL)
	k.minutes("vm_checktime", c.CheckInterval)
	k.set("data_ttl", int(c.DataTTL/time.Hour))
	k.set("vm_lifetime", c.Lifetime)
	give(k, "vm_lifetime_auth", c.LifetimeAuth)
	give(k, "max_lifetime_upper_limit", c.LifetimeMost)
	k.set("max_tries", c.MaxTries)
	k.set("max_vm_retries", c.MaxRetries)
	give(k, "migration_limit", c.MigrationLimit)
	k.list("allowed_tags", c.AllowedTags)
	if len(c.BackendWeight) > 0 {
		weights := object{}
		for _, target := range slices.Sorted(maps.Keys(c.BackendWeight)) {
			weights = append(weights, member{target, c.BackendWeight[target]})
		}
		k.set("backend_weight", weights)
	}
	k.set("experimental_features", c.Experimental)
	k.set("ownership", c.Ownership)
	give(k, "quota_user", c.QuotaUser)
	k.set("wait_most", int(c.WaitMost/time.Second))
	return k.object
}

func providerKeys(all map[string]pools.Provider) object {
	o := object{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		k := &keys{object{{"purge_unconfigured_resources", all[name].Purge}}}
		k.list("resources_allowlist", all[name].Allow)
		o = append(o, member{name, k.object})
	}
	return o
}
