package pools_test

import (
	"context"
	"testing"

	"yardmaster/store"
)

func TestASmallerSizeAndAnotherTemplateAreFollowed(t *testing.T) {
	y := newYard(t, config(4))
	y.ready("debian", 4)
	ctx := context.Background()
	if changed, err := y.s.Resize(ctx, map[string]int{"debian": 2}); !changed || err != nil {
		t.Fatalf("got %v, %v", changed, err)
	}
	y.settled()
	y.ready("debian", 2)
	if changed, err := y.s.Resize(ctx, map[string]int{"debian": 2}); changed || err != nil {
		t.Errorf("a size that it has: %v, %v", changed, err)
	}
	if _, err := y.s.Retemplate(ctx, map[string]string{"debian": "img/new"}); err != nil {
		t.Fatal(err)
	}
	y.until("all are of the new template", func() bool {
		n := 0
		y.view(func(tx *store.Tx) error {
			vms, err := store.VMsIn(tx, "debian", store.VMReady)
			for _, v := range vms {
				if v.Template == "img/new" {
					n++
				}
			}
			return err
		})
		return n == 2
	})
	y.settled()
	if r, err := y.s.UndoTemplate(ctx, "debian"); err != nil || !r.Changed || r.Before != "img/new" || r.After != "img/debian" {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err := y.s.UndoSize(ctx, "debian"); err != nil || !r.Changed || r.Before != "2" || r.After != "4" {
		t.Errorf("got %+v, %v", r, err)
	}
	y.ready("debian", 4)
	before := y.ready4(t)
	if err := y.s.ResetPools(ctx, []string{"debian"}); err != nil {
		t.Fatal(err)
	}
	y.until("all are new", func() bool {
		for name := range y.readyNames() {
			if before[name] {
				return false
			}
		}
		return y.counts("debian").Ready == 4
	})
	y.settled()
	y.agree()
}

func (y *yard) readyNames() map[string]bool {
	names := map[string]bool{}
	y.view(func(tx *store.Tx) error {
		vms, err := store.VMsIn(tx, "debian", store.VMReady)
		for _, v := range vms {
			names[v.Name] = true
		}
		return err
	})
	return names
}

func (y *yard) ready4(t *testing.T) map[string]bool {
	t.Helper()
	y.settled()
	y.ready("debian", 4)
	return y.readyNames()
}

func TestAPoolThatIsNotConfiguredAnyMoreIsClearedButForWhatIsInUse(t *testing.T) {
	cfg := config(2)
	cfg.Pools = append(cfg.Pools, pool("centos", 2))
	y := newYard(t, cfg)
	y.ready("centos", 2)
	v := y.one("centos")
	y.ready("centos", 2)
	y.settled()
	y.kill()
	y.cfg.Pools = y.cfg.Pools[:1]
	y.open()
	y.until("what nobody has is gone", func() bool { c := y.counts("centos"); return c.Ready+c.Pending+c.Completed == 0 })
	if c := y.counts("centos"); c.Running != 1 {
		t.Errorf("got %+v", c)
	}
	if err := y.s.Delete(context.Background(), nobody, v.Name); err != nil {
		t.Fatal(err)
	}
	y.until("the last one is gone", func() bool { _, there := y.world.Inspect(v.Name); return !there })
}
