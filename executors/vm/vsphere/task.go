package vsphere

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// starting asks the server for a task.
type starting func(context.Context) (*object.Task, error)

// run starts a task and waits for its end.
func (p *Provider) run(ctx context.Context, c *vim25.Client, of *claim, start starting) (result types.AnyType, err error) {
	var got types.AnyType
	err = p.persist(ctx, of, func(ctx context.Context) error {
		task, err := start(ctx)
		if err == nil {
			got, err = p.await(ctx, c, task.Reference())
		}
		return err
	})
	if err == nil {
		result = got
	}
	return result, err
}

// persist does what is not cut off when the caller leaves, as half done it would be worse than done. It keeps its machine claimed
// until it has ended, so that whoever comes next finds what it made.
func (p *Provider) persist(ctx context.Context, of *claim, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.join() {
		return errClosed
	}
	of.share()
	ended := make(chan error, 1)
	go func() {
		defer p.calls.Done()
		defer of.give()
		own, cancel := within(context.WithoutCancel(ctx), p.life, p.cfg.TaskTimeout)
		defer cancel()
		err := do(own)
		ended <- err
		if err != nil && ctx.Err() != nil && p.life.Err() == nil {
			p.log.Warn("what a call left behind did not succeed", "name", of.name, "err", told(err))
		}
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await waits for the end of a task.
func (p *Provider) await(ctx context.Context, c *vim25.Client, task types.ManagedObjectReference) (result types.AnyType, err error) {
	err = p.watch(ctx, c, task, []string{"info"}, func(v values) (bool, error) {
		info, _ := v["info"].(types.TaskInfo)
		switch info.State {
		case types.TaskInfoStateSuccess:
			result = info.Result
			return true, nil
		case types.TaskInfoStateError:
			return true, failure(info.Error)
		}
		return false, nil
	})
	if f, ok := faultOf(err).(*types.ManagedObjectNotFound); ok && f.Obj == task {
		return nil, errTaskLost
	}
	return result, err
}

// errTaskLost is all that is known after the server was restarted in the middle of a task.
var errTaskLost = fmt.Errorf("%w: it has lost the task, which may be done or not", vm.ErrUnavailable)

func failure(f *types.LocalizedMethodFault) error {
	if f == nil || f.Fault == nil {
		f = &types.LocalizedMethodFault{Fault: &types.SystemError{}, LocalizedMessage: "the task ended with an error that is not told"}
	}
	return &fault{f}
}

// settle waits for the tasks that are under way on an object. They are of another process of ours, or a person's, and how they end
// is not our concern.
func (p *Provider) settle(ctx context.Context, c *vim25.Client, recent []types.ManagedObjectReference) error {
	tasks, err := retrieve[mo.Task](ctx, c, recent, "info.state")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if t.Info.State != types.TaskInfoStateRunning && t.Info.State != types.TaskInfoStateQueued {
			continue
		}
		if _, err := p.await(ctx, c, t.Self); err != nil && faultOf(err) == nil && !errors.Is(err, errTaskLost) {
			return err
		}
	}
	return nil
}

// quiet finds a machine, and waits until nothing is under way on it.
func (p *Provider) quiet(ctx context.Context, c *vim25.Client, pool vm.Pool, name string) (ref, error) {
	m, err := p.machine(ctx, c, pool, name)
	if err != nil {
		return ref{}, err
	}
	v, err := one[mo.VirtualMachine](ctx, c, m, "recentTask")
	if err != nil {
		return ref{}, err
	}
	return m, p.settle(ctx, c, v.RecentTask)
}
