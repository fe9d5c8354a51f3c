package config

import (
	"errors"
	"fmt"
	slashpath "path"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

var providerKinds = []ProviderKind{ProviderSim, ProviderLibvirt, ProviderVSphere}

var providerName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// providers is the list of providers.
func providers() kind[[]Provider] {
	all := commonFields()
	for _, k := range providerKinds {
		for _, f := range fieldsOfKind(k) {
			f.help = "(" + string(k) + ") " + f.help
			all = append(all, f)
		}
	}
	return record[Provider]{
		name: "list of providers", all: all, fields: fieldsByKind, check: checkProvider,
		label: func(p Provider) string { return p.Name },
	}.list()
}

// fieldsByKind are the fields that a provider of its kind may have.
func fieldsByKind(n *yaml.Node) ([]field[Provider], error) {
	kind := ProviderKind(scalarOf(n, "kind"))
	if !slices.Contains(providerKinds, kind) {
		return nil, &fieldError{".kind", n.Line, quote(string(kind)) + " is not " + providerKind().name}
	}
	own := append(commonFields(), fieldsOfKind(kind)...)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		has := func(f field[Provider]) bool { return f.name == key.Value }
		if slices.ContainsFunc(own, has) {
			continue
		}
		for _, other := range providerKinds {
			if slices.ContainsFunc(fieldsOfKind(other), has) {
				return nil, &fieldError{"." + key.Value, key.Line, fmt.Sprintf("is a key of providers of kind %s, and this one is %s", other, kind)}
			}
		}
	}
	return own, nil
}

func fieldsOfKind(k ProviderKind) []field[Provider] {
	switch k {
	case ProviderSim:
		return simFields()
	case ProviderLibvirt:
		return libvirtFields()
	case ProviderVSphere:
		return vsphereFields()
	}
	return nil
}

func providerKind() kind[ProviderKind] { return choice(providerKinds...) }

func commonFields() []field[Provider] {
	return []field[Provider]{
		fieldOf("name", "", text(), func(p *Provider) *string { return &p.Name }, "What pools call it."),
		fieldOf("kind", "", providerKind(), func(p *Provider) *ProviderKind { return &p.Kind }, "Simulated machines, hypervisors that libvirt runs, or a vCenter."),
		fieldOf("purge", "false", boolean(), func(p *Provider) *bool { return &p.Purge }, "Destroy machines in the places of its pools that were not made here."),
		fieldOf("allow", "", texts("list of names or patterns", text()), func(p *Provider) *[]string { return &p.Allow }, "Machines that a purge spares; * and ? stand for anything."),
	}
}

func simFields() []field[Provider] {
	most := func(name, what string, at func(*SimProvider) *time.Duration) field[Provider] {
		return fieldOf(name, "0s", duration(0), func(p *Provider) *time.Duration { return at(&p.Sim) }, "Longest time that "+what+" takes.")
	}
	fails := func(name, what string, at func(*SimProvider) *int) field[Provider] {
		return fieldOf(name, "0", number(0, 100), func(p *Provider) *int { return at(&p.Sim) }, "How often in a hundred "+what+".")
	}
	return []field[Provider]{
		fieldOf("file", "", text(), func(p *Provider) *string { return &p.Sim.File }, "Where its machines are kept; without it they are gone at a stop."),
		fieldOf("hosts", "4", number(1, 1000), func(p *Provider) *int { return &p.Sim.Hosts }, "Simulated hypervisors."),
		most("createvm_max_time", "a clone", func(s *SimProvider) *time.Duration { return &s.CreateMost }),
		fails("createvm_fail_percent", "a clone fails", func(s *SimProvider) *int { return &s.CreateFail }),
		most("createdisk_max_time", "adding a disk", func(s *SimProvider) *time.Duration { return &s.DiskMost }),
		fails("createdisk_fail_percent", "adding a disk fails", func(s *SimProvider) *int { return &s.DiskFail }),
		most("createsnapshot_max_time", "a snapshot", func(s *SimProvider) *time.Duration { return &s.SnapshotMost }),
		fails("createsnapshot_fail_percent", "a snapshot fails", func(s *SimProvider) *int { return &s.SnapshotFail }),
		most("revertsnapshot_max_time", "going back to a snapshot", func(s *SimProvider) *time.Duration { return &s.RevertMost }),
		fails("revertsnapshot_fail_percent", "going back to a snapshot fails", func(s *SimProvider) *int { return &s.RevertFail }),
		most("migratevm_max_time", "a migration", func(s *SimProvider) *time.Duration { return &s.MigrateMost }),
		fails("migratevm_fail_percent", "a migration fails", func(s *SimProvider) *int { return &s.MigrateFail }),
		fails("migratevm_couldmove_percent", "a better host is found", func(s *SimProvider) *int { return &s.CouldMove }),
		most("destroyvm_max_shutdown_time", "stopping a machine that is destroyed", func(s *SimProvider) *time.Duration { return &s.ShutdownMost }),
		most("destroyvm_max_time", "its destruction", func(s *SimProvider) *time.Duration { return &s.DestroyMost }),
		fails("destroyvm_fail_percent", "its destruction fails", func(s *SimProvider) *int { return &s.DestroyFail }),
		fails("getvm_poweroff_percent", "a look at a machine finds that it lost its power", func(s *SimProvider) *int { return &s.PowerOff }),
		fails("getvm_rename_percent", "a look at a machine finds that it calls itself otherwise", func(s *SimProvider) *int { return &s.Rename }),
		fails("vmready_fail_percent", "a ready machine seems not to be", func(s *SimProvider) *int { return &s.ReadyFail }),
		fieldOf("vmready_first_time", "0s", duration(0), func(p *Provider) *time.Duration { return &p.Sim.FirstReady }, "Time that the first look whether a machine is ready takes."),
	}
}

func libvirtFields() []field[Provider] {
	return []field[Provider]{
		fieldOf("hosts", "", texts("list of hosts", text()), func(p *Provider) *[]string { return &p.Libvirt.Hosts }, "Hypervisors, reached as ssh says; "+LocalHost+" is the server's own machine."),
		fieldOf("clusters", "", mapping("group of name: list of hosts", texts("list of hosts", text())), func(p *Provider) *map[string][]string { return &p.Libvirt.Clusters }, "Names for several hypervisors, for clone_target."),
		fieldOf("uri", "qemu:///system", text(), func(p *Provider) *string { return &p.Libvirt.URI }, "What virsh connects to on each; {host} is its name."),
		fieldOf("migrate_uri", "", text(), func(p *Provider) *string { return &p.Libvirt.MigrateURI }, "How hypervisors reach each other, as qemu+ssh://{host}/system; empty leaves machines where they are."),
		fieldOf("shared_storage", "false", boolean(), func(p *Provider) *bool { return &p.Libvirt.SharedStorage }, "All hypervisors see the same disks, though libvirt may not know it."),
		fieldOf("domain_type", "kvm", text(), func(p *Provider) *string { return &p.Libvirt.DomainType }, "Sort of virtual machine."),
		fieldOf("machine_type", "q35", text(), func(p *Provider) *string { return &p.Libvirt.MachineType }, "Machine that is emulated; a pool's option machine wins."),
		fieldOf("cpu", "", text(), func(p *Provider) *string { return &p.Libvirt.CPU }, "Processor model, by itself host-model with kvm; a pool's option cpu wins."),
		fieldOf("memory_mib", "2048", number(16, 1<<24), func(p *Provider) *int { return &p.Libvirt.MemoryMiB }, "Memory of a machine; a pool's option memory wins."),
		fieldOf("vcpus", "2", number(1, 1024), func(p *Provider) *int { return &p.Libvirt.VCPUs }, "Its processors; a pool's option vcpus wins."),
		fieldOf("storage_pool", "default", text(), func(p *Provider) *string { return &p.Libvirt.StoragePool }, "Storage pool of pools that name no datastore."),
		fieldOf("network", "default", text(), func(p *Provider) *string { return &p.Libvirt.Network }, "Network of pools that name none: one of libvirt's, bridge:br0, user or none."),
		fieldOf("address_sources", "[lease, agent, arp]", texts("list of lease, agent, arp", choice("lease", "agent", "arp")), func(p *Provider) *[]string { return &p.Libvirt.AddressSources }, "Where a machine's address is asked for; the first that knows one counts."),
		fieldOf("call_timeout", "1m", duration(time.Second), func(p *Provider) *time.Duration { return &p.Libvirt.CallTimeout }, "The longest that a quick request may take."),
		fieldOf("copy_timeout", "15m", duration(time.Second), func(p *Provider) *time.Duration { return &p.Libvirt.CopyTimeout }, "The longest that copying an image or memory may take."),
	}
}

func vsphereFields() []field[Provider] {
	return []field[Provider]{
		fieldOf("server", "", text(), func(p *Provider) *string { return &p.VSphere.Server }, "Host, host:port or URL of the vCenter."),
		fieldOf("username", "", text(), func(p *Provider) *string { return &p.VSphere.Username }, "Who signs in there."),
		fieldOf("password", "", secret(), func(p *Provider) *Secret { return &p.VSphere.Password }, "The password; better in a file."),
		fieldOf("password_file", "", text(), func(p *Provider) *string { return &p.VSphere.PasswordFile }, "File that holds the password."),
		fieldOf("insecure", "false", boolean(), func(p *Provider) *bool { return &p.VSphere.Insecure }, "Take any certificate."),
		fieldOf("datacenter", "", text(), func(p *Provider) *string { return &p.VSphere.Datacenter }, "Datacenter of pools that name none; may be empty if there is but one."),
		fieldOf("connection_pool_size", "8", number(1, 1000), func(p *Provider) *int { return &p.VSphere.Requests }, "Requests at a time."),
		fieldOf("dial_timeout", "10s", duration(time.Millisecond), func(p *Provider) *time.Duration { return &p.VSphere.DialTimeout }, "How long connecting may take."),
		fieldOf("call_timeout", "30s", duration(time.Second), func(p *Provider) *time.Duration { return &p.VSphere.CallTimeout }, "The longest that one request may take."),
		fieldOf("task_timeout", "15m", duration(time.Second), func(p *Provider) *time.Duration { return &p.VSphere.TaskTimeout }, "The longest that a clone or another task may take."),
		fieldOf("create_folders", "false", boolean(), func(p *Provider) *bool { return &p.VSphere.CreateFolders }, "Make the folder of a pool if it is missing."),
		fieldOf("create_template_delta_disks", "false", boolean(), func(p *Provider) *bool { return &p.VSphere.DeltaDisks }, "Take the snapshot of a template that linked clones need."),
		fieldOf("manage_host_selection", "false", boolean(), func(p *Provider) *bool { return &p.VSphere.ManageHosts }, "Choose the host of every machine, also where the cluster would."),
		fieldOf("host_selection_max_age", "1m", duration(0), func(p *Provider) *time.Duration { return &p.VSphere.HostsMaxAge }, "How long the load of the hosts is believed."),
		fieldOf("utilization_limit", "90", number(1, 100), func(p *Provider) *int { return &p.VSphere.UsageLimit }, "Percent of CPU or memory beyond which a host gets no machine."),
	}
}

// checkProvider says which field of a provider is wrong. A password may still come from its file.
func checkProvider(p Provider) (string, error) {
	if !providerName.MatchString(p.Name) {
		return "name", notPoolName(p.Name)
	}
	for i, pattern := range p.Allow {
		if _, err := slashpath.Match(pattern, ""); err != nil {
			return fmt.Sprintf("allow[%d]", i), fmt.Errorf("%s is not a pattern", quote(pattern))
		}
	}
	v := p.VSphere
	switch {
	case p.Kind == ProviderLibvirt && len(p.Libvirt.Hosts) == 0:
		return "hosts", errors.New("is empty")
	case p.Kind == ProviderVSphere && v.Server == "":
		return "server", errors.New("is empty")
	case p.Kind == ProviderVSphere && v.Username == "":
		return "username", errors.New("is empty")
	case p.Kind == ProviderVSphere && v.Password == "" && v.PasswordFile == "":
		return "password", errors.New("is empty; set it or password_file")
	case v.Password != "" && v.PasswordFile != "":
		return "password_file", errors.New("set this or password, not both")
	}
	return "", nil
}
