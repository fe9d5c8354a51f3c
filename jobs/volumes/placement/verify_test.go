package placement

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// verify holds a layout against every constraint, by other means than Place.
func verify(t fataler, devices []Device, want Want, l Layout) {
	t.Helper()
	byID := make(map[string]Device)
	for _, d := range devices {
		byID[d.ID] = d
	}
	taken := make(map[string]uint64)
	for n, set := range l.Sets {
		if len(set) != want.SetSize() {
			t.Fatalf("set %d has %d bricks, want %d", n, len(set), want.SetSize())
		}
		nodes, zones := make(map[string]bool), make(map[int]bool)
		for k, s := range set {
			d, known := byID[s.Device]
			switch {
			case !known || d.Node != s.Node || d.Zone != s.Zone:
				t.Fatalf("slot %+v is not device %+v", s, d)
			case nodes[s.Node]:
				t.Fatalf("set %d has node %s twice", n, s.Node)
			case want.StrictZones && zones[s.Zone]:
				t.Fatalf("set %d has zone %d twice", n, s.Zone)
			case s.Arbiter != (want.Arbiter && k == 2):
				t.Fatalf("set %d brick %d: arbiter %v", n, k, s.Arbiter)
			case want.Arbiter && s.Arbiter && d.Tags["arbiter"] == "disabled":
				t.Fatalf("arbiter on %s, where it is disabled", s.Device)
			case want.Arbiter && !s.Arbiter && d.Tags["arbiter"] == "required":
				t.Fatalf("data on %s, which is for arbiters", s.Device)
			case !s.Arbiter && s.SizeKiB != l.BrickKiB:
				t.Fatalf("brick of %d KiB in a layout of %d", s.SizeKiB, l.BrickKiB)
			}
			for _, rule := range want.Match {
				if !rule.Matches(d.Tags) {
					t.Fatalf("device %s breaks %s", s.Device, rule)
				}
			}
			pool, meta, total := Size(s.SizeKiB, max(want.SnapshotFactor, 1), d.ExtentKiB)
			if pool != s.PoolKiB || meta != s.MetaKiB || total != s.TotalKiB {
				t.Fatalf("slot %+v, want pool %d meta %d", s, pool, meta)
			}
			nodes[s.Node], zones[s.Zone] = true, true
			taken[s.Device] += s.TotalKiB
		}
	}
	for id, kib := range taken {
		if kib >= byID[id].FreeKiB {
			t.Fatalf("device %s gave %d KiB of %d", id, kib, byID[id].FreeKiB)
		}
	}
}
