package config

import "slices"

// vmpoolerPoolKeys are the keys of an entry of :pools:.
func vmpoolerPoolKeys() []vmpoolerKey {
	loop := "pools are looked at when something changes, and every pools.check_interval"
	return []vmpoolerKey{
		{path: "name", to: "name", form: asText},
		{path: "alias", to: "aliases", form: asTexts},
		{path: "template", to: "template", form: asText},
		{path: "size", to: "size", form: asNumber},
		{path: "provider", to: "(provider)", form: asText, note: "without it dummy"},
		{path: "dns_plugin", to: "(domain)", form: asText, note: "the domain of that entry of dns_configs"},
		{path: "clone_target", to: "clone_target", form: asText},
		{path: "timeout", to: "timeout", form: asMinutes},
		{path: "timeout_notification", to: "timeout_notification", form: asMinutes},
		{path: "ready_ttl", to: "ready_ttl", form: asMinutes},
		{path: "check_hostname_for_mismatch", to: "check_hostname", form: asBool},
		{path: "folder", to: "folder", form: asText},
		{path: "datastore", to: "datastore", form: asText},
		{path: "datacenter", to: "datacenter", form: asText},
		{path: "network", to: "network", form: asText},
		{path: "create_linked_clone", to: "full_clone", form: asOpposite, note: "the other way round"},
		{path: memoryOptions + "*", to: "(options)", form: asText, note: "as options of the same names"},
		{path: "check_loop_delay_min", form: asNumber, note: loop},
		{path: "check_loop_delay_max", form: asNumber, note: loop},
		{path: "check_loop_delay_decay", form: asAnything, note: loop},
	}
}

// memoryOptions begins the keys that tune how a machine's memory goes into snapshots.
const memoryOptions = "snapshot_mainMem_"

// vmpoolerProviderKeys are the keys of an entry of :providers: for each class that is served.
func vmpoolerProviderKeys(class ProviderKind) []vmpoolerKey {
	rows := []vmpoolerKey{
		{path: "provider_class", to: "(kind)", form: asText, note: "dummy is sim; without it the entry's own name"},
		{path: "purge_unconfigured_resources", to: "purge", form: asBool, note: purgeNote, tell: true},
		{path: "purge_unconfigured_folders", to: "purge", form: asBool, note: purgeNote, tell: true},
		{path: "resources_allowlist", to: "allow", form: asNames, note: "machines of these names are spared, not folders", tell: true},
		{path: "folder_whitelist", to: "allow", form: asNames, note: "machines of these names are spared, not folders", tell: true},
		{path: "domain", to: "(domain of its pools)", form: asDomain},
		{path: "skip_dns_check_before_creating_vm", to: "(skip_dns_check of its pools)", form: asBool},
	}
	if class == ProviderVSphere {
		return append(rows,
			vmpoolerKey{path: "server", to: "server", form: asText},
			vmpoolerKey{path: "username", to: "username", form: asText},
			vmpoolerKey{path: "password", to: "password", form: asText},
			vmpoolerKey{path: "insecure", to: "insecure", form: asBool},
			vmpoolerKey{path: "datacenter", to: "datacenter", form: asText},
			vmpoolerKey{path: "connection_pool_size", to: "connection_pool_size", form: asNumber, note: "requests at a time, over one session"},
			vmpoolerKey{path: "connection_pool_timeout", form: asNumber, note: "a request waits for its turn as long as its operation may take"})
	}
	return append(rows, vmpoolerDummyKeys()...)
}

func vmpoolerDummyKeys() []vmpoolerKey {
	rows := []vmpoolerKey{
		{path: "filename", to: "file", form: asSimFile, note: "machines are kept beside that file, with .yardmaster behind its name; the file itself is neither read nor changed", tell: true},
		{path: "connection_pool_size", form: asNumber, note: "simulated machines are made side by side"},
		{path: "connection_pool_timeout", form: asNumber, note: "simulated machines are made side by side"},
		{path: "is_ready_timeout", form: asNumber, note: "a pool's timeout says how long a machine may take"},
	}
	for _, f := range simFields() {
		switch {
		case slices.Contains([]string{"file", "hosts", "vmready_first_time"}, f.name):
		case f.kind == "duration":
			rows = append(rows, vmpoolerKey{path: f.name, to: f.name, form: asSeconds})
		default:
			rows = append(rows, vmpoolerKey{path: f.name, to: f.name, form: asNumber})
		}
	}
	return rows
}

// vmpoolerDNSKeys are the keys of an entry of :dns_configs:.
func vmpoolerDNSKeys() []vmpoolerKey {
	return []vmpoolerKey{
		{path: "dns_class", to: "(nothing)", form: asText, note: "DNS records are not made here; with dynamic-dns none are to be made"},
		{path: "domain", to: "(domain of pools)", form: asDomain, note: "of the pools whose dns_plugin it is"},
	}
}
