package libvirt

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardmaster/executors/vm"
)

// look is what a hypervisor says when a machine is to be made: whether the name is taken, what it has and what it bears.
type look struct {
	h        *hypervisor
	taken    string      // by what; "" if it is not
	load     load        // and what creates under way will add, once one is chosen
	storage  storagePool // without a path if there is none
	active   []string    // storage pools that are
	template volume      // without a path if there is none
}

// storagePool and volume are what matters here of theirs.
type storagePool struct {
	XMLName xml.Name `xml:"pool"`
	Path    string   `xml:"target>path"`
}

type volume struct {
	XMLName  xml.Name `xml:"volume"`
	Name     string   `xml:"name"`
	Capacity int64    `xml:"capacity"` // bytes
	Path     string   `xml:"target>path"`
	Format   struct {
		Type string `xml:"type,attr"`
	} `xml:"target>format"`
}

// lookAll asks every hypervisor. One that is silent is left out, unless it may have the name. If nobody has the template,
// libvirt may not have noticed it yet.
func (p *Provider) lookAll(ctx context.Context, w wish) ([]look, error) {
	looks, err := p.lookOnce(ctx, w)
	if err != nil || slices.ContainsFunc(looks, func(l look) bool { return l.template.Path != "" }) {
		return looks, err
	}
	p.all(ctx, "refresh storage", p.opt.Timeout, func(h *hypervisor) string {
		return newScript(h, p.opt.Timeout).add("V pool-refresh %s > /dev/null\n", quote(w.templatePool)).String()
	}) // whatever comes of it, the next look tells
	return p.lookOnce(ctx, w)
}

func (p *Provider) lookOnce(ctx context.Context, w wish) ([]look, error) {
	answers := p.all(ctx, "look for "+w.name, p.opt.Timeout, func(h *hypervisor) string { return p.lookScript(h, w) })
	if err := p.missing(w.name, answers); !errors.Is(err, vm.ErrNotFound) {
		return nil, err
	}
	var out []look
	for _, a := range answers {
		if a.err != nil {
			p.log.Warn("hypervisor is silent; machines are made elsewhere", "host", a.h.name, "err", a.err)
			continue
		}
		l, err := parseLook(a.res.Stdout, w.name)
		if err != nil {
			return nil, fmt.Errorf("look for %s on %s: %w", w.name, a.h.name, err)
		}
		if l.taken != "" {
			return nil, fmt.Errorf("%s on %s: %w", l.taken, a.h.name, vm.ErrExists)
		}
		l.h = a.h
		out = append(out, l)
	}
	return out, nil
}

// lookScript waits until nobody is at work on the name.
func (p *Provider) lookScript(h *hypervisor, w wish) string {
	storage, templates := word(w.storage), word(w.templatePool)
	s := newScript(h, p.opt.Timeout).lock(w.name)
	return s.add("Q list --all --name\necho '%s'\nV %s\n", divider, batch(
		"nodeinfo", statsCommand, "pool-list --name", "pool-dumpxml "+storage, "vol-list "+storage,
		"vol-dumpxml --pool "+templates+" "+word(w.template), "vol-dumpxml --pool "+templates+" "+word(w.template+".qcow2"), "echo end",
	)).String()
}

// statsCommand asks for what running domains take. A hung one is left out.
const statsCommand = "domstats --list-running --nowait --state --vcpu --balloon"

// parseLook reads what lookScript printed.
func parseLook(text, name string) (l look, _ error) {
	parts := strings.Split(text, divider+"\n")
	if len(parts) != 9 || strings.TrimSpace(parts[8]) != "end" {
		return l, fmt.Errorf("look: %w", errAnswer)
	}
	l.taken = takenBy(parts[0], parts[5], name)
	n, err := parseNode(parts[1], parts[2])
	l.load = n.load()
	l.active = lines(parts[3])
	return l, errors.Join(err, parseObject(parts[4], &l.storage), parseObject(cmp.Or(strings.TrimSpace(parts[6]), parts[7]), &l.template))
}

// takenBy says what has a machine's name: a domain, or a volume that was left of one.
func takenBy(domains, volumes, name string) string {
	if slices.Contains(lines(domains), name) {
		return "domain " + name
	}
	for _, line := range lines(volumes) {
		volume, _, _ := strings.Cut(line, " ")
		if strings.HasPrefix(volume, rootVolume(name)) || strings.HasPrefix(volume, name+".disk-") {
			return "volume " + volume
		}
	}
	return ""
}

// lines are those that are not blank, without the space around them.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// parseObject reads a storage pool or a volume. Nothing to read is no such thing.
func parseObject(text string, into any) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if err := xml.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("look: %w: %w", errAnswer, err)
	}
	return nil
}
