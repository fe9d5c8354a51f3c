package volumes_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"yardmaster/jobs/volumes"
	"yardmaster/store"
)

// scenario is one kind of operation on a yard that is ready for it.
type scenario struct {
	name    string
	prepare func(y *yard) map[string]string // gives ids for act
	act     func(y *yard, ids map[string]string) (store.Operation, error)
}

var scenarios = []scenario{
	{"volume.create", onThree, func(y *yard, _ map[string]string) (store.Operation, error) {
		return y.s.CreateVolume(context.Background(), by, replica(3, 2))
	}},
	{"volume.create disperse", onThree, func(y *yard, _ map[string]string) (store.Operation, error) {
		return y.s.CreateVolume(context.Background(), by, volumes.Spec{SizeGiB: 4, GID: 2000, Durability: store.Durability{Type: "disperse", Data: 2, Redundancy: 1}})
	}},
	{"volume.expand", withVolume, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.ExpandVolume(context.Background(), by, ids["volume"], 2)
	}},
	{"volume.delete", withVolume, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.DeleteVolume(context.Background(), by, ids["volume"])
	}},
	{"volume.clone", withVolume, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.CloneVolume(context.Background(), by, ids["volume"], "twin")
	}},
	{"volume.delete of a clone", withClone, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.DeleteVolume(context.Background(), by, ids["clone"])
	}},
	{"volume.delete of an origin", withClone, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.DeleteVolume(context.Background(), by, ids["volume"])
	}},
	{"brick.evict", withVolume, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.EvictBrick(context.Background(), by, ids["brick"], true)
	}},
	{"device.evacuate", withOffline, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.SetDeviceState(context.Background(), by, ids["device"], store.FailedGone, true)
	}},
	{"device.add", onThree, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.AddDevice(context.Background(), by, volumes.DeviceSpec{Node: ids["node"], Name: "/dev/sdd"})
	}},
	{"device.delete", withFailed, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.DeleteDevice(context.Background(), by, ids["device"], false)
	}},
	{"device.resync", onThree, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.ResyncDevice(context.Background(), by, ids["device"])
	}},
	{"block.create", onThree, func(y *yard, _ map[string]string) (store.Operation, error) {
		return y.s.CreateBlock(context.Background(), by, volumes.BlockSpec{SizeGiB: 3, Auth: true})
	}},
	{"block.expand", withBlock, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.ExpandBlock(context.Background(), by, ids["block"], 5)
	}},
	{"block.delete", withBlock, func(y *yard, ids map[string]string) (store.Operation, error) {
		return y.s.DeleteBlock(context.Background(), by, ids["block"])
	}},
}

func onThree(y *yard) map[string]string {
	y.topology(4, 2, 100)
	ids := map[string]string{}
	y.view(func(tx *store.Tx) error {
		for d, err := range store.Devices.All(tx) {
			if err != nil {
				return err
			}
			ids["device"], ids["node"] = d.ID, d.Node
		}
		return nil
	})
	return ids
}

func withVolume(y *yard) map[string]string {
	ids := onThree(y)
	ids["volume"] = y.must(y.s.CreateVolume(context.Background(), by, replica(3, 2))).Result.ID
	y.view(func(tx *store.Tx) error {
		for b, err := range store.Bricks.By(tx, store.ByVolume, ids["volume"]) {
			if err != nil {
				return err
			}
			ids["brick"], ids["device"] = b.ID, b.Device
		}
		return nil
	})
	return ids
}

func withClone(y *yard) map[string]string {
	ids := withVolume(y)
	ids["clone"] = y.must(y.s.CloneVolume(context.Background(), by, ids["volume"], "")).Result.ID
	return ids
}

func withOffline(y *yard) map[string]string {
	ids := withVolume(y)
	y.must(y.s.SetDeviceState(context.Background(), by, ids["device"], store.Offline, true))
	return ids
}

func withFailed(y *yard) map[string]string {
	ids := withOffline(y)
	y.must(y.s.SetDeviceState(context.Background(), by, ids["device"], store.FailedGone, true))
	return ids
}

func withBlock(y *yard) map[string]string {
	ids := onThree(y)
	ids["block"] = y.must(y.s.CreateBlock(context.Background(), by, volumes.BlockSpec{SizeGiB: 3})).Result.ID
	return ids
}

// steps counts the commands that a scenario runs when nothing goes wrong.
func steps(t *testing.T, s scenario) int {
	y := newYard(t)
	ids := s.prepare(y)
	var n atomic.Int64
	y.world.Hook(func(string, string) { n.Add(1) })
	y.must(s.act(y, ids))
	y.quiet()
	y.agree()
	return int(n.Load())
}

// TestAKillAfterAnyCommandLeavesNothingBehind is the crash matrix: for every kind of operation and every command of it, the
// process is killed after that command and started again on the same file and the same machines.
func TestAKillAfterAnyCommandLeavesNothingBehind(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			total := steps(t, s)
			stride := 1
			if testing.Short() {
				stride = max(1, total/6)
			}
			for n := 1; n <= total; n += stride {
				t.Run(fmt.Sprintf("after command %d of %d", n, total), func(t *testing.T) { killAfter(t, s, n) })
			}
		})
	}
}

func killAfter(t *testing.T, s scenario, n int) {
	y := newYard(t)
	ids := s.prepare(y)
	var count atomic.Int64
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	last := "nothing"
	y.world.Hook(func(host, command string) {
		if int(count.Add(1)) < n {
			return
		}
		once.Do(func() { last = host + ": " + command; close(reached) })
		<-release
	})
	op, err := s.act(y, ids)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = y.runner.Wait(context.Background(), op.ID) }()
	select {
	case <-reached:
	case <-ended: // it took fewer commands this time
	}
	y.kill(func() { close(release) })
	<-ended
	y.open()
	op = y.ended(op.ID)
	y.quiet()
	y.agree()
	if t.Failed() {
		t.Logf("killed after %s; the operation ended as %s: %+v, journal %v, notes %v", last, op.State, op.Error, names(op), op.Notes)
	}
	if op.State != store.Succeeded {
		t.Errorf("killed after %s: the operation ended as %s (%+v), where going on would have done", last, op.State, op.Error)
	}
}
