package libvirt

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

// Options say how a provider works; a zero field means the default named beside it.
type Options struct {
	Hosts       []string            // hypervisors, by the names that the Runner knows; at least one
	Clusters    map[string][]string // names for several of them, as a pool's CloneTarget
	URI         string              // qemu:///system; "{host}" in it is the hypervisor's name
	MigrateURI  string              // how hypervisors reach each other, as qemu+ssh://{host}/system; none: machines stay where they are
	Shared      bool                // storage is shared, though libvirt may not recognise it as such
	DomainType  string              // kvm
	MachineType string              // q35; a pool's option "machine" wins
	CPU         string              // host-model for kvm, else libvirt's own choice; a pool's option "cpu" wins
	MemoryMiB   int                 // 2048; a pool's option "memory" wins
	VCPUs       int                 // 2; a pool's option "vcpus" wins
	StoragePool string              // default; a pool's Datastore wins
	Network     string              // default; a pool's Network wins: a network of libvirt, "bridge:br0", "user" or "none"
	Sources     []string            // where addresses are asked for, the first that knows one counts: lease, agent, arp
	Timeout     time.Duration       // 1 min, for a call that should be quick
	CopyTimeout time.Duration       // 15 min, for one that copies an image or memory
	Prober      vm.Prober
	Logger      *slog.Logger
	Now         func() time.Time
}

func (o Options) withDefaults() Options {
	o.URI = cmp.Or(o.URI, "qemu:///system")
	o.DomainType = cmp.Or(o.DomainType, "kvm")
	o.MachineType = cmp.Or(o.MachineType, "q35")
	if o.DomainType == "kvm" {
		o.CPU = cmp.Or(o.CPU, "host-model")
	}
	o.MemoryMiB = cmp.Or(o.MemoryMiB, 2048)
	o.VCPUs = cmp.Or(o.VCPUs, 2)
	o.StoragePool = cmp.Or(o.StoragePool, "default")
	o.Network = cmp.Or(o.Network, "default")
	if len(o.Sources) == 0 {
		o.Sources = []string{"lease", "agent", "arp"}
	}
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.CopyTimeout = cmp.Or(o.CopyTimeout, 15*time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// check refuses what no machine could be made with.
func (o Options) check() error {
	if len(o.Hosts) == 0 {
		return fmt.Errorf("hosts: no hypervisor is named")
	}
	for i, h := range o.Hosts {
		if !hostShape.MatchString(h) {
			return fmt.Errorf("hosts: %q is no host name", h)
		}
		if slices.Contains(o.Hosts[:i], h) {
			return fmt.Errorf("hosts: %s is named twice", h)
		}
	}
	for name, hosts := range o.Clusters {
		for _, h := range hosts {
			if !slices.Contains(o.Hosts, h) {
				return fmt.Errorf("clusters: %s holds %q, which is no hypervisor", name, h)
			}
		}
	}
	for key, uri := range map[string]string{"uri": o.URI, "migrate_uri": o.MigrateURI} {
		if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return fmt.Errorf("%s: %q holds a space or a control character", key, uri)
		}
	}
	for _, s := range o.Sources {
		if s != "lease" && s != "agent" && s != "arp" {
			return fmt.Errorf("sources: %q is not one of lease, agent, arp", s)
		}
	}
	if !wordShape.MatchString(o.DomainType) {
		return fmt.Errorf("domain_type: %q is none", o.DomainType)
	}
	if o.Timeout < time.Second || o.CopyTimeout < time.Second {
		return fmt.Errorf("timeouts: %v and %v: less than a second is none", o.Timeout, o.CopyTimeout)
	}
	_, err := o.place(vm.Pool{Name: "pool"})
	if err == nil {
		_, err = o.shape(vm.Pool{})
	}
	return err
}

// uriOf puts a hypervisor's name into a URI.
func uriOf(uri, host string) string { return strings.ReplaceAll(uri, "{host}", host) }
