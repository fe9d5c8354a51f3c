package libvirt

import (
	"context"
	"fmt"

	"yardmaster/executors/vm"
)

// diskMost is the size of the biggest disk, in GB.
const diskMost = 64 << 10

// AddDisk makes an empty volume, whose name holds the id, and attaches it, now and for every start.
func (p *Provider) AddDisk(ctx context.Context, pool vm.Pool, name, id string, gb int) error {
	if err := checkID("disk", id); err != nil {
		return err
	}
	if gb < 1 || gb > diskMost {
		return wrong("disk of %d GB is not within 1 and %d", gb, diskMost)
	}
	look, err := p.opt.shape(vm.Pool{Name: pool.Name, Options: pool.Options})
	if err != nil {
		return err
	}
	_, err = p.change(ctx, pool, name, "add disk to "+name, p.opt.Timeout, func(s *script, at place) {
		s.makeDisk(at.storage, diskVolume(name, id), gb)
		s.attachDisk(name, look.bus)
	})
	return err
}

// makeDisk makes a volume unless it is there, and sets $disk to its path.
func (s *script) makeDisk(storage, volume string, gb int) {
	create := fmt.Sprintf("V vol-create-as %s %s %dB --format qcow2", quote(storage), volume, int64(gb)*1e9)
	s.tolerate(create, "already exists", "exists already", "already in use")
	s.add("disk=$(V vol-path --pool %s %s)\n", quote(storage), volume)
}

// attachDisk plugs $disk in where it is missing: in the machine that runs, in what is kept of it, or in both. Its name there is
// the first that is free in both.
func (s *script) attachDisk(name, bus string) {
	s.state(name).add(`kept=$(V domblklist %[1]s --inactive)
now=$kept
[ ! "$on" ] || now=$(V domblklist %[1]s)
flags=
case "$kept "$'\n' in
*" $disk"[[:space:]]*) ;;
*) flags=--config ;;
esac
case "$now "$'\n' in
*" $disk"[[:space:]]*) ;;
*) [ ! "$on" ] || flags="$flags --live" ;;
esac
[ "$flags" ] || exit 0
for letter in {b..z}; do
  device=%[2]s$letter
  case " $kept "$'\n'" $now " in
  *[[:space:]]"$device"[[:space:]]*) ;;
  *) break ;;
  esac
done
V attach-disk %[1]s "$disk" "$device" --sourcetype file --driver qemu --subdriver qcow2 --targetbus %[3]s $flags > /dev/null
`, name, device(bus, 0)[:2], bus)
}
