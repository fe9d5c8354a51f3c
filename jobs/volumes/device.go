package volumes

import (
	"context"
	"errors"
	"slices"
	"time"

	"yardmaster/executors/gluster"
	"yardmaster/jobs"
	"yardmaster/store"
)

// DeviceSpec is a disk that someone adds to a node.
type DeviceSpec struct {
	Node    string
	Name    string
	Destroy bool // wipe what is on it
	Tags    map[string]string
}

// devicePlan is what a device operation needs on the machine.
type devicePlan struct {
	Host    string `json:"host"`
	Device  string `json:"device"`
	VG      string `json:"vg"`
	PVUUID  string `json:"pv_uuid,omitempty"`
	Destroy bool   `json:"destroy,omitempty"`
	Forget  bool   `json:"forget,omitempty"`
}

// AddDevice makes a disk a place for bricks. Errors: ErrNoNode.
func (s *Service) AddDevice(ctx context.Context, by Caller, spec DeviceSpec) (store.Operation, error) {
	id := s.newID()
	return s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "device.add", store.Ref{Kind: store.KindDevice, ID: id})
		n, err := VisibleNode(tx, spec.Node)
		if err != nil {
			return refusef(ErrNoNode, "Node id does not exist")
		}
		if twin, err := deviceNamed(tx, n.ID, spec.Name); err != nil || twin != "" && spec.Destroy { // else LVM refuses it, in its words
			return firstOf(err, refuseLater(op, "Device already in use (ID: "+twin+")"))
		}
		d := store.Device{ID: id, Cluster: n.Cluster, Node: n.ID, Name: spec.Name, Tags: spec.Tags, State: store.Online, Pending: op.ID, Created: tx.Now()}
		op.Hosts, op.Plan = []string{n.Host()}, []string{"device"}
		if err := jobs.SetInput(op, devicePlan{Host: n.Host(), Device: d.Name, VG: d.VG(), Destroy: spec.Destroy}); err != nil {
			return err
		}
		return store.Devices.Put(tx, &d)
	})
}

// deviceNamed finds a device of a node by its name or by one of its links; "" if there is none.
func deviceNamed(tx *store.Tx, node, name string) (string, error) {
	for d, err := range store.Devices.By(tx, store.ByNode, node) {
		if err != nil {
			return "", err
		}
		if d.Name == name || slices.Contains(d.Paths, name) {
			return d.ID, nil
		}
	}
	return "", nil
}

// VisibleDevice is a device that is not being added, or ErrNotFound.
func VisibleDevice(tx *store.Tx, id string) (store.Device, error) {
	d, err := known(store.Devices, tx, id)
	if err == nil && d.Pending != "" && d.TotalKiB == 0 {
		return d, ErrNotFound
	}
	return d, err
}

type deviceAddKind struct{ m machines }

func (deviceAddKind) Name() string { return "device.add" }

func (deviceAddKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 15 * time.Minute, Attempts: 3, Backoff: 500 * time.Millisecond, MaxWait: 5 * time.Second}
}

func (k deviceAddKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if text := refusedAlready(op); text != "" {
		return jobs.Refuse(text)
	}
	p, err := jobs.Input[devicePlan](op)
	if err != nil || j.Done("device") {
		return err
	}
	info, err := k.m.g.DeviceSetup(ctx, p.Host, p.Device, p.VG, p.Destroy)
	if err != nil {
		return fault(p.Host, err)
	}
	return j.Put("device", info)
}

func (k deviceAddKind) Undo(ctx context.Context, op store.Operation, _ *jobs.Journal) error {
	p, err := jobs.Input[devicePlan](op)
	if err != nil || refusedAlready(op) != "" {
		return err
	}
	err = k.m.g.DeviceTeardown(ctx, p.Host, p.Device, p.VG, p.PVUUID, false)
	if errors.Is(err, gluster.ErrName) {
		return nil // nothing was made under such a path
	}
	return fault(p.Host, err)
}

func (deviceAddKind) Finish(tx *store.Tx, op *store.Operation) error {
	var info gluster.DeviceInfo
	if !jobs.Learnt(op, "device", &info) {
		return errors.New("the device's size is not in the journal")
	}
	d, err := store.Devices.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	d.Pending, d.Paths, d.PVUUID = "", info.Paths, info.PVUUID
	d.TotalKiB, d.FreeKiB, d.UsedKiB, d.ExtentKiB = info.SizeKiB, info.FreeKiB, info.UsedKiB, info.ExtentKiB
	return store.Devices.Put(tx, &d)
}

func (deviceAddKind) Abandon(tx *store.Tx, op *store.Operation) error {
	return store.Devices.Delete(tx, op.Targets[0].ID)
}

// DeleteDevice takes a failed, empty device away. Errors: ErrNotFound, ErrInvalid, ErrConflict.
func (s *Service) DeleteDevice(ctx context.Context, by Caller, id string, forget bool) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "device.delete", store.Ref{Kind: store.KindDevice, ID: id})
		d, err := VisibleDevice(tx, id)
		switch {
		case err != nil:
			return err
		case d.State != store.FailedGone:
			return refusef(ErrInvalid, "device: %s is not in failed state", id)
		}
		if forget {
			if err := forgetLeftovers(tx, id); err != nil {
				return err
			}
		}
		if store.Bricks.CountBy(tx, store.ByDevice, id) > 0 {
			return refusef(ErrConflict, "Unable to delete device [%s] because it contains bricks", id)
		}
		d.Pending = op.ID
		if err := store.Devices.Put(tx, &d); err != nil {
			return err
		}
		return deviceTask(tx, op, &d, forget)
	})
	return op, busyAsText(err)
}

// forgetLeftovers drops what ended operations left on a device whose machine is gone for good, and the operations that wait for
// that machine.
func forgetLeftovers(tx *store.Tx, device string) error {
	pending, err := pendingOn(tx, device)
	if err != nil {
		return err
	}
	for _, b := range pending {
		cleaner, err := store.Operations.Get(tx, b.Pending)
		if err != nil {
			return err
		}
		if cleaner.Kind != (cleanKind{}).Name() {
			continue
		}
		if err := jobs.Drop(tx, &cleaner); err != nil {
			return err
		}
		if err := store.Bricks.Delete(tx, b.ID); err != nil {
			return err
		}
	}
	return nil
}

// busyAsText gives the engine's lock error the words that clients know.
func busyAsText(err error) error {
	if errors.Is(err, jobs.ErrBusy) {
		return ErrBusy
	}
	return err
}

func deviceTask(tx *store.Tx, op *store.Operation, d *store.Device, forget bool) error {
	n, err := store.Nodes.Get(tx, d.Node)
	if err != nil {
		return err
	}
	op.Hosts, op.Plan = []string{n.Host()}, []string{"device"}
	return jobs.SetInput(op, devicePlan{Host: n.Host(), Device: d.Name, VG: d.VG(), PVUUID: d.PVUUID, Forget: forget})
}

type deviceDeleteKind struct{ m machines }

func (deviceDeleteKind) Name() string        { return "device.delete" }
func (deviceDeleteKind) Policy() jobs.Policy { return deviceAddKind{}.Policy() }

func (k deviceDeleteKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	p, err := jobs.Input[devicePlan](op)
	if err != nil {
		return err
	}
	return j.Do("device", func() error {
		err := k.m.g.DeviceTeardown(ctx, p.Host, p.Device, p.VG, p.PVUUID, p.Forget)
		if p.Forget && ctx.Err() == nil {
			return nil // the disk, or its machine, is gone for good
		}
		return onward(fault(p.Host, err))
	})
}

func (deviceDeleteKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }

func (deviceDeleteKind) Finish(tx *store.Tx, op *store.Operation) error {
	return store.Devices.Delete(tx, op.Targets[0].ID)
}

func (deviceDeleteKind) Abandon(tx *store.Tx, op *store.Operation) error { return freeDevice(tx, op) }

// ResyncDevice reads a device's sizes from its machine. Errors: ErrNotFound.
func (s *Service) ResyncDevice(ctx context.Context, by Caller, id string) (store.Operation, error) {
	return s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		by.begin(op, "device.resync", store.Ref{Kind: store.KindDevice, ID: id})
		d, err := VisibleDevice(tx, id)
		if err != nil {
			return err
		}
		busy, err := pendingOn(tx, id)
		if err != nil {
			return err
		}
		if len(busy) > 0 || d.Pending != "" {
			return refuseLater(op, ErrBusy.Error())
		}
		d.Pending = op.ID // no brick is placed on it meanwhile
		if err := store.Devices.Put(tx, &d); err != nil {
			return err
		}
		return deviceTask(tx, op, &d, false)
	})
}

// pendingOn lists the bricks on a device that an operation is making or removing.
func pendingOn(tx *store.Tx, device string) ([]store.Brick, error) {
	var out []store.Brick
	for b, err := range store.Bricks.By(tx, store.ByDevice, device) {
		if err != nil {
			return nil, err
		}
		if b.Pending != "" {
			out = append(out, b)
		}
	}
	return out, nil
}

type deviceResyncKind struct{ m machines }

func (deviceResyncKind) Name() string        { return "device.resync" }
func (deviceResyncKind) Policy() jobs.Policy { return deviceAddKind{}.Policy() }

func (k deviceResyncKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if text := refusedAlready(op); text != "" {
		return jobs.Refuse(text)
	}
	p, err := jobs.Input[devicePlan](op)
	if err != nil {
		return err
	}
	info, err := k.m.g.DeviceInfo(ctx, p.Host, p.VG, p.PVUUID)
	if err != nil {
		return fault(p.Host, err)
	}
	return j.Put("device", info)
}

func (deviceResyncKind) Undo(context.Context, store.Operation, *jobs.Journal) error { return nil }

func (deviceResyncKind) Abandon(tx *store.Tx, op *store.Operation) error { return freeDevice(tx, op) }

// freeDevice takes an operation's hold off a device.
func freeDevice(tx *store.Tx, op *store.Operation) error {
	d, err := store.Devices.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	if d.Pending != op.ID {
		return nil
	}
	d.Pending = ""
	return store.Devices.Put(tx, &d)
}

// bookedOn is what the bricks on a device take by their records, a shared thin pool counted once.
func bookedOn(tx *store.Tx, device string) (uint64, error) {
	pools := map[string]uint64{}
	for b, err := range store.Bricks.By(tx, store.ByDevice, device) {
		if err != nil {
			return 0, err
		}
		pools[b.Pool] = b.TotalKiB()
	}
	var sum uint64
	for _, kib := range pools {
		sum += kib
	}
	return sum, nil
}

// Finish takes the machine's word, but never for less than what the records have promised.
func (deviceResyncKind) Finish(tx *store.Tx, op *store.Operation) error {
	var info gluster.DeviceInfo
	if !jobs.Learnt(op, "device", &info) {
		return errors.New("the device's size is not in the journal")
	}
	d, err := store.Devices.Get(tx, op.Targets[0].ID)
	if err != nil {
		return err
	}
	booked, err := bookedOn(tx, d.ID)
	if err != nil {
		return err
	}
	d.Pending = ""
	d.Paths, d.PVUUID, d.TotalKiB, d.ExtentKiB = info.Paths, info.PVUUID, info.SizeKiB, info.ExtentKiB
	d.UsedKiB = min(max(info.UsedKiB, booked), d.TotalKiB)
	d.FreeKiB = d.TotalKiB - d.UsedKiB
	return store.Devices.Put(tx, &d)
}

// refusal is the input of an operation that was refused when it was planned and tells so when it is polled, as clients expect.
type plannedRefusal struct {
	Refused string `json:"refused"`
}

func refuseLater(op *store.Operation, text string) error {
	op.Plan = nil
	return jobs.SetInput(op, plannedRefusal{text})
}

func refusedAlready(op store.Operation) string {
	p, _ := jobs.Input[plannedRefusal](op)
	return p.Refused
}
