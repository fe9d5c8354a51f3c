package config

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"
)

// inherit stands in a Pool for what it leaves to Pools, until settle.
const inherit = -1

var poolName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// pools is the list of pools.
func pools() kind[[]Pool] {
	return record[Pool]{
		name: "list of pools", all: poolFields(), check: checkPool,
		blank: Pool{Timeout: inherit, TimeoutNotification: inherit, ReadyTTL: inherit},
		label: func(p Pool) string { return p.Name },
	}.list()
}

func poolFields() []field[Pool] {
	at := "As pools.%s, for this pool alone."
	return []field[Pool]{
		fieldOf("name", "", text(), func(p *Pool) *string { return &p.Name }, "What it is asked for by: letters, digits, dot, dash and underscore."),
		fieldOf("aliases", "", texts("list of names", text()), func(p *Pool) *[]string { return &p.Aliases }, "Other names; several pools may share one."),
		fieldOf("template", "", text(), func(p *Pool) *string { return &p.Template }, "What its machines are cloned from, as the provider reads it."),
		fieldOf("size", "", number(0, 100000), func(p *Pool) *int { return &p.Size }, "Machines that wait ready; 0 makes them on demand only."),
		fieldOf("provider", "", text(), func(p *Pool) *string { return &p.Provider }, "Name of its provider; needed when there are several."),
		fieldOf("domain", "", domain(), func(p *Pool) *string { return &p.Domain }, fmt.Sprintf(at, "domain")),
		fieldOf("clone_target", "", text(), func(p *Pool) *string { return &p.CloneTarget }, fmt.Sprintf(at, "clone_target")),
		fieldOf("folder", "", text(), func(p *Pool) *string { return &p.Folder }, "Folder of its machines; vsphere needs one."),
		fieldOf("datastore", "", text(), func(p *Pool) *string { return &p.Datastore }, "Datastore or storage pool of their disks."),
		fieldOf("datacenter", "", text(), func(p *Pool) *string { return &p.Datacenter }, "Datacenter, when it is not the provider's."),
		fieldOf("network", "", text(), func(p *Pool) *string { return &p.Network }, "Network that they are put into."),
		fieldOf("full_clone", "false", boolean(), func(p *Pool) *bool { return &p.FullClone }, "Copy the template's disks instead of linking to them."),
		fieldOf("timeout", "", duration(time.Second), func(p *Pool) *time.Duration { return &p.Timeout }, fmt.Sprintf(at, "timeout")),
		fieldOf("timeout_notification", "", duration(0), func(p *Pool) *time.Duration { return &p.TimeoutNotification }, fmt.Sprintf(at, "timeout_notification")),
		fieldOf("ready_ttl", "", duration(0), func(p *Pool) *time.Duration { return &p.ReadyTTL }, fmt.Sprintf(at, "ready_ttl")),
		fieldOf("vm_lifetime", "", number(0, mostHours), func(p *Pool) *int { return &p.VMLifetime }, fmt.Sprintf(at, "vm_lifetime")),
		fieldOf("vm_lifetime_auth", "", number(0, mostHours), func(p *Pool) *int { return &p.VMLifetimeAuth }, fmt.Sprintf(at, "vm_lifetime_auth")),
		fieldOf("quota_per_user", "", number(0, 1000000), func(p *Pool) *int { return &p.QuotaPerUser }, "Machines of this pool that one user may hold; 0 sets no bound."),
		fieldOf("check_hostname", "true", boolean(), func(p *Pool) *bool { return &p.CheckHostname }, "Replace a ready machine that calls itself otherwise than it was named."),
		fieldOf("skip_dns_check", "false", boolean(), func(p *Pool) *bool { return &p.SkipDNSCheck }, "Do not ask DNS whether the name of a new machine is taken."),
		fieldOf("ready.check", "tcp", choice("tcp", "ssh", "none"), func(p *Pool) *string { return &p.Ready.Check }, "A machine is ready when its port accepts a connection (tcp), when an SSH server greets there (ssh), or when it has an address (none)."),
		fieldOf("ready.port", "22", number(1, 65535), func(p *Pool) *int { return &p.Ready.Port }, "That port."),
		fieldOf("ready.timeout", "5s", duration(100*time.Millisecond), func(p *Pool) *time.Duration { return &p.Ready.Timeout }, "How long one such look may take."),
		fieldOf("options", "", options(), func(p *Pool) *map[string]string { return &p.Options }, "What only its provider knows."),
	}
}

func options() kind[map[string]string] { return mapping("group of name: value", text()) }

// checkPool says which field of a pool is wrong, as far as that shows in the pool alone.
func checkPool(p Pool) (string, error) {
	if !poolName.MatchString(p.Name) {
		return "name", notPoolName(p.Name)
	}
	seen := map[string]bool{}
	for i, alias := range p.Aliases {
		at := fmt.Sprintf("aliases[%d]", i)
		switch {
		case !poolName.MatchString(alias):
			return at, notPoolName(alias)
		case seen[alias]:
			return at, fmt.Errorf("%s is there twice", quote(alias))
		}
		seen[alias] = true
	}
	if p.Template == "" {
		return "template", errors.New("is empty")
	}
	return "", nil
}

func notPoolName(name string) error {
	if name == "" {
		return errors.New("is empty")
	}
	return fmt.Errorf("%s is not a name of letters, digits, dots, dashes and underscores", quote(name))
}

// scalarOf finds the text of a key of a mapping; "" if it is not there.
func scalarOf(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}
