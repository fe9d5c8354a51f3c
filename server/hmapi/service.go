package hmapi

import (
	"context"

	"yardmaster/jobs/instances"
)

var _ Service = (*instances.Service)(nil)

// Service is what the dialect asks of the instances; *instances.Service is one.
type Service interface {
	Reload(ctx context.Context, by instances.Who) (changes []string, err error)

	Jobs(ctx context.Context, org int) ([]instances.Job, error) // org 0: of all
	Job(ctx context.Context, org int, id string) (instances.Job, error)
	AbortJob(ctx context.Context, by instances.Who, org int, id string) error

	Instances(ctx context.Context) ([]instances.Listed, error)
	Instance(ctx context.Context, org int, name string) (instances.Instance, error)
	Deploy(ctx context.Context, by instances.Who, i instances.Instance) (job string, err error)
	Update(ctx context.Context, by instances.Who, org int, name string) (job string, err error)
	Delete(ctx context.Context, by instances.Who, org int, name string, keepData bool) (job string, err error)

	Diff(ctx context.Context, org int, name string) (string, error)
	DiffOf(ctx context.Context, i instances.Instance) (string, error)
	ClosedDiff(ctx context.Context, org int, name string) (string, error) // for those who may not know the values of variables
	ClosedDiffOf(ctx context.Context, i instances.Instance) (string, error)
	StatusList(ctx context.Context) ([]instances.Status, error)

	StandbyOn(ctx context.Context, by instances.Who, org int, name string) (job string, err error)
	// The rest end with what they began, or with ctx.
	StandbyOff(ctx context.Context, by instances.Who, org int, name string) error
	SwitchColor(ctx context.Context, by instances.Who, org int, name string) error
	StartImporter(ctx context.Context, by instances.Who, org int, name string, settings []byte) error
	StopImporter(ctx context.Context, by instances.Who, org int, name string) error
}
