package sim

import "github.com/google/go-cmp/cmp"

func diffWorld(want, got World) string { return cmp.Diff(want, got) }
