package configs

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/store"
)

// What an export holds.
const (
	indexName  = "telescope.json"
	configsDir = "configs/"
	statsName  = "stats/"
	logsDir    = "logs/"
)

// exportIndex is what an export says of itself.
type exportIndex struct {
	Format   int           `json:"format"` // 1
	Request  ExportRequest `json:"request"`
	Created  time.Time     `json:"created"`
	Files    []string      `json:"files"`
	Problems []string      `json:"problems,omitempty"` // what could not be had, and why
}

type exportKind struct{ onCluster }

func (exportKind) Name() string { return kindExport }

// Policy: it writes a file where the server can give it out.
func (exportKind) Policy() jobs.Policy {
	return jobs.Policy{Timeout: 30 * time.Minute, Attempts: 3, Backoff: 2 * time.Second, MaxWait: 30 * time.Second, Home: true}
}

// Run writes the file under another name first: a file of its own name is whole.
func (k exportKind) Run(ctx context.Context, op store.Operation, j *jobs.Journal) error {
	if j.Done(stepZip) {
		return nil
	}
	in, err := jobs.Input[exportInput](op)
	if err != nil {
		return err
	}
	var p private
	if err := k.d.unpackJSON(in.Private, &p); err != nil {
		return err
	}
	if err := os.MkdirAll(k.d.cfg.ExportDir, 0o700); err != nil {
		return jobs.Retry(err)
	}
	target := k.d.exportPath(op.ID)
	f, err := os.OpenFile(target+".part", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return jobs.Retry(err)
	}
	x := export{d: k.d, in: in, private: p, zip: zip.NewWriter(f), left: k.d.cfg.ExportMost, created: op.Created}
	err = x.write(ctx)
	err = errors.Join(err, x.zip.Close(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(target+".part", target)
	}
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		return jobs.Retry(err)
	}
	return j.Put(stepZip, nil)
}

// Undo removes what a run has written.
func (k exportKind) Undo(_ context.Context, op store.Operation, _ *jobs.Journal) error {
	for _, name := range []string{k.d.exportPath(op.ID), k.d.exportPath(op.ID) + ".part"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return jobs.Retry(err)
		}
	}
	return nil
}

// Finish lets go of what it carried.
func (exportKind) Finish(_ *store.Tx, op *store.Operation) error { return emptied(op) }

// Abandon lets go of what it carried.
func (exportKind) Abandon(_ *store.Tx, op *store.Operation) error { return emptied(op) }

func emptied(op *store.Operation) error {
	in, err := jobs.Input[exportInput](*op)
	if err != nil {
		return err
	}
	in.Private = ""
	return jobs.SetInput(op, in)
}

// export is one export being written.
type export struct {
	d       *Domain
	in      exportInput
	private private
	zip     *zip.Writer
	hide    *strings.Replacer // secrets in logs; nil until it is needed
	left    int64             // bytes that may still be written
	created time.Time
	index   exportIndex
}

func (x *export) write(ctx context.Context) error {
	x.index = exportIndex{Format: 1, Request: x.in.Request, Created: x.created.UTC()}
	for _, source := range slices.Compact(slices.Sorted(slices.Values(x.in.Request.Sources))) {
		var err error
		switch source {
		case sourceConfigs:
			err = x.configs()
		case sourceStats:
			err = x.stats(ctx)
		case sourceLogs:
			err = x.logs(ctx)
		}
		if err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(x.index, "", "  ")
	if err != nil {
		return err
	}
	w, err := x.zip.Create(indexName)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

func (x *export) configs() error {
	for _, id := range slices.Sorted(maps.Keys(x.private.Configs)) {
		if err := x.file(configsDir+id+".yaml", strings.NewReader(x.private.Configs[id])); err != nil {
			return err
		}
	}
	return nil
}

// errFull ends an export that has become as large as it may.
var errFull = errors.New("the export is as large as it may be")

// file adds one file. What does not fit any more is told in the index.
func (x *export) file(name string, r io.Reader) error {
	if x.left <= 0 {
		x.problem(name, errFull)
		return nil
	}
	w, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: x.created.UTC()})
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r, x.left))
	x.left -= n
	x.index.Files = append(x.index.Files, name)
	if err == nil && x.left <= 0 {
		x.problem(name, errFull)
	}
	return err
}

func (x *export) problem(what string, err error) {
	const most = 1000
	if len(x.index.Problems) < most {
		x.index.Problems = append(x.index.Problems, what+": "+err.Error())
	}
}

// workloadStats is a workload as it was when the export was made.
type workloadStats struct {
	Service string      `json:"service"`
	Health  kube.Health `json:"health"`
	Pods    []kube.Pod  `json:"pods"`
}

// stats are the workloads' health and pods, and what the cluster's metrics say of them.
func (x *export) stats(ctx context.Context) error {
	var all []workloadStats
	for _, svc := range x.in.Services {
		s := workloadStats{Service: svc.Name}
		var err error
		if s.Health, err = x.d.cluster.Health(ctx, svc.Ref); err == nil {
			s.Pods, err = x.d.cluster.Pods(ctx, svc.Ref)
		}
		if errors.Is(err, kube.ErrUnavailable) {
			return err
		}
		if err != nil {
			x.problem(svc.Name, err)
			continue
		}
		all = append(all, s)
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := x.file(statsName+"workloads.json", bytes.NewReader(raw)); err != nil {
		return err
	}
	where := make([]string, len(x.in.Services))
	for i, svc := range x.in.Services {
		where[i] = svc.Ref.Namespace
	}
	for _, namespace := range x.d.distinct(where) {
		if err := x.usage(ctx, x.d.cluster.In(namespace)); err != nil {
			return err
		}
	}
	return nil
}

// usage is what the cluster's metrics say of the pods of a namespace.
func (x *export) usage(ctx context.Context, within kube.Cluster) error {
	usage, err := within.Usage(ctx)
	switch {
	case errors.Is(err, kube.ErrNotFound) || errors.Is(err, kube.ErrNoKind):
		x.problem(sourceStats, errors.New("the cluster has no metrics of pods"))
		return nil
	case errors.Is(err, kube.ErrUnavailable):
		return err
	case err != nil:
		x.problem(sourceStats, err)
		return nil
	}
	name := "pods.json"
	if within.Namespace() != x.d.cluster.Namespace() {
		name = "pods_" + within.Namespace() + ".json"
	}
	return x.file(statsName+name, bytes.NewReader(usage))
}

// logs are what the services' containers said in the period, as far as the cluster still has it.
func (x *export) logs(ctx context.Context) error {
	for _, svc := range x.in.Services {
		pods, err := x.d.cluster.Pods(ctx, svc.Ref)
		if errors.Is(err, kube.ErrUnavailable) {
			return err
		}
		if err != nil {
			x.problem(svc.Name, err)
			continue
		}
		for _, pod := range pods {
			for _, container := range pod.Containers {
				if err := x.log(ctx, svc, pod.Name, container); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (x *export) log(ctx context.Context, svc service, pod, container string) error {
	var said bytes.Buffer
	name := path.Join(logsDir, svc.Name, pod+"_"+container+".log")
	if x.left <= 0 {
		x.problem(name, errFull)
		return nil
	}
	err := x.d.cluster.In(svc.Ref.Namespace).Logs(ctx, pod, container, x.in.Request.Start, min(x.left, longestLog), &said)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // also where the pod's node does not answer: the others' logs are wanted all the same
		x.problem(name, err)
		return nil
	}
	return x.file(name, strings.NewReader(x.cut(said.Bytes())))
}

// longestLog bounds one container's log in memory.
const longestLog = 64 << 20

// cut leaves out lines from after the period and hides secrets. A line without a time of its own belongs to the one before.
func (x *export) cut(said []byte) string {
	if x.hide == nil {
		x.hide = hider(x.private.Secrets)
	}
	var out strings.Builder
	lines := bufio.NewScanner(bytes.NewReader(said))
	lines.Buffer(nil, longestLog)
	late := false
	for lines.Scan() {
		line := lines.Text()
		stamp, _, _ := strings.Cut(line, " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			late = at.After(x.in.Request.End)
		}
		if !late {
			out.WriteString(x.hide.Replace(line))
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// hider hides secrets in lines of logs: the longer of two first, since one may begin with the other, and one of several lines line by
// line.
func hider(secrets []string) *strings.Replacer {
	var all, pairs []string
	for _, secret := range secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= shortestSecret {
				all = append(all, line)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	for _, line := range slices.Compact(all) {
		pairs = append(pairs, line, secretShown)
	}
	return strings.NewReplacer(pairs...)
}
