package pools

import (
	"context"
	"errors"
	"fmt"

	"yardmaster/store"
)

// Audit says where the records of the pools contradict each other: counts that are not those of the machines, machines held by
// operations that have ended, requests without their machines.
func Audit(ctx context.Context, db *store.DB) ([]string, error) {
	var faults []string
	err := db.View(ctx, func(tx *store.Tx) error {
		faults = nil
		wrong, err := store.CheckCounts(tx)
		if err != nil {
			return err
		}
		for _, pool := range wrong {
			faults = append(faults, fmt.Sprintf("pool %s: its counts are not those of its machines", pool))
		}
		held := map[string]int{}
		for v, err := range store.VMs.All(tx) {
			if err != nil {
				return err
			}
			fault, err := auditVM(tx, &v)
			if err != nil {
				return err
			}
			if fault != "" {
				faults = append(faults, fmt.Sprintf("machine %s: %s", v.Name, fault))
			}
			if v.Request != "" && v.Held() {
				held[v.Request]++
			}
		}
		for r, err := range store.VMRequests.All(tx) {
			if err != nil {
				return err
			}
			if held[r.ID] > r.Count() {
				faults = append(faults, fmt.Sprintf("request %s: has %d machines and asked for %d", r.ID, held[r.ID], r.Count()))
			}
		}
		return nil
	})
	return faults, err
}

func auditVM(tx *store.Tx, v *store.VM) (string, error) {
	switch {
	case v.State == store.VMReady && v.Ready.IsZero():
		return "ready, and nobody knows since when", nil
	case v.State == store.VMRunning && v.CheckedOut.IsZero():
		return "running, and nobody knows since when", nil
	case v.Op == "":
		return "", nil
	}
	op, err := store.Operations.Get(tx, v.Op)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Sprintf("held by operation %s, which there is not", v.Op), nil
	case err != nil:
		return "", err
	case !op.State.Live():
		return fmt.Sprintf("held by operation %s, which has %s", v.Op, op.State), nil
	}
	return "", nil
}
