package sim

import (
	"slices"
	"time"

	"yardmaster/executors/vm"
)

// State is all there is to a simulated machine, as the file keeps it.
type State struct {
	Name        string     `json:"name"`
	Serial      uint64     `json:"serial"` // of its creation; no other machine has had it
	Pool        string     `json:"pool"`
	Template    string     `json:"template,omitempty"`
	CloneTarget string     `json:"clone_target,omitempty"`
	Mark        string     `json:"mark,omitempty"`     // as given to Create
	Half        bool       `json:"half,omitempty"`     // its creation has not come to its end
	Foreign     bool       `json:"foreign,omitempty"`  // made by AddForeign
	Hostname    string     `json:"hostname,omitempty"` // as the guest calls itself
	Power       vm.Power   `json:"power"`
	IP          string     `json:"ip,omitempty"`
	Host        string     `json:"host"`
	Booted      time.Time  `json:"booted,omitzero"`
	Greeted     bool       `json:"greeted,omitempty"` // it was ready once
	User        string     `json:"user,omitempty"`    // as tagged
	Disks       []Disk     `json:"disks,omitempty"`   // in the order in which they were added
	Snapshots   []Snapshot `json:"snapshots,omitempty"`
}

// Disk is a disk that was added.
type Disk struct {
	ID string `json:"id"`
	GB int    `json:"gb"`
}

// Snapshot is what a machine goes back to.
type Snapshot struct {
	ID       string    `json:"id"`
	Taken    time.Time `json:"taken"`
	Hostname string    `json:"hostname,omitempty"`
	Disks    []Disk    `json:"disks,omitempty"`
}

// copied shares no memory with m, so that it may leave the world, or be changed before it is put back.
func (m State) copied() State {
	m.Disks = slices.Clone(m.Disks)
	m.Snapshots = slices.Clone(m.Snapshots)
	for i := range m.Snapshots {
		m.Snapshots[i].Disks = slices.Clone(m.Snapshots[i].Disks)
	}
	return m
}

func (m State) machine() vm.Machine {
	return vm.Machine{Name: m.Name, Hostname: m.Hostname, Template: m.Template, Power: m.Power, IP: m.IP, Host: m.Host, Booted: m.Booted,
		Mark: m.Mark}
}

// on boots the machine.
func (m *State) on(now time.Time) { m.Power, m.Booted, m.IP = vm.PoweredOn, now, address(m.Serial) }

// off cuts its power.
func (m *State) off() { m.Power, m.Booted, m.IP = vm.PoweredOff, time.Time{}, "" }

// disk is the place of a disk, or -1.
func (m *State) disk(id string) int {
	return slices.IndexFunc(m.Disks, func(d Disk) bool { return d.ID == id })
}

// snapshot is the place of a snapshot, or -1.
func (m *State) snapshot(id string) int {
	return slices.IndexFunc(m.Snapshots, func(s Snapshot) bool { return s.ID == id })
}
