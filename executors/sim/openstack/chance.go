package openstack

import (
	"fmt"
	"time"
)

// between is a time from min up to max.
func (c *Cloud) between(min, max time.Duration) time.Duration {
	return min + time.Duration(c.rand.Int64N(int64(max-min)))
}

// oneIn is true once in n times.
func (c *Cloud) oneIn(n int) bool { return c.rand.IntN(n) == 0 }

func (c *Cloud) hex(n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[c.rand.IntN(16)]
	}
	return string(b)
}

func (c *Cloud) uuid() string {
	h := []byte(c.hex(32))
	h[12], h[16] = '4', "89ab"[c.rand.IntN(4)]
	b := make([]byte, 0, 36)
	for i, d := range h {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		b = append(b, d)
	}
	return string(b)
}

func pick[T any](c *Cloud, of []T) T { return of[c.rand.IntN(len(of))] }

func newCell(name string, hosts int) *cell {
	k := &cell{name: name, apis: []string{name + "-api-1", name + "-api-2"}}
	for i := range hosts {
		k.hosts = append(k.hosts, fmt.Sprintf("%s-compute-%d.example.net", name, i+1))
	}
	return k
}

var customers = []string{"atlas", "birch", "cobalt", "delta", "ember", "fjord", "granite", "harbor"}

// flavor is a size of instances.
type flavor struct {
	typeID             int
	id, name           string
	memory, disk, cpus int
}

var flavors = []flavor{
	{2, "2", "512MB Standard Instance", 512, 20, 1},
	{3, "3", "1GB Standard Instance", 1024, 40, 1},
	{5, "5", "4GB Standard Instance", 4096, 160, 2},
	{11, "performance1-2", "2 GB Performance", 2048, 40, 2},
	{13, "performance1-8", "8 GB Performance", 8192, 40, 8},
	{21, "compute1-15", "15 GB Compute", 15360, 0, 8},
}

// system is what an image holds.
type system struct{ name, kind, distro, label, version string }

var systems = []system{
	{"Debian 12", "linux", "debian", "org.debian", "12"},
	{"Ubuntu 24.04", "linux", "ubuntu", "com.ubuntu", "24.04"},
	{"CentOS Stream 9", "linux", "centos", "org.centos", "9"},
	{"Red Hat Enterprise Linux 9", "linux", "rhel", "com.redhat", "9"},
	{"FreeBSD 14", "freebsd", "freebsd", "org.freebsd", "14"},
	{"Windows Server 2022", "windows", "windows", "com.microsoft", "2022"},
}
