package volumes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"yardmaster/executors"
	"yardmaster/executors/gluster"
	"yardmaster/jobs"
)

// machines is the domain's hand on storage nodes: gluster's steps, with their errors sorted by what the engine can do.
type machines struct{ g *gluster.Gluster }

// fault sorts an error of a step that ran on host: a machine that did not answer or is busy is worth another try, a machine's
// refusal is for the user to read.
func fault(host string, err error) error {
	var exit *executors.ExitError
	var unusable *gluster.DeviceUnusable
	switch {
	case err == nil:
		return nil
	case silent(err):
		return jobs.Retry(err, host)
	case gluster.Retryable(err):
		return jobs.Retry(err)
	case errors.Is(err, gluster.ErrName):
		return jobs.Refuse(err.Error())
	case errors.As(err, &unusable):
		return jobs.Refuse(unusable.Error())
	case errors.As(err, &exit):
		return jobs.Refuse(exit.Error())
	default:
		return err
	}
}

// silent says that the machine did not answer, or not to the end.
func silent(err error) bool {
	return errors.Is(err, executors.ErrUnreachable) || errors.Is(err, executors.ErrLost)
}

// each runs one step for every brick, all at once and all to their end, and gathers what went wrong. A failure that only some
// met is worth a try as soon as one of them is.
func each(bricks []gluster.Brick, step func(gluster.Brick) error) error {
	errs := make([]error, len(bricks))
	var wg sync.WaitGroup
	for i, b := range bricks {
		wg.Go(func() { errs[i] = step(b) })
	}
	wg.Wait()
	return together(errs)
}

func together(errs []error) error {
	var hosts []string
	again := false
	var refused *jobs.RefusedError
	for _, err := range errs {
		var retry *jobs.RetryableError
		if errors.As(err, &retry) {
			again = true
			hosts = append(hosts, retry.Hosts...)
		}
		if refused == nil {
			errors.As(err, &refused)
		}
	}
	joined := errors.Join(errs...)
	switch {
	case joined == nil:
		return nil
	case again:
		slices.Sort(hosts)
		return jobs.Retry(joined, slices.Compact(hosts)...)
	case refused != nil:
		return refused
	}
	return joined
}

// makeBricks builds bricks in parallel, each a step of its own. A device that refused is noted, so that another plan can
// avoid it.
func (m machines) makeBricks(ctx context.Context, j *jobs.Journal, bricks []gluster.Brick) error {
	return each(bricks, func(b gluster.Brick) error {
		err := j.Do("brick/"+b.ID, func() error { return fault(b.Host, m.g.BrickCreate(ctx, b)) })
		if err != nil && ctx.Err() == nil {
			return errors.Join(err, j.Put("refused/"+b.ID, b.VG))
		}
		return err
	})
}

// dropBricks removes bricks in parallel and notes of each whether its pool went with it. A brick on a machine that does not
// answer is noted as left, and is no failure.
func (m machines) dropBricks(ctx context.Context, j *jobs.Journal, bricks []gluster.Brick) error {
	return each(bricks, func(b gluster.Brick) error {
		if j.Done("dropped/" + b.ID) {
			return nil
		}
		reclaimed, err := m.g.BrickDestroy(ctx, b)
		switch {
		case err == nil:
			return j.Put("dropped/"+b.ID, reclaimed)
		case silent(err) && ctx.Err() == nil:
			return j.Put("left/"+b.ID, nil)
		}
		return fault(b.Host, err)
	})
}

// dropVolume deletes the gluster volume of that name if it is ours: it carries the record's id, or one of our bricks. What is
// not there is gone already. deleted says that there was something to delete, whose end is not durable before Forget.
func (m machines) dropVolume(ctx context.Context, hosts []string, v gluster.Volume) (deleted bool, err error) {
	if len(hosts) > 0 {
		deleted, err := m.g.VolumeDeleteMarked(ctx, hosts[0], v.Name, v.ID)
		var refused *executors.ExitError
		if deleted || errors.As(err, &refused) && !mute(err) {
			return true, m.unlessGone(ctx, hosts, v.Name, err)
		}
	}
	info, _, err := m.find(ctx, hosts, v.Name)
	if errors.Is(err, gluster.ErrNoVolume) || errors.Is(err, gluster.ErrName) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.RecordID() != v.ID && !sharesBrick(info, v) {
		return false, nil
	}
	return true, m.unlessGone(ctx, hosts, v.Name, m.g.VolumeDelete(ctx, hosts, v.Name))
}

// unlessGone is the error of a delete, unless the volume was deleted and only the word of it went wrong.
func (m machines) unlessGone(ctx context.Context, hosts []string, name string, err error) error {
	if err == nil || ctx.Err() != nil {
		return fault("", err)
	}
	if _, _, gone := m.find(ctx, hosts, name); errors.Is(gone, gluster.ErrNoVolume) {
		return nil
	}
	return fault("", err)
}

// mute says that a host could not speak for its pool, so that another may be asked.
func mute(err error) bool { return silent(err) || errors.Is(err, gluster.ErrGlusterdDown) }

func sharesBrick(info gluster.Info, v gluster.Volume) bool {
	for _, set := range v.Sets {
		for _, b := range set {
			if slices.Contains(info.Bricks, gluster.InfoBrick{Host: b.Storage, Path: b.Path}) {
				return true
			}
		}
	}
	return false
}

// enoughDenials is how many nodes must not know a volume before it is taken not to exist: one that has just booted may have
// missed it.
const enoughDenials = 2

// find asks host after host for a volume until one has it, and says which.
func (m machines) find(ctx context.Context, hosts []string, name string) (gluster.Info, string, error) {
	var errs []error
	denied, denials := error(nil), 0
	for _, host := range hosts {
		info, err := m.g.VolumeInfo(ctx, host, name)
		if err == nil || errors.Is(err, gluster.ErrName) {
			return info, host, err
		}
		if errors.Is(err, gluster.ErrNoVolume) {
			if denied, denials = err, denials+1; denials == enoughDenials {
				break
			}
			continue
		}
		errs = append(errs, fault(host, err))
		if !mute(err) {
			break
		}
	}
	if denied != nil {
		return gluster.Info{}, "", denied
	}
	if len(errs) == 0 {
		return gluster.Info{}, "", fmt.Errorf("volume %s: no host to ask", name)
	}
	return gluster.Info{}, "", together(errs)
}

// lead is the first host whose glusterd answers.
func (m machines) lead(ctx context.Context, hosts []string) (string, error) {
	var errs []error
	for _, host := range hosts {
		err := m.g.CheckGlusterd(ctx, host)
		if err == nil {
			return host, nil
		}
		errs = append(errs, fault(host, err))
	}
	if len(errs) == 0 {
		return "", errors.New("no host to ask")
	}
	return "", together(errs)
}

func flat(sets [][]gluster.Brick) []gluster.Brick { return slices.Concat(sets...) }

// hostsOf names the machines that hold bricks, each once, in order.
func hostsOf(bricks []gluster.Brick) []string {
	var hosts []string
	for _, b := range bricks {
		if !slices.Contains(hosts, b.Host) {
			hosts = append(hosts, b.Host)
		}
	}
	return hosts
}
