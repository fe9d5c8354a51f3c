package vmtest

import (
	"context"

	"yardmaster/executors/vm"
)

// call is one of the interface's methods on the suite's pool.
type call struct {
	name    string
	machine bool  // it wants a machine that is there
	absent  error // what it is on one that is not
	mayDo   bool  // doing nothing is right, so that no error proves nothing
	do      func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error
}

// on binds a call to a machine of the site's pool.
func (c call) on(s *site, name string) func(context.Context) error {
	return func(ctx context.Context) error { return c.do(ctx, s.Provider, s.Pool, name) }
}

// calls are all that the world has features for.
func calls(s Suite) []call {
	all := []call{
		{name: "list", do: func(ctx context.Context, v vm.Provider, p vm.Pool, _ string) error {
			_, err := v.List(ctx, p)
			return err
		}},
		{name: "create", do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.Create(ctx, p, name+"n")
		}},
		{name: "get", machine: true, absent: vm.ErrNotFound, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			_, err := v.Get(ctx, p, name)
			return err
		}},
		{name: "ready", do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.Ready(ctx, p, name, "")
		}},
		{name: "tag", mayDo: true, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.Tag(ctx, p, name, "ada")
		}},
	}
	if !s.NoAddress {
		all = append(all, call{name: "address", machine: true, absent: vm.ErrNotFound,
			do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
				_, err := v.Address(ctx, p, name)
				return err
			}})
	}
	if !s.NoMigrate {
		all = append(all, call{name: "migrate", machine: true, absent: vm.ErrNotFound,
			do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
				_, err := v.Migrate(ctx, p, name)
				return err
			}})
	}
	if !s.NoDisks {
		all = append(all, call{name: "add disk", machine: true, absent: vm.ErrNotFound,
			do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
				return v.AddDisk(ctx, p, name, "d9", 1)
			}})
	}
	if !s.NoSnapshots {
		all = append(all, snapshotCalls()...)
	}
	return append(all, call{name: "destroy", machine: true, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
		return v.Destroy(ctx, p, name)
	}})
}

// snapshotCalls work on the snapshot s1.
func snapshotCalls() []call {
	return []call{
		{name: "snapshot", machine: true, absent: vm.ErrNotFound, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.Snapshot(ctx, p, name, "s1")
		}},
		{name: "revert", machine: true, absent: vm.ErrNotFound, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.Revert(ctx, p, name, "s1")
		}},
		{name: "drop snapshot", machine: true, do: func(ctx context.Context, v vm.Provider, p vm.Pool, name string) error {
			return v.DropSnapshot(ctx, p, name, "s1")
		}},
	}
}
