package volumes

import (
	"context"
	"fmt"

	"yardmaster/jobs"
	"yardmaster/store"
)

// stateChange is a state that an operator asks for, or the words with which it is refused.
type stateChange struct {
	To      store.EntryState `json:"to"`
	Refused string           `json:"refused,omitempty"`
}

// SetNodeState brings a node online, offline, or evacuates it (failed). Errors: ErrNotFound, ErrThrottled.
func (s *Service) SetNodeState(ctx context.Context, by Caller, id string, to store.EntryState, heal bool) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		n, err := VisibleNode(tx, id)
		if err != nil {
			return err
		}
		ref := store.Ref{Kind: store.KindNode, ID: id}
		if to != store.FailedGone || n.State != store.Offline {
			by.begin(op, "state.set", ref)
			return jobs.SetInput(op, stateChange{To: to, Refused: refuseState("node", "Node", id, n.State, to)})
		}
		devices, err := store.Devices.List(tx, store.ByNode, id)
		if err != nil {
			return err
		}
		return s.evacuate(tx, op, by, ref, devices, heal)
	})
	return op, busyAsText(s.throttled(err))
}

// SetDeviceState is SetNodeState for one device.
func (s *Service) SetDeviceState(ctx context.Context, by Caller, id string, to store.EntryState, heal bool) (store.Operation, error) {
	op, err := s.runner.Submit(ctx, func(tx *store.Tx, op *store.Operation) error {
		d, err := VisibleDevice(tx, id)
		if err != nil {
			return err
		}
		ref := store.Ref{Kind: store.KindDevice, ID: id}
		if to != store.FailedGone || d.State != store.Offline {
			by.begin(op, "state.set", ref)
			return jobs.SetInput(op, stateChange{To: to, Refused: refuseState("device", "Device", id, d.State, to)})
		}
		return s.evacuate(tx, op, by, ref, []store.Device{d}, heal)
	})
	return op, busyAsText(s.throttled(err))
}

func (s *Service) throttled(err error) error {
	if err != nil && s.asked(err, "") == ErrThrottled {
		return ErrThrottled
	}
	return err
}

// refuseState says why an entry may not go from one state to another; "" if it may.
func refuseState(noun, title, id string, from, to store.EntryState) string {
	switch {
	case from == to:
		return ""
	case to == store.FailedGone:
		return fmt.Sprintf("%s must be offline before remove operation is performed, %s:%s", title, noun, id)
	case from == store.FailedGone && (to == store.Online || noun == "node"):
		return fmt.Sprintf("Cannot move a failed/removed %s to %s state", noun, to)
	}
	return ""
}

// stateKind changes what an operator says of a node or device; no machine is asked.
type stateKind struct{ recordsOnly }

func (stateKind) Name() string { return "state.set" }

func (stateKind) Run(_ context.Context, op store.Operation, _ *jobs.Journal) error {
	c, err := jobs.Input[stateChange](op)
	if err == nil && c.Refused != "" {
		return jobs.Refuse(c.Refused)
	}
	return err
}

func (stateKind) Finish(tx *store.Tx, op *store.Operation) error {
	c, err := jobs.Input[stateChange](*op)
	if err != nil {
		return err
	}
	return setState(tx, op.Targets[0], c.To)
}

func setState(tx *store.Tx, ref store.Ref, to store.EntryState) error {
	if ref.Kind == store.KindNode {
		n, err := store.Nodes.Get(tx, ref.ID)
		if err != nil {
			return err
		}
		n.State = to
		return store.Nodes.Put(tx, &n)
	}
	d, err := store.Devices.Get(tx, ref.ID)
	if err != nil {
		return err
	}
	d.State = to
	return store.Devices.Put(tx, &d)
}
