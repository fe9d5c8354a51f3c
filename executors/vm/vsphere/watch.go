package vsphere

import (
	"context"
	"errors"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// watch tells of the properties of an object, as they are and whenever they change, until seen says that it has seen enough.
// A property that is unset is not told. What watches is lost with the session, and then set up anew; so it is when the connection
// was lost, unless there is none for as long as one request may take.
func (p *Provider) watch(ctx context.Context, c *vim25.Client, of ref, properties []string, seen func(values) (bool, error)) error {
	heard := time.Now()
	for {
		err := p.watchOnce(ctx, c, of, properties, func(v values) (bool, error) {
			heard = time.Now()
			return seen(v)
		})
		lost := errors.Is(err, errWatchLost) || err != nil && faultOf(err) == nil && network(err) && time.Since(heard) < p.cfg.CallTimeout
		if !lost || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(watchPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// values are properties by their path.
type values map[string]types.AnyType

// watchPause is between a watch that was lost and the next.
const watchPause = 100 * time.Millisecond

var errWatchLost = errors.New("watch lost with its session")

func (p *Provider) watchOnce(ctx context.Context, c *vim25.Client, of ref, properties []string, seen func(values) (bool, error)) error {
	made, err := methods.CreatePropertyCollector(ctx, c, &types.CreatePropertyCollector{This: c.ServiceContent.PropertyCollector})
	if err != nil {
		return err
	}
	collector := made.Returnval
	defer p.dismiss(c, collector)
	_, err = methods.CreateFilter(ctx, c, &types.CreateFilter{This: collector, Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: of}},
		PropSet:   []types.PropertySpec{{Type: of.Type, PathSet: properties}},
	}})
	if err != nil {
		return lost(err, collector)
	}
	seconds := int32(p.cfg.newsWait / time.Second)
	wait := &types.WaitForUpdatesEx{This: collector, Options: &types.WaitOptions{MaxWaitSeconds: &seconds}}
	now := values{}
	for {
		news, err := methods.WaitForUpdatesEx(ctx, c, wait)
		if err != nil {
			return lost(err, collector)
		}
		if news.Returnval == nil {
			continue // nothing new in newsWait
		}
		wait.Version = news.Returnval.Version
		for _, set := range news.Returnval.FilterSet {
			for _, u := range set.ObjectSet {
				if err := now.take(u); err != nil {
					return err
				}
			}
		}
		if enough, err := seen(now); enough || err != nil {
			return err
		}
	}
}

// lost tells that a collector is gone from that the object is.
func lost(err error, collector ref) error {
	if f, ok := faultOf(err).(*types.ManagedObjectNotFound); ok && f.Obj == collector {
		return errWatchLost
	}
	return err
}

// take enters an update.
func (v values) take(u types.ObjectUpdate) error {
	if u.Kind == types.ObjectUpdateKindLeave {
		return &fault{&types.LocalizedMethodFault{Fault: &types.ManagedObjectNotFound{Obj: u.Obj}}}
	}
	if len(u.MissingSet) > 0 {
		return &fault{&u.MissingSet[0].Fault}
	}
	for _, change := range u.ChangeSet {
		if change.Val == nil {
			delete(v, change.Name)
		} else {
			v[change.Name] = change.Val
		}
	}
	return nil
}

// fault is one that came in the midst of an answer, or ended a task.
type fault struct{ *types.LocalizedMethodFault }

func (f *fault) Error() string                { return f.LocalizedMessage }
func (f *fault) Fault() types.BaseMethodFault { return f.LocalizedMethodFault.Fault }

// dismiss frees what a watch had on the server, after the caller has gone on.
func (p *Provider) dismiss(c *vim25.Client, collector ref) {
	if !p.join() {
		return // the logout frees it
	}
	go func() {
		defer p.calls.Done()
		if _, err := methods.DestroyPropertyCollector(p.life, c, &types.DestroyPropertyCollector{This: collector}); err != nil && !gone(err) {
			p.log.Debug("watch not ended", "err", told(err))
		}
	}()
}
