package libvirt

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"path"
	"strings"
	"text/template"
	"time"
)

// escape makes text safe within an element and within an attribute.
func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

// mac derives a machine's hardware address from its name, so that it keeps its lease when it is made anew.
func mac(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", sum[0], sum[1], sum[2])
}

// slots are how many PCI Express devices a machine may have. Its own take five; a disk that is added takes one.
const slots = 16

func parse(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"x": escape, "device": device}).Parse(text))
}

// volumeText is a disk's. Libvirt takes what an overlay leaves out from what it lies on.
var volumeText = parse("volume", `<volume>
  <name>{{x .Name}}</name>
  <capacity unit='bytes'>{{.Template.Capacity}}</capacity>
  <target>
    <format type='qcow2'/>
  </target>
{{- if not .Full}}
  <backingStore>
    <path>{{x .Template.Path}}</path>
    <format type='{{x .Template.Format.Type}}'/>
  </backingStore>
{{- end}}
</volume>
`)

func volumeXML(name string, from volume, full bool) (string, error) {
	return fill(volumeText, struct {
		Name     string
		Template volume
		Full     bool
	}{name, from, full})
}

func fill(t *template.Template, v any) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return "", fmt.Errorf("%s: %w", t.Name(), err)
	}
	return b.String(), nil
}

// domainText is a machine's: no graphics, a channel for a guest agent, and slots for disks that come later.
var domainText = parse("domain", `<domain type='{{x .Type}}'>
  <name>{{x .Name}}</name>
  <description>{{x .Note}}</description>
  <metadata>
    <yardmaster:machine xmlns:yardmaster='{{.Marks}}' pool='{{x .Pool}}' template='{{x .Template}}' created='{{x .Created}}'
      {{- if .Mark}} mark='{{x .Mark}}'{{end}}/>
  </metadata>
  <memory unit='MiB'>{{.MemoryMiB}}</memory>
  <vcpu>{{.VCPUs}}</vcpu>
  <os{{if eq .Firmware "efi"}} firmware='efi'{{end}}>
    <type machine='{{x .Machine}}'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
{{- if .CPU}}
  <cpu mode='{{x .CPU}}'/>
{{- end}}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='{{x .Disk}}'/>
      <target dev='{{x (device .Bus 0)}}' bus='{{x .Bus}}'/>
    </disk>
{{- if .Slots}}
    <controller type='pci' model='pcie-root'/>
{{- end}}
{{- range .Slots}}
    <controller type='pci' model='pcie-root-port'/>
{{- end}}
{{- if eq .Bus "scsi"}}
    <controller type='scsi' model='virtio-scsi'/>
{{- end}}
    <controller type='usb' model='none'/>
{{- with .Link}}
    <interface type='{{x .Type}}'>
      <mac address='{{x .MAC}}'/>
{{- if .Source}}
      <source {{.Type}}='{{x .Source}}'/>
{{- end}}
      <model type='{{x .Model}}'/>
    </interface>
{{- end}}
    <serial type='null'/>
    <channel type='unix'>
      <target type='virtio' name='{{.Agent}}'/>
    </channel>
    <video>
      <model type='none'/>
    </video>
    <rng model='virtio'>
      <backend model='random'>/dev/urandom</backend>
    </rng>
  </devices>
</domain>
`)

// link is a network card and where it is plugged in.
type link struct{ Type, Source, Model, MAC string }

// plug reads a network's name; nil is no card.
func (s shape) plug(name string) *link {
	switch kind, bridge, _ := strings.Cut(s.network, ":"); {
	case s.network == "none":
		return nil
	case s.network == "user":
		return &link{"user", "", s.nic, mac(name)}
	case kind == "bridge":
		return &link{"bridge", bridge, s.nic, mac(name)}
	}
	return &link{"network", s.network, s.nic, mac(name)}
}

// domainXML is the machine that a create wants, on the hypervisor that was chosen.
func (p *Provider) domainXML(l look, w wish) (string, error) {
	ports := slots
	if !strings.Contains(w.machine, "q35") && !strings.HasPrefix(w.machine, "virt") {
		ports = 0 // no PCI Express: libvirt finds slots by itself
	}
	return fill(domainText, struct {
		Type, Name, Note, Marks, Pool, Template, Created, Mark string
		MemoryMiB, VCPUs                                       int
		Firmware, Machine, CPU, Disk, Bus, Agent               string
		Slots                                                  int
		Link                                                   *link
	}{
		p.opt.DomainType, w.name, note(w.pool, ""), marks, w.pool, w.template, p.now().UTC().Format(time.RFC3339), w.mark,
		w.memoryMiB, w.vcpus,
		w.firmware, w.machine, w.cpu, path.Join(l.storage.Path, rootVolume(w.name)), w.bus, agentChannel,
		ports, w.plug(w.name),
	})
}

// device is what the n-th disk on a bus is called.
func device(bus string, n int) string {
	prefix := "sd"
	if bus == "virtio" {
		prefix = "vd"
	}
	return prefix + string(rune('a'+n))
}
