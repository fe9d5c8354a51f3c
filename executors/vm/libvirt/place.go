package libvirt

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"yardmaster/executors/vm"
)

// place is where a pool's machines are.
type place struct {
	pool    string
	storage string // pool of volumes
	folder  string // whoever has a disk below it and is marked by nobody is the pool's too; "" is nowhere
}

func (o Options) place(p vm.Pool) (place, error) {
	at := place{pool: p.Name, storage: o.StoragePool, folder: p.Folder}
	if p.Datastore != "" {
		at.storage = p.Datastore
	}
	switch {
	case !poolShape.MatchString(at.pool):
		return at, wrong("pool name %.120q is not made of letters, digits and . _ + -", at.pool)
	case !objectShape.MatchString(at.storage):
		return at, wrong("datastore %.120q of pool %s cannot be a storage pool's name", at.storage, at.pool)
	case at.folder != "" && (!pathShape.MatchString(at.folder) || path.Clean(at.folder) != at.folder):
		return at, wrong("folder %.120q of pool %s is no absolute path of a directory", at.folder, at.pool)
	}
	return at, nil
}

// holds tells whether a domain is one of the pool's machines.
func (at place) holds(d domain) bool {
	if d.Pool != "" {
		return d.Pool == at.pool
	}
	return at.folder != "" && slices.ContainsFunc(d.Disks, at.below)
}

func (at place) below(file string) bool { return strings.HasPrefix(path.Clean(file), at.folder+"/") }

// shape is how a pool's new machines look.
type shape struct {
	templatePool, template string // a volume
	full                   bool
	network                string
	memoryMiB, vcpus       int
	bus, nic               string
	machine, cpu, firmware string
}

func (o Options) shape(p vm.Pool) (shape, error) {
	s := shape{
		full: p.Full, network: o.Network, memoryMiB: o.MemoryMiB, vcpus: o.VCPUs, bus: "virtio", nic: "virtio",
		machine: o.MachineType, cpu: o.CPU, templatePool: o.StoragePool,
	}
	if p.Datastore != "" {
		s.templatePool = p.Datastore
	}
	if p.Network != "" {
		s.network = p.Network
	}
	s.template = p.Template
	if i := strings.LastIndexByte(p.Template, '/'); i >= 0 {
		s.templatePool, s.template = p.Template[:i], p.Template[i+1:]
	}
	for key, value := range p.Options {
		if err := s.set(key, value); err != nil {
			return s, err
		}
	}
	return s, s.check(p)
}

// set takes one of a pool's options.
func (s *shape) set(key, value string) (err error) {
	switch key {
	case "memory":
		s.memoryMiB, err = strconv.Atoi(value)
	case "vcpus":
		s.vcpus, err = strconv.Atoi(value)
	case "bus":
		s.bus = value
	case "nic":
		s.nic = value
	case "machine":
		s.machine = value
	case "cpu":
		s.cpu = value
	case "firmware":
		s.firmware = value
	default:
		return wrong("option %.80q is not one of memory, vcpus, bus, nic, machine, cpu, firmware", key)
	}
	if err != nil {
		return wrong("option %s: %.80q is no number", key, value)
	}
	return nil
}

// The bounds of a machine.
const (
	memoryMost = 16 << 20 // MiB
	vcpusMost  = 1024
)

func (s *shape) check(p vm.Pool) error {
	oneOf := func(v string, words ...string) bool { return slices.Contains(words, v) }
	kind, name, _ := strings.Cut(s.network, ":")
	switch {
	case p.Template != "" && (!objectShape.MatchString(s.template) || !objectShape.MatchString(s.templatePool)):
		return wrong("template %.120q is neither a volume nor storage-pool/volume", p.Template)
	case s.memoryMiB < 16 || s.memoryMiB > memoryMost:
		return wrong("memory of %d MiB is not within 16 and %d", s.memoryMiB, memoryMost)
	case s.vcpus < 1 || s.vcpus > vcpusMost:
		return wrong("%d vcpus are not within 1 and %d", s.vcpus, vcpusMost)
	case !oneOf(s.bus, "virtio", "scsi", "sata"):
		return wrong("bus %.80q is not one of virtio, scsi, sata", s.bus)
	case !wordShape.MatchString(s.nic):
		return wrong("nic %.80q is no model of a network card", s.nic)
	case !wordShape.MatchString(s.machine):
		return wrong("machine %.80q is no type of a machine", s.machine)
	case !oneOf(s.cpu, "", "host-model", "host-passthrough", "maximum"):
		return wrong("cpu %.80q is not one of host-model, host-passthrough, maximum", s.cpu)
	case !oneOf(s.firmware, "", "bios", "efi"):
		return wrong("firmware %.80q is not one of bios, efi", s.firmware)
	case kind == "bridge" && !wordShape.MatchString(name), kind != "bridge" && !objectShape.MatchString(s.network):
		return wrong("network %.120q is neither a network of libvirt nor bridge:NAME, user or none", s.network)
	}
	return nil
}

// among are the hypervisors that a pool may clone on.
func (p *Provider) among(target string) ([]*hypervisor, error) {
	if target == "" {
		return p.hosts, nil
	}
	names, ok := p.opt.Clusters[target]
	if !ok {
		names = []string{target}
	}
	var out []*hypervisor
	for _, h := range p.hosts {
		if slices.Contains(names, h.name) {
			out = append(out, h)
		}
	}
	if len(out) == 0 {
		return nil, wrong("clone target %.120q is neither a hypervisor nor a cluster", target)
	}
	return out, nil
}
