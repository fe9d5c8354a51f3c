package configs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs/materialize"
	"yardmaster/store"
)

// The sources of an export.
const (
	sourceLogs    = "LOGS"
	sourceStats   = "STATS"
	sourceConfigs = "CONFIGS"
)

// The states of an export or import, as the API calls them.
const (
	jobWaiting = "WAITING"
	jobRunning = "RUNNING"
	jobSuccess = "SUCCESS"
	jobFailed  = "FAILED"
)

// exportInput is what an export carries. Private is packed: the configs asked for, and values that must not be seen in logs.
type exportInput struct {
	Request  ExportRequest `json:"request"`
	Services []service     `json:"services"`
	Private  string        `json:"private,omitempty"` // gone once the export has ended
}

// service is one workload of an export.
type service struct {
	Name string   `json:"name"`
	Ref  kube.Ref `json:"ref"`
}

type private struct {
	Configs map[string]string `json:"configs,omitempty"`
	Secrets []string          `json:"secrets,omitempty"`
}

// mostServices bounds an export.
const mostServices = 1000

// Export begins to gather what is known of services over a period. Errors: ErrInvalid.
func (s *Service) Export(ctx context.Context, by Who, r ExportRequest) (Job, error) {
	if err := checkExport(&r, s.db.Now()); err != nil {
		return Job{}, err
	}
	r.Label = strings.TrimPrefix(r.Label+"-"+strconv.FormatInt(s.db.Now().UnixMilli(), 10), "-")
	in, p := exportInput{Request: r}, private{Configs: map[string]string{}}
	err := s.view(ctx, func(st *state) error {
		for _, id := range st.ids() {
			if err := s.gather(st, st.objects[id], &in, &p); err != nil {
				return err
			}
		}
		for _, name := range r.Services {
			if !slices.ContainsFunc(in.Services, func(have service) bool { return asked(have.Name, have.Ref, name) }) {
				return fmt.Errorf("%w: services: %q is no workload of the platform", ErrInvalid, name)
			}
		}
		return nil
	})
	if err != nil {
		return Job{}, err
	}
	if in.Private, err = s.load("services, data_sources: what is to be exported", p); err != nil {
		return Job{}, err
	}
	op, err := s.runner.Submit(ctx, func(_ *store.Tx, op *store.Operation) error {
		op.Kind, op.Dialect, op.Owner, op.RequestID = kindExport, dialect, by.User, by.RequestID
		return jobs.SetInput(op, in)
	})
	if err != nil {
		return Job{}, err
	}
	return s.job(op)
}

func checkExport(r *ExportRequest, now time.Time) error {
	switch {
	case len(r.Services) > mostServices:
		return fmt.Errorf("%w: services: %d, %d are allowed", ErrInvalid, len(r.Services), mostServices)
	case len(r.Sources) == 0:
		return fmt.Errorf("%w: data_sources: none is given, LOGS, STATS and CONFIGS are known", ErrInvalid)
	case r.Start.IsZero() || r.End.IsZero():
		return fmt.Errorf("%w: start, end: both are needed", ErrInvalid)
	case !r.End.After(r.Start):
		return fmt.Errorf("%w: end: it must be after start", ErrInvalid)
	case r.Start.After(now):
		return fmt.Errorf("%w: start: it lies in the future", ErrInvalid)
	case len(r.Label) > 128 || strings.ContainsFunc(r.Label, func(c rune) bool { return c < ' ' }):
		return fmt.Errorf("%w: label: up to 128 printable characters are allowed", ErrInvalid)
	}
	for _, source := range r.Sources {
		if source != sourceLogs && source != sourceStats && source != sourceConfigs {
			return fmt.Errorf("%w: data_sources: %q is unknown, LOGS, STATS and CONFIGS are known", ErrInvalid, source)
		}
	}
	return nil
}

// gather takes up an object if the export is about it, and what of it must not be seen in any case.
func (s *Service) gather(st *state, o *object, in *exportInput, p *private) error {
	if o.current == nil {
		return nil
	}
	text, err := s.unpack(o.current.Body)
	if err != nil {
		return err
	}
	for _, secret := range materialize.Secrets(text) {
		if len(secret) >= shortestSecret {
			p.Secrets = append(p.Secrets, secret)
		}
	}
	m, err := kube.Parse([]byte(text))
	if err != nil {
		return err
	}
	wanted := len(in.Request.Services) == 0 || slices.ContainsFunc(in.Request.Services, func(name string) bool { return asked(o.rec.Name, m.Ref, name) })
	if !wanted {
		return nil
	}
	if slices.Contains(in.Request.Sources, sourceConfigs) {
		p.Configs[o.rec.ID] = materialize.Mask(text)
	}
	if workload(o.rec.Kind) || o.rec.Kind == "DaemonSet" {
		in.Services = append(in.Services, service{st.show(o.rec.ID), m.Ref})
	}
	return nil
}

// shortestSecret is the least that is masked in logs: what is shorter stands in too many words.
const shortestSecret = 6

// asked says that a name means an object: its own, or without the kind that names begin with by convention.
func asked(own string, ref kube.Ref, name string) bool {
	return name == own || name == ref.Name || name == ref.ID() || strings.ToLower(ref.Kind)+"-"+name == ref.Name
}

// ExportJob is an export. Errors: ErrNotFound.
func (s *Service) ExportJob(ctx context.Context, id string) (Job, error) {
	return s.jobOf(ctx, id, kindExport)
}

// ExportFile is where a finished export lies. Errors: ErrNotFound, ErrConflict while it is under way.
func (s *Service) ExportFile(ctx context.Context, id string) (string, error) {
	j, err := s.ExportJob(ctx, id)
	switch {
	case err != nil:
		return "", err
	case j.Status == jobWaiting || j.Status == jobRunning:
		return "", fmt.Errorf("%w: export %s is under way", ErrConflict, id)
	case j.File == "":
		return "", fmt.Errorf("%w: export %s has no file: %s", ErrNotFound, id, j.Error)
	}
	if _, err := os.Stat(j.File); err != nil {
		return "", fmt.Errorf("%w: the file of export %s is not kept any more", ErrNotFound, id)
	}
	return j.File, nil
}

func (s *Service) jobOf(ctx context.Context, id, kind string) (Job, error) {
	op, err := s.runner.Get(ctx, plainID(id))
	if errors.Is(err, jobs.ErrNoOperation) || err == nil && op.Kind != kind {
		return Job{}, fmt.Errorf("%w: id %q", ErrNotFound, id)
	}
	if err != nil {
		return Job{}, err
	}
	return s.job(op)
}

// Ids of exports and imports are written as UUIDs.
func dashed(id string) string {
	if len(id) != 32 {
		return id
	}
	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}

func plainID(id string) string { return strings.ReplaceAll(id, "-", "") }

// The steps of exports and imports.
const (
	stepZip  = "zip"
	stepRead = "read"
)

// job is an operation as a job.
func (s *Service) job(op store.Operation) (Job, error) {
	j := Job{ID: dashed(op.ID), Status: status(op.State)}
	if op.Error != nil && !op.State.Live() {
		j.Error = op.Error.Text
	}
	if op.State == store.Canceled {
		j.Error = "canceled"
	}
	if op.Kind == kindImport {
		in, err := jobs.Input[importInput](op)
		if err != nil {
			return j, err
		}
		j.File = filepath.Join(s.cfg.ExportDir, in.File)
		jobs.Learnt(&op, stepRead, &j.Request)
		return j, nil
	}
	in, err := jobs.Input[exportInput](op)
	j.Request = in.Request
	if op.State == store.Succeeded {
		j.File = s.exportPath(op.ID)
	}
	return j, err
}

func status(state store.OpState) string {
	switch state {
	case store.Pending:
		return jobWaiting
	case store.Running, store.Undoing:
		return jobRunning
	case store.Succeeded:
		return jobSuccess
	}
	return jobFailed
}

func (d *Domain) exportPath(op string) string {
	return filepath.Join(d.cfg.ExportDir, dashed(op)+".zip")
}

// ownFile is what exports and imports are called, finished or not. The directory may be shared with what is not ours.
var ownFile = regexp.MustCompile(`^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.zip(\.part)?|import-[0-9]+\.zip)$`)

// sweepExports removes files of exports and imports that are too old to keep, also those that no operation knows.
func (s *Service) sweepExports(context.Context) error {
	if s.cfg.ExportDir == "" || s.cfg.ExportKeep <= 0 {
		return nil
	}
	files, err := os.ReadDir(s.cfg.ExportDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		if !ownFile.MatchString(f.Name()) {
			continue
		}
		info, ierr := f.Info()
		if ierr != nil || f.IsDir() || s.now().Sub(info.ModTime()) < s.cfg.ExportKeep {
			continue
		}
		err = errors.Join(err, os.Remove(filepath.Join(s.cfg.ExportDir, f.Name())))
	}
	return err
}
