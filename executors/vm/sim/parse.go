package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"unicode/utf8"

	"yardmaster/executors/vm"
)

// version is that of the file's format.
const version = 1

// document is the file.
type document struct {
	Version  int     `json:"version"`
	Serial   uint64  `json:"serial"`
	Machines []State `json:"machines"`
}

// parse reads a world and refuses one that could not be.
func parse(raw []byte) (*world, error) {
	var d document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	if d.Version != version {
		return nil, fmt.Errorf("version is %d, this program reads %d", d.Version, version)
	}
	w := newWorld()
	w.serial = d.Serial
	serials := make(map[uint64]struct{}, len(d.Machines))
	for i, m := range d.Machines {
		if err := m.check(); err != nil {
			return nil, fmt.Errorf("machines[%d]: %w", i, err)
		}
		if _, again := w.machines[m.Name]; again {
			return nil, fmt.Errorf("machines[%d]: name %q is there twice", i, m.Name)
		}
		if _, again := serials[m.Serial]; again || m.Serial > d.Serial {
			return nil, fmt.Errorf("machines[%d]: serial %d is there twice, or beyond the last, %d", i, m.Serial, d.Serial)
		}
		serials[m.Serial] = struct{}{}
		w.put(m)
	}
	w.dirty = false
	return w, nil
}

// check names what is wrong with a machine.
func (m State) check() error {
	switch {
	case m.Name == "" || !utf8.ValidString(m.Name):
		return fmt.Errorf("name %q is missing, or no text", m.Name)
	case m.Pool == "" || !utf8.ValidString(m.Pool):
		return fmt.Errorf("%s: pool %q is missing, or no text", m.Name, m.Pool)
	case m.Host == "":
		return fmt.Errorf("%s: host is missing", m.Name)
	case m.Power != vm.PoweredOn && m.Power != vm.PoweredOff:
		return fmt.Errorf("%s: power is %q, not %q or %q", m.Name, m.Power, vm.PoweredOn, vm.PoweredOff)
	}
	if _, err := netip.ParseAddr(m.IP); err != nil && m.IP != "" {
		return fmt.Errorf("%s: ip: %w", m.Name, err)
	}
	if err := checkDisks(m.Disks); err != nil {
		return fmt.Errorf("%s: %w", m.Name, err)
	}
	ids := map[string]struct{}{}
	for i, s := range m.Snapshots {
		if err := checkID(ids, s.ID); err != nil {
			return fmt.Errorf("%s: snapshots[%d]: %w", m.Name, i, err)
		}
		if err := checkDisks(s.Disks); err != nil {
			return fmt.Errorf("%s: snapshots[%d]: %w", m.Name, i, err)
		}
	}
	return nil
}

func checkDisks(disks []Disk) error {
	ids := map[string]struct{}{}
	for i, d := range disks {
		if err := checkID(ids, d.ID); err != nil {
			return fmt.Errorf("disks[%d]: %w", i, err)
		}
		if d.GB < 1 {
			return fmt.Errorf("disks[%d]: gb is %d, the least is 1", i, d.GB)
		}
	}
	return nil
}

func checkID(before map[string]struct{}, id string) error {
	if _, again := before[id]; again || id == "" || !utf8.ValidString(id) {
		return fmt.Errorf("id %q is missing, no text, or there twice", id)
	}
	before[id] = struct{}{}
	return nil
}

// encode is the file of a world: JSON with a line for each machine, so that people can read and compare it.
func (w *world) encode() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintf(&out, `{"version": %d, "serial": %d, "machines": [`, version, w.serial)
	for i, m := range w.inOrder() {
		line, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("machine %s: %w", m.Name, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(line)
	}
	out.WriteString("\n]}\n")
	return out.Bytes(), nil
}
