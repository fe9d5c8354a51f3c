package libvirt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"yardmaster/executors/vm"
)

// choose takes, of the hypervisors that can make the machine, the one that will bear least. Creates that are under way count,
// so that many at once spread; equals are taken in the order of the options. The create is under way until ends is called.
func (p *Provider) choose(looks []look, w wish) (best look, ends func(), err error) {
	able := slices.DeleteFunc(slices.Clone(looks), func(l look) bool {
		why, _ := l.lacks(w)
		return why != "" || !slices.Contains(w.hosts, l.h)
	})
	if len(able) == 0 {
		return look{}, nil, unable(looks, w)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range able {
		able[i].load = l.load.with(w.takes(), l.h.busy()+1)
	}
	slices.SortStableFunc(able, func(a, b look) int { return lighter(a.load, b.load) })
	return able[0], able[0].h.begins(w.name), nil
}

// lighter orders loads: those that fit first, then by what is given away, then by the number of domains.
func lighter(a, b load) int {
	if a.fits() != b.fits() {
		if a.fits() {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.share(), b.share()), cmp.Compare(a.domains, b.domains))
}

// lacks says why a hypervisor cannot make a machine, "" if it can, and whether that is for good.
func (l look) lacks(w wish) (why string, permanent bool) {
	switch {
	case l.storage.Path == "":
		return fmt.Sprintf("%s has no storage pool %s that files lie in", l.h.name, w.storage), true
	case !pathShape.MatchString(l.storage.Path):
		return fmt.Sprintf("storage pool %s of %s lies in %.120q", w.storage, l.h.name, l.storage.Path), true
	case !slices.Contains(l.active, w.storage):
		return fmt.Sprintf("storage pool %s of %s is not active", w.storage, l.h.name), false
	case !slices.Contains(l.active, w.templatePool):
		return fmt.Sprintf("%s has no active storage pool %s, where the template should be", l.h.name, w.templatePool), false
	case l.template.Path == "":
		return fmt.Sprintf("%s has no template %s in its storage pool %s", l.h.name, w.template, w.templatePool), true
	case !wordShape.MatchString(l.template.Format.Type) || !objectShape.MatchString(l.template.Name) || l.template.Capacity <= 0:
		return fmt.Sprintf("template %s of %s is no image", w.template, l.h.name), true
	}
	return "", false
}

// unable says why no hypervisor can make a machine. It is permanent only if all that it may be on have said that.
func unable(looks []look, w wish) error {
	var reasons []string
	var mute, passing bool
	for _, h := range w.hosts {
		i := slices.IndexFunc(looks, func(l look) bool { return l.h == h })
		if i < 0 {
			reasons, mute = append(reasons, h.name+" does not answer"), true
			continue
		}
		why, permanent := looks[i].lacks(w)
		reasons, passing = append(reasons, why), passing || !permanent
	}
	err := fmt.Errorf("create %s: %s", w.name, strings.Join(reasons, "; "))
	switch {
	case mute:
		return &fault{unavailable, err}
	case passing:
		return err
	}
	return &fault{[]error{vm.ErrPermanent}, err}
}
