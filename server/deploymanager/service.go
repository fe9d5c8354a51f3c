package deploymanager

import (
	"context"

	"yardmaster/jobs/configs"
)

var _ Service = (*configs.Service)(nil)

// Service is what the dialect asks of the configs; *configs.Service is one.
type Service interface {
	Setup(ctx context.Context) error
	IsSetup(ctx context.Context) (bool, error)
	Tables() []string
	Writable(ctx context.Context) error

	Upload(ctx context.Context, by configs.Who, u configs.Upload) (configs.Change, error)
	Image(ctx context.Context, by configs.Who, i configs.Image) (configs.Change, error)
	BaseConfigs(ctx context.Context, release, object string) ([]configs.BaseConfig, error)
	BaseVersions(ctx context.Context) ([]configs.Versions, error)
	VersionsOf(ctx context.Context, object string) ([]string, error)
	Containers(ctx context.Context, object string) ([]string, error)
	Upgrades(ctx context.Context, limit, offset int) (page []configs.Upgrade, total int, err error)

	ApplyPatches(ctx context.Context, by configs.Who, p configs.PatchUpload) (configs.Change, error)
	DeletePatch(ctx context.Context, by configs.Who, version int64, dry bool) (configs.Change, error)
	Patches(ctx context.Context, object string) ([]configs.Patch, error)
	SearchPatches(ctx context.Context, query string, caseSensitive bool, limit int) ([]configs.Patch, error)
	MoveNamespace(ctx context.Context, by configs.Who, namespace, description string, dry bool) (configs.Change, error)
	SetRegistry(ctx context.Context, by configs.Who, registry, description string, dry bool) (configs.Change, error)
	SetSize(ctx context.Context, by configs.Who, size string, dry bool) (configs.Change, error)

	Configs(ctx context.Context) ([]configs.Config, error)
	Config(ctx context.Context, object string) (configs.Config, error)
	History(ctx context.Context, object string) ([]configs.Config, error)
	Around(ctx context.Context, object string, patch int64) (prev, next string, err error)
	Rollback(ctx context.Context, by configs.Who, to configs.Rollback) (configs.Change, error)
	Inconsistencies(ctx context.Context) (configs.Inconsistencies, error)
	Prunable(ctx context.Context) ([]string, error)
	Prune(ctx context.Context, by configs.Who, dry bool) (configs.Change, error)
	Remove(ctx context.Context, by configs.Who, object string, dry bool) (configs.Change, error)
	SelfHeal(ctx context.Context, by configs.Who, object string, on bool) error

	Push(ctx context.Context, by configs.Who, object string, dry bool) (configs.Change, error)
	Hibernate(ctx context.Context, by configs.Who) (configs.Change, error)
	Revive(ctx context.Context, by configs.Who) (configs.Change, error)
	Namespace() string
	Await(ctx context.Context, c configs.Change) (configs.Outcome, error)
	OutcomeOf(ctx context.Context, operation string) (configs.Outcome, error)

	Labels(ctx context.Context) ([]string, error)
	Bind(ctx context.Context, by configs.Who, labels, objects []string, dry bool) (configs.Change, error)
	ObjectsOf(ctx context.Context, label string, mustExist bool) ([]string, error)
	LabelsOf(ctx context.Context, object string) ([]string, error)
	Unbind(ctx context.Context, by configs.Who, object string) (configs.Change, error)
	UpdateDefaults(ctx context.Context) error

	Autoscaled(ctx context.Context) ([]string, error)
	PauseAutoscaling(ctx context.Context, by configs.Who) (configs.Change, error)
	ResumeAutoscaling(ctx context.Context, by configs.Who) (configs.Change, error)
	AutoscalingStatus(ctx context.Context) (map[string]string, error)
	DeletePod(ctx context.Context, by configs.Who, pod string) (configs.Change, error)
	QuarantinePod(ctx context.Context, by configs.Who, pod string) (configs.Change, error)
	DeleteJob(ctx context.Context, by configs.Who, job string) (configs.Change, error)

	ReleaseVersion(ctx context.Context) (string, error)
	Checks(ctx context.Context) ([]configs.Check, error)
	Settings(ctx context.Context) (map[string]string, error)
	UpdateSettings(ctx context.Context, by configs.Who, settings map[string]string) (configs.Change, error)

	Export(ctx context.Context, by configs.Who, e configs.ExportRequest) (configs.Job, error)
	ExportJob(ctx context.Context, id string) (configs.Job, error)
	ExportFile(ctx context.Context, id string) (path string, err error)
	Import(ctx context.Context, by configs.Who, zip []byte) (configs.Job, error)
	ImportJob(ctx context.Context, id string) (configs.Job, error)
	ImportedConfigs(ctx context.Context, id string) (map[string]string, error)
}
