package libvirt

import (
	"encoding/xml"
	"errors"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestADomainIsReadFromItsDump(t *testing.T) {
	tests := []struct {
		name, text string
		want       []domain
	}{
		{"none", "\n", nil},
		{"ours", dumped("web", idA, ourMark, "connected"), []domain{{
			Name: "web", UUID: idA, Active: true, Pool: "debian-12", Template: "debian-12", Created: noon.Add(-time.Hour),
			Disks: []string{"/var/lib/libvirt/images/web.root.qcow2"}, Agent: true,
		}}},
		{"somebody else's", dumped("db", idB, "", "disconnected"), []domain{{
			Name: "db", UUID: idB, Active: true, Disks: []string{"/var/lib/libvirt/images/db.root.qcow2"},
		}}},
		{"off, with a name to escape, and nothing else",
			"<domain type='qemu'><name>a&lt;b&gt; &amp; \u00fc</name><uuid>" + idC + "</uuid></domain>", []domain{{Name: "a<b> & \u00fc", UUID: idC}}},
		{"two", dumped("a", idA, "", "") + dumped("b", idB, "", ""), []domain{
			{Name: "a", UUID: idA, Active: true, Disks: []string{"/var/lib/libvirt/images/a.root.qcow2"}},
			{Name: "b", UUID: idB, Active: true, Disks: []string{"/var/lib/libvirt/images/b.root.qcow2"}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseDomains(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, text := range []string{
		"<domain", "<volume/>", "<domain><name>a</name></domain>", dumped("a", "x", "", ""), dumped("a", idA, "", "")[:900],
	} {
		if got, err := parseDomains(text); !errors.Is(err, errAnswer) {
			t.Errorf("%.40q is read as %+v, %v", text, got, err)
		}
	}
}

func TestAListThatLacksADomainIsNone(t *testing.T) {
	a, b := dumped("a", idA, "", ""), dumped("b", idB, "", "")
	ids := func(before, after string, dumps ...string) string {
		return before + "\n" + divider + "\n" + after + "\n" + divider + "\n" + strings.Join(dumps, "")
	}
	tests := []struct {
		name, text string
		want       int // domains; -1: an error
	}{
		{"empty", ids("", ""), 0},
		{"whole", ids(idA+"\n"+idB, idA+"\n"+idB, a, b), 2},
		{"one went", ids(idA+"\n"+idB, idA, a), 1},
		{"one went after it was dumped", ids(idA+"\n"+idB, idA, a, b), 2},
		{"one came", ids(idA, idA+"\n"+idB, a), 1},
		{"one was not dumped", ids(idA+"\n"+idB, idA+"\n"+idB, a), -1},
		{"none was dumped", ids(idA, idA), -1},
		{"cut off", ids(idA, idA, a)[:500], -1},
		{"a part only", idA + "\n" + divider + "\n", -1},
		{"nothing", "", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseList(tt.text)
			if tt.want < 0 && !errors.Is(err, errAnswer) || tt.want >= 0 && (err != nil || len(got) != tt.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestALookSaysWhatHasTheName(t *testing.T) {
	tests := []struct {
		name             string
		domains          []string
		volumes, machine string
		want             string
	}{
		{"nothing", []string{"a", "webs"}, " a.root.qcow2   /x/a.root.qcow2\n", "web", ""},
		{"a domain", []string{"a", "web"}, "", "web", "domain web"},
		{"a root volume", nil, " a.root.qcow2   /x/a.root.qcow2\n web.root.qcow2   /x/web.root.qcow2\n", "web", "volume web.root.qcow2"},
		{"an added disk", nil, " web.disk-x.qcow2   /x/web.disk-x.qcow2\n", "web", "volume web.disk-x.qcow2"},
		{"a longer name", []string{"web-1"}, " web-1.root.qcow2   /x/web-1.root.qcow2\n web.qcow2   /x\n", "web", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseLook(looking(tt.domains, "", tt.volumes, templateXML), tt.machine)
			if err != nil || got.taken != tt.want {
				t.Errorf("got %q, %v, want %q", got.taken, err, tt.want)
			}
		})
	}
	got, err := parseLook(looking(nil, stats("a", "it's"), "", templateXML), "web")
	if err != nil || got.storage.Path != "/var/lib/libvirt/images" || got.template.Capacity != 10<<30 || got.template.Format.Type != "qcow2" ||
		got.template.Path != "/srv/templates/debian-12.qcow2" || !slices.Equal(got.active, []string{"default", "templates"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if want := (load{has: size{8, 32 << 20}, given: size{3, 3 << 20}, domains: 2}); got.load != want {
		t.Errorf("load is %+v, want %+v", got.load, want)
	}
	whole := looking(nil, "", "", "")
	for _, text := range []string{"", "a\n" + divider, strings.Replace(whole, "CPU(s)", "CPU", 1), strings.TrimSuffix(whole, "end")} {
		if got, err := parseLook(text, "web"); !errors.Is(err, errAnswer) {
			t.Errorf("%.40q is read as %+v, %v", text, got, err)
		}
	}
}

func TestAnAddressIsTheFirstOfTheMachinesCardThatLeadsSomewhere(t *testing.T) {
	const card = "52:54:00:01:02:03"
	table := func(rows ...string) string {
		return " Name       MAC address          Protocol     Address\n------------------\n" + strings.Join(rows, "\n") + "\n\n"
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"empty table", table(), ""},
		{"lease", table(" vnet0      52:54:00:01:02:03    ipv4         192.168.122.230/24"), "192.168.122.230"},
		{"another card", table(" vnet0      52:54:00:01:02:04    ipv4         192.168.122.230/24"), ""},
		{"agent", table(
			" lo         00:00:00:00:00:00    ipv4         127.0.0.1/8",
			" eth0       52:54:00:01:02:03    ipv6         fe80::5054:ff:fe01:203/64",
			" eth0       52:54:00:01:02:03    ipv6         2001:db8::7/64",
			" eth0       52:54:00:01:02:03    ipv4         10.0.0.7/24",
			" docker0    02:42:ac:11:00:02    ipv4         172.17.0.1/16"), "10.0.0.7"},
		{"version 6 alone", table(" vnet0 52:54:00:01:02:03 ipv6 2001:db8::7/64"), "2001:db8::7"},
		{"link-local and none", table(" vnet0 52:54:00:01:02:03 ipv4 169.254.3.4/16", " vnet0 52:54:00:01:02:03 N/A N/A"), ""},
		{"capital letters", table(" vnet0 52:54:00:01:02:03 ipv4 10.0.0.9/0"), "10.0.0.9"},
		{"the first source first",
			table() + table(" vnet0 52:54:00:01:02:03 ipv4 10.0.0.1/24") + table(" vnet0 52:54:00:01:02:03 ipv4 10.0.0.2/24"), "10.0.0.1"},
		{"error", "error: Failed to query for interfaces addresses", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseAddresses(tt.text, strings.ToUpper(card)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAGuestsNameIsOneLine(t *testing.T) {
	head := func(id string) string { return "\n" + divider + " " + id + "\n" }
	tests := []struct {
		name, text string
		want       map[string]string
	}{
		{"nothing", "", map[string]string{}},
		{"one", head(idA) + "web.example.com\n\n", map[string]string{idA: "web.example.com"}},
		{"one of two answered", head(idA) + head(idB) + "db\n", map[string]string{idB: "db"}},
		{"talk", head(idA) + "web\nand more\n" + head(idB) + "a b\n" + head(idC) + "$(reboot)\n", map[string]string{}},
		{"no id", head("web") + "web\n", map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseHostnames(tt.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestQuotedTextIsOneWord(t *testing.T) {
	for _, s := range []string{"", "plain", "a b", "it's", `"`, "$(id)", "`id`", "a\nb", "-x", `\`, "*", "ü", "a;b", "''", "!x"} {
		out, err := exec.Command("bash", "-c", "printf '%s|' "+quote(s)).Output()
		if err != nil || string(out) != s+"|" {
			t.Errorf("%q became %q, %v", s, out, err)
		}
	}
}

func TestNamesThatVirshWouldMistakeAreNone(t *testing.T) {
	for name, want := range map[string]bool{
		"web": true, "web-1": true, "1web": true, "Web": true, strings.Repeat("a", 63): true, "1-2": true,
		"": false, "17": false, idA: false, "web.1": false, "web_1": false, "-web": false, "web-": false, "a b": false, "a\n": false, "ü": false,
		strings.Repeat("a", 64): false, "$(id)": false, "a/b": false,
	} {
		if named(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

func FuzzDomains(f *testing.F) {
	f.Add(dumped("web", idA, ourMark, "connected") + dumped("db", idB, "", ""))
	f.Add("<domain type='qemu'><name>a</name><uuid>" + idC + "</uuid></domain>")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parseDomains(text)
		if err != nil && !errors.Is(err, errAnswer) {
			t.Fatal(err)
		}
		for _, d := range all {
			if d.Name == "" || !uuidShape.MatchString(d.UUID) {
				t.Errorf("got %+v", d)
			}
			place{pool: "p", folder: "/srv"}.holds(d)
			d.machine("hv1")
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add(listing([]string{idA}, dumped("web", idA, ourMark, "connected")))
	f.Add(divider + "\n" + divider + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseList(text); err != nil && !errors.Is(err, errAnswer) {
			t.Fatal(err)
		}
	})
}

func FuzzLook(f *testing.F) {
	f.Add(looking([]string{"a"}, stats("a", "b"), " a.root.qcow2   /x\n", templateXML), "web")
	f.Add(looking(nil, "", "", ""), "a")
	f.Fuzz(func(t *testing.T, text, name string) {
		l, err := parseLook(text, name)
		if err != nil {
			return
		}
		l.h = newHypervisor("hv1", Options{})
		l.lacks(wish{name: name})
		if l.load.has.cpus <= 0 || l.load.has.memKiB <= 0 || l.load.given.cpus < 0 || l.load.given.memKiB < 0 {
			t.Errorf("load %+v", l.load)
		}
		lighter(l.load, l.load.with(size{1, 1}, 2))
	})
}

func FuzzAddresses(f *testing.F) {
	f.Add(leases, "52:54:00:78:25:4f")
	f.Add(" eth0 52:54:00:01:02:03 ipv6 2001:db8::7%eth0/64", "52:54:00:01:02:03")
	f.Fuzz(func(t *testing.T, text, card string) {
		got := parseAddresses(text, card)
		if ip, err := netip.ParseAddr(got); got != "" && (err != nil || ip.IsLoopback() || ip.Zone() != "") {
			t.Errorf("got %q: %v", got, err)
		}
	})
}

func FuzzHostnames(f *testing.F) {
	f.Add("\n" + divider + " " + idA + "\nweb.example.com\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		for id, name := range parseHostnames(text) {
			if !uuidShape.MatchString(id) || !hostShape.MatchString(name) {
				t.Errorf("%q is called %q", id, name)
			}
		}
	})
}

// What goes into a domain comes out of it, and nothing beside it, whatever it is.
func FuzzWhatIsWrittenIntoADomainIsReadFromIt(f *testing.F) {
	f.Add("web", "debian-12", "/srv/a & <b>", "bridge:br'0")
	f.Fuzz(func(t *testing.T, name, pool, dir, network string) {
		plain := func(s string) bool { return s != "" && xmlText(s) && strings.TrimSpace(s) == s }
		if !plain(name) || !plain(pool) || !plain(dir) || !plain(network) {
			t.Skip()
		}
		p, _ := newTest(t, Options{})
		w := wish{place: place{pool: pool}, shape: shape{template: pool, bus: "virtio", nic: "virtio", machine: "q35", network: network}, name: name}
		text, err := p.domainXML(look{storage: storagePool{Path: dir}}, w)
		if err != nil {
			t.Fatal(err)
		}
		text = strings.Replace(text, "<metadata>", "<uuid>"+idA+"</uuid><metadata>", 1)
		got, err := parseDomains(text)
		want := domain{Name: name, UUID: idA, Pool: pool, Template: pool, Created: noon, Disks: []string{filepath.Join(dir, rootVolume(name))}}
		if err != nil || len(got) != 1 || !cmp.Equal(got[0], want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

// xmlText tells whether XML can carry s at all.
func xmlText(s string) bool {
	var back string
	text, err := escape(s)
	return err == nil && xml.Unmarshal([]byte("<a>"+text+"</a>"), &back) == nil && back == s
}
