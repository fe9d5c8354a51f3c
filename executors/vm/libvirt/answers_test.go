package libvirt

import (
	"fmt"
	"strings"
)

// What virsh 9.0 says, shortened.

const nodeInfo = `CPU model:           x86_64
CPU(s):              8
CPU frequency:       2299 MHz
CPU socket(s):       1
Core(s) per socket:  4
Thread(s) per core:  2
NUMA cell(s):        1
Memory size:         33554432 KiB

`

const poolXML = `<pool type='dir'>
  <name>default</name>
  <uuid>e6739b38-abf8-471e-ac23-227fb8111460</uuid>
  <capacity unit='bytes'>270553174016</capacity>
  <source>
  </source>
  <target>
    <path>/var/lib/libvirt/images</path>
    <permissions>
      <mode>0755</mode>
    </permissions>
  </target>
</pool>

`

const templateXML = `<volume type='file'>
  <name>debian-12.qcow2</name>
  <key>/srv/templates/debian-12.qcow2</key>
  <capacity unit='bytes'>10737418240</capacity>
  <allocation unit='bytes'>200704</allocation>
  <target>
    <path>/srv/templates/debian-12.qcow2</path>
    <format type='qcow2'/>
    <permissions>
      <mode>0644</mode>
    </permissions>
  </target>
</volume>

`

// stats are of running domains with so many vCPUs and GiB each.
func stats(domains ...string) string {
	var s strings.Builder
	for i, d := range domains {
		fmt.Fprintf(&s, "Domain: '%s'\n  state.state=1\n  state.reason=1\n  balloon.current=%d\n  balloon.maximum=%[2]d\n", d, (i+1)<<20)
		fmt.Fprintf(&s, "  vcpu.current=%d\n  vcpu.maximum=%[1]d\n  vcpu.0.state=1\n\n", i+1)
	}
	return s.String()
}

// looking is the answer to a look: the domains, those that run, the volumes and the template.
func looking(domains []string, running, volumes, template string) string {
	names := strings.Join(domains, "\n") + "\n\n"
	return strings.Join([]string{names, nodeInfo, running, " default   \n templates   \n", poolXML, volumes, "", template, "end"}, divider+"\n")
}

const (
	idA = "1a668e5b-8443-40cf-895c-8f7b388d13f3"
	idB = "2b668e5b-8443-40cf-895c-8f7b388d13f3"
	idC = "3c668e5b-8443-40cf-895c-8f7b388d13f3"
)

// dumped is a running domain as libvirt shows it; mark is what its metadata holds, agent the state of its agent's channel.
func dumped(name, id, mark, agent string) string {
	return fmt.Sprintf(`<domain type='kvm' id='7'>
  <name>%s</name>
  <uuid>%s</uuid>
  <metadata>
    <other:machine xmlns:other="urn:other" pool="theirs"/>
    %s
    <more:machine xmlns:more="urn:more" pool="theirs"/>
  </metadata>
  <memory unit='KiB'>131072</memory>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' discard='unmap'/>
      <source file='/var/lib/libvirt/images/%[1]s.root.qcow2' index='1'/>
      <backingStore type='file' index='2'>
        <format type='qcow2'/>
        <source file='/srv/templates/debian-12.qcow2'/>
        <backingStore/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <source file='/var/lib/libvirt/images/install.iso'/>
      <readonly/>
    </disk>
    <disk type='file' device='disk'>
      <source file='/var/lib/libvirt/images/shared.img'/>
      <shareable/>
    </disk>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0' state='%[4]s'/>
    </channel>
  </devices>
</domain>

`, name, id, mark, agent)
}

const ourMark = `<yardmaster:machine xmlns:yardmaster="urn:yardmaster:machine:1" pool="debian-12" ` +
	`template="debian-12" created="2030-01-02T11:00:00Z"/>`

func listing(ids []string, dumps ...string) string {
	all := strings.Join(ids, "\n") + "\n"
	return all + divider + "\n" + all + divider + "\n" + strings.Join(dumps, "")
}

const leases = ` Name       MAC address          Protocol     Address
-------------------------------------------------------------------------------
 vnet0      52:54:00:78:25:4f    ipv4         192.168.122.230/24
`
