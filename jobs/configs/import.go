package configs

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"yardmaster/jobs"
	"yardmaster/store"
)

// importInput names the file that was sent.
type importInput struct {
	File string `json:"file"` // in the directory of exports
}

// Import takes an exported file. Errors: ErrInvalid.
func (s *Service) Import(ctx context.Context, by Who, zip []byte) (Job, error) {
	if int64(len(zip)) > s.cfg.ExportMost {
		return Job{}, fmt.Errorf("%w: file: %d bytes, %d are allowed", ErrInvalid, len(zip), s.cfg.ExportMost)
	}
	if _, err := readExport(zip, s.cfg.ExportMost); err != nil {
		return Job{}, fmt.Errorf("%w: file: %w", ErrInvalid, err)
	}
	if err := os.MkdirAll(s.cfg.ExportDir, 0o700); err != nil {
		return Job{}, err
	}
	f, err := os.CreateTemp(s.cfg.ExportDir, "import-*.zip")
	if err != nil {
		return Job{}, err
	}
	_, err = f.Write(zip)
	err = cmp.Or(err, f.Sync(), f.Close())
	var op store.Operation
	if err == nil {
		op, err = s.runner.Submit(ctx, func(_ *store.Tx, op *store.Operation) error {
			op.Kind, op.Dialect, op.Owner, op.RequestID = kindImport, dialect, by.User, by.RequestID
			return jobs.SetInput(op, importInput{filepath.Base(f.Name())})
		})
	}
	if err != nil {
		return Job{}, errors.Join(err, os.Remove(f.Name()))
	}
	return s.job(op)
}

// ImportJob is an import. Errors: ErrNotFound.
func (s *Service) ImportJob(ctx context.Context, id string) (Job, error) {
	return s.jobOf(ctx, id, kindImport)
}

// ImportedConfigs are the configs in an import, by object. Errors: ErrNotFound.
func (s *Service) ImportedConfigs(ctx context.Context, id string) (map[string]string, error) {
	j, err := s.ImportJob(ctx, id)
	if err != nil {
		return nil, err
	}
	zip, err := os.ReadFile(j.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the file of import %s is not kept any more", ErrNotFound, id)
	}
	if err != nil {
		return nil, err
	}
	e, err := readExport(zip, s.cfg.ExportMost)
	if err != nil {
		return nil, err
	}
	return e.configs, nil
}

type importKind struct{ onCluster }

func (importKind) Name() string { return kindImport }

// Policy: the file lies with the server.
func (importKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 5 * time.Minute, Attempts: 3, Backoff: time.Second, MaxWait: 10 * time.Second, Home: true}
}

// Run reads the whole file: only what can be read is an import.
func (k importKind) Run(_ context.Context, op store.Operation, j *jobs.Journal) error {
	in, err := jobs.Input[importInput](op)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(path.Join(k.d.cfg.ExportDir, in.File))
	if errors.Is(err, os.ErrNotExist) {
		return jobs.Refuse("the file that was sent is gone")
	}
	if err != nil {
		return jobs.Retry(err)
	}
	e, err := readExport(raw, k.d.cfg.ExportMost)
	if err != nil {
		return jobs.Refuse(err.Error())
	}
	return j.Put(stepRead, e.index.Request)
}

// Undo removes the file: it is no import.
func (k importKind) Undo(_ context.Context, op store.Operation, _ *jobs.Journal) error {
	in, err := jobs.Input[importInput](op)
	if err != nil {
		return err
	}
	if err := os.Remove(path.Join(k.d.cfg.ExportDir, in.File)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return jobs.Retry(err)
	}
	return nil
}

// imported is an export as it was read back.
type imported struct {
	index   exportIndex
	configs map[string]string
}

// The bounds of one export that is read back: its files, and the bytes of its configs.
const (
	mostEntries  = 100_000
	mostImported = 256 << 20
)

// readExport reads an export back, within bounds, and nothing out of it that would lie elsewhere.
func readExport(raw []byte, most int64) (*imported, error) {
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fmt.Errorf("it is no zip file: %w", err)
	}
	if len(r.File) > mostEntries {
		return nil, fmt.Errorf("%d files, %d are allowed", len(r.File), mostEntries)
	}
	out := &imported{configs: map[string]string{}}
	indexed, held := false, 0
	for _, f := range r.File {
		if !f.Mode().IsRegular() || path.IsAbs(f.Name) || strings.Contains(f.Name, `\`) || path.Clean(f.Name) != f.Name || strings.HasPrefix(f.Name, "..") {
			return nil, fmt.Errorf("%q: not a plain file below the archive", f.Name)
		}
		var text bytes.Buffer
		into := io.Discard // logs may be large, and are only looked at for being whole
		if f.Name == indexName || strings.HasPrefix(f.Name, configsDir) {
			into = &limited{&text, longestFile}
		}
		if err := readEntry(f, &most, into); err != nil {
			return nil, fmt.Errorf("%q: %w", f.Name, err)
		}
		switch {
		case f.Name == indexName:
			if out.index, err = decodeIndex(text.Bytes()); err != nil {
				return nil, err
			}
			indexed = true
		case into != io.Discard:
			if held += text.Len(); held > mostImported {
				return nil, errTooMuch
			}
			out.configs[strings.TrimSuffix(strings.TrimPrefix(f.Name, configsDir), ".yaml")] = text.String()
		}
	}
	if !indexed || out.index.Format != 1 {
		return nil, fmt.Errorf("there is no %s of format 1 in it", indexName)
	}
	return out, nil
}

var errTooMuch = errors.New("it holds more than is allowed")

// readEntry reads one file, whatever its header says of its size, and takes it from what is left.
func readEntry(f *zip.File, left *int64, into io.Writer) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(into, io.LimitReader(r, *left+1))
	if err != nil {
		return err
	}
	if *left -= n; *left < 0 {
		return errTooMuch
	}
	return nil
}

// limited is a writer that takes no more than is left.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errTooMuch
	}
	return l.to.Write(p)
}

// decodeIndex reads what an export says of itself.
func decodeIndex(raw []byte) (exportIndex, error) {
	var x exportIndex
	if err := json.Unmarshal(raw, &x); err != nil {
		return x, fmt.Errorf("%s: %w", indexName, err)
	}
	return x, nil
}
