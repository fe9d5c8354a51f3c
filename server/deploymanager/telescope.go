package deploymanager

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

// exportJob is how an export stands.
type exportJob struct {
	ID      string  `json:"id"`
	Status  string  `json:"job_status"`
	Request period  `json:"request"`
	Result  zipFile `json:"result"`
}

// importJob has request and result the other way round.
type importJob struct {
	ID      string  `json:"id"`
	Status  string  `json:"job_status"`
	Request zipFile `json:"request"`
	Result  period  `json:"result"`
}

// period is what an export is of.
type period struct {
	Services []string `json:"services"`
	Sources  []string `json:"data_sources"`
	Start    string   `json:"start"`
	End      string   `json:"end"`
	Label    string   `json:"label"`
}

type zipFile struct {
	Path string `json:"zip_file_path"`
}

func periodOf(e configs.ExportRequest) period {
	return period{Services: list(e.Services), Sources: list(e.Sources), Start: stamp(e.Start), End: stamp(e.End), Label: e.Label}
}

// stamp is "" for no time at all.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// jobbed is an answer that succeeds; that the job did not is told beside it.
func jobbed(data any, reason string) rest.Response {
	if reason == "" {
		return enveloped(data)
	}
	return rest.JSON(http.StatusOK, envelope{StatusCode: http.StatusOK, Data: data, Error: &reason})
}

func showExport(j configs.Job) rest.Response {
	return jobbed(exportJob{j.ID, j.Status, periodOf(j.Request), zipFile{j.File}}, j.Error)
}

func showImport(j configs.Job) rest.Response {
	return jobbed(importJob{j.ID, j.Status, zipFile{j.File}, periodOf(j.Request)}, j.Error)
}

func (a *API) export(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	f.need("start")
	f.need("end")
	e := configs.ExportRequest{Services: f.needAll("services"), Sources: f.needAll("data_sources"), Label: f.need("label"), Start: f.time("start"), End: f.time("end")}
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	j, err := a.service.Export(r.Context(), who(r), e)
	if err != nil {
		return rest.Response{}, err
	}
	return showExport(j), nil
}

func (a *API) exportStatus(r *http.Request) (rest.Response, error) {
	j, err := a.service.ExportJob(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return rest.Response{}, err
	}
	return showExport(j), nil
}

// exportFile is opened only once it is sent, so that who asks for its length alone leaves nothing open.
func (a *API) exportFile(r *http.Request) (rest.Response, error) {
	path, err := a.service.ExportFile(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return rest.Response{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return rest.Response{}, err
	}
	resp := rest.Response{Length: info.Size(), Stream: func(_ context.Context, w io.Writer, _ func()) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.CopyN(w, file, info.Size())
		return err
	}}
	return resp.With("Content-Type", "application/zip").
		With("Content-Disposition", fmt.Sprintf("attachment; filename=%q", filepath.Base(path))), nil
}

func (a *API) importExport(r *http.Request) (rest.Response, error) {
	f, err := readForm(r)
	if err != nil {
		return rest.Response{}, err
	}
	f.never()
	if len(f.files) != 1 {
		f.wrong("file", "must be exactly one")
	}
	if err := f.fault(); err != nil {
		return rest.Response{}, err
	}
	j, err := a.service.Import(r.Context(), who(r), f.files[0].body)
	if err != nil {
		return rest.Response{}, err
	}
	return showImport(j), nil
}

func (a *API) importStatus(r *http.Request) (rest.Response, error) {
	j, err := a.service.ImportJob(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return rest.Response{}, err
	}
	return showImport(j), nil
}

func (a *API) importedConfigs(r *http.Request) (rest.Response, error) {
	all, err := a.service.ImportedConfigs(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return rest.Response{}, err
	}
	return enveloped(object(all)), nil
}
