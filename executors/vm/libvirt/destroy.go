package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors/vm"
)

// What a hypervisor says when it was told to destroy a machine.
const (
	sayNone   = "none"   // nothing of that name is there
	sayGone   = "gone"   // a machine was there, and all of it is removed
	sayRests  = "rests"  // volumes of one were there, and are removed
	sayOthers = "others" // a domain of that name is there that is not the pool's by our mark
)

// Destroy removes the machine and all its volumes from every hypervisor, whole or not. One that is silent keeps it from
// ending only if it may hold something of the machine: not if the whole machine was found elsewhere.
func (p *Provider) Destroy(ctx context.Context, pool vm.Pool, name string) error {
	at, err := p.opt.place(pool)
	if err != nil {
		return err
	}
	if !named(name) {
		return p.destroyStrange(ctx, at, name)
	}
	answers := p.all(ctx, "destroy "+name, p.opt.Timeout, func(h *hypervisor) string { return p.destroyScript(h, at, name) })
	var errs []error
	whole, others := false, false
	for _, a := range answers {
		switch said := strings.TrimSpace(a.res.Stdout); {
		case a.err != nil:
			if !silent(a.err) {
				errs = append(errs, a.err)
			}
			continue
		case said == sayOthers:
			others = true
			continue
		case said == sayGone:
			whole = true
		case said != sayNone && said != sayRests:
			errs = append(errs, fmt.Errorf("destroy %s on %s: %w", name, a.h.name, errAnswer))
			continue
		}
		a.h.gone(name)
	}
	if others {
		errs = append(errs, p.destroyStrange(ctx, at, name))
	}
	if err := p.missing(name, answers); !whole && !errors.Is(err, vm.ErrNotFound) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// destroyScript ends the domain, again if a start that was cut off brings it back, forgets it, and then removes what is called
// as its volumes are: what libvirt knows of, what the domain had, and what lies in the storage pool beside them, such as the
// overlays of somebody's snapshots.
func (p *Provider) destroyScript(h *hypervisor, at place, name string) string {
	s := newScript(h, p.opt.Timeout).lock(name).listed(name)
	s.add("said=%s\nfiles=\nif [ \"$there\" ]; then\n", sayNone).whose(name)
	s.add("case \"$mark\" in\n*' pool=\"%s\"'*) ;;\n*) echo %s; exit 0 ;;\nesac\n", at.pool, sayOthers)
	s.add("said=%s\nfiles=$(V domblklist %s --details)\n", sayGone, name)
	s.add("files+=$'\\n'$(V domblklist %s --details --inactive 2> /dev/null) || : # one that is not kept\nfi\n", name)
	s.end(name)
	s.volumes(at.storage, name)
	return s.add("echo $said\n").String()
}

// end ends a domain that is $there, named by its name or its UUID, and forgets it.
func (s *script) end(domain string) *script {
	s.add("for try in 1 2 3; do\n[ \"$there\" ] || break\n")
	s.tolerate("V destroy "+domain, "not running", "failed to get domain")
	s.add("V undefine %s --managed-save --snapshots-metadata --checkpoints-metadata --nvram > /dev/null 2>&1 || {\n", domain)
	s.tolerate("V undefine "+domain+" --managed-save --snapshots-metadata", "failed to get domain")
	s.add("}\n").listed(domain).add("done\n")
	return s.add("if [ \"$there\" ]; then\n  echo 'domain %s comes back' >&2\n  exit %d\nfi\n", domain, exitBusy)
}

// volumes removes a machine's volumes; $files may name some that lie elsewhere.
func (s *script) volumes(storage, name string) *script {
	s.remover()
	s.add("target=\nvols=\n").tolerate("V pool-dumpxml "+quote(storage), "no storage pool with matching name")
	return s.add(`case "$out" in
*'<pool'*)
  target=$(sed -n 's:^ *<path>\(.*\)</path>$:\1:p' <<< "$out" | tail -n 1)
  vols=$(V vol-list %[1]s) ;;
esac
while read -r vol rest; do
  case "$vol" in
  %[2]s.root.* | %[2]s.disk-*) remove --pool %[1]s "$vol" ;;
  esac
done <<< "$vols"
while read -r type device disk file; do
  case "${file##*/}" in
  %[2]s.root.* | %[2]s.disk-*) remove "$file" && rm -f -- "$file" ;;
  esac
done <<< "$files"
if [ "$target" ]; then
  for file in "$target"/%[2]s.root.* "$target"/%[2]s.disk-*; do
    [ ! -e "$file" ] || { remove "$file" && rm -f -- "$file"; }
  done
fi
`, quote(storage), name)
}

// remover defines a function that removes a volume, by name or by path, and waits while libvirt is still at work on it. What
// libvirt does not know is no error.
func (s *script) remover() *script {
	return s.add(`remove() {
  while ! out=$(V vol-delete "$@" 2>&1); do
    case "$out" in
    *'no storage vol with matching'* | *'no storage pool with matching'*) return 0 ;;
    *'still being allocated'* | *'in use'* | *'being used'*) sleep 0.2 ;;
    *)
      printf '%%s\n' "$out" >&2
      exit 5 ;;
    esac
  done
  [ "$said" != %s ] || said=%s
}
`, sayNone, sayRests)
}
