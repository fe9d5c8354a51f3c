package deploymanager_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/auth"
	"yardmaster/jobs/configs"
	"yardmaster/server/deploymanager"
	"yardmaster/server/rest"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when everything happened.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// service answers as a test says and notes what it was asked.
type service struct {
	calls   []string
	err     error
	change  configs.Change
	outcome configs.Outcome
	await   func(ctx context.Context) (configs.Outcome, error)

	isSetup bool
	bases   []configs.BaseConfig
	patches []configs.Patch
	configs []configs.Config
	found   configs.Inconsistencies
	checks  []configs.Check
	words   []string
	of      map[string]string
	job     configs.Job
	file    string
}

func (s *service) note(name string, args ...any) {
	text := make([]string, len(args))
	for i, a := range args {
		text[i] = fmt.Sprintf("%+v", a)
	}
	s.calls = append(s.calls, name+"("+strings.Join(text, ", ")+")")
}

func (s *service) changed(name string, args ...any) (configs.Change, error) {
	s.note(name, args...)
	return s.change, s.err
}

func (s *service) Setup(context.Context) error { s.note("Setup"); return s.err }
func (s *service) IsSetup(context.Context) (bool, error) {
	return s.isSetup, s.err
}
func (s *service) Tables() []string               { return s.words }
func (s *service) Writable(context.Context) error { return s.err }
func (s *service) Namespace() string              { return "instabase" }

func (s *service) Upload(_ context.Context, by configs.Who, u configs.Upload) (configs.Change, error) {
	return s.changed("Upload", by.User, u.Release, shown(u.Files), u.Dry)
}

func (s *service) Image(_ context.Context, by configs.Who, i configs.Image) (configs.Change, error) {
	return s.changed("Image", by.User, i)
}

func (s *service) BaseConfigs(_ context.Context, release, object string) ([]configs.BaseConfig, error) {
	s.note("BaseConfigs", release, object)
	return s.bases, s.err
}

func (s *service) BaseVersions(context.Context) ([]configs.Versions, error) {
	if s.words == nil {
		return nil, s.err
	}
	return []configs.Versions{{Object: "web", Releases: s.words}}, s.err
}

func (s *service) VersionsOf(_ context.Context, object string) ([]string, error) {
	s.note("VersionsOf", object)
	return s.words, s.err
}

func (s *service) Containers(_ context.Context, object string) ([]string, error) {
	s.note("Containers", object)
	return s.words, s.err
}

func (s *service) Upgrades(_ context.Context, limit, offset int) ([]configs.Upgrade, int, error) {
	s.note("Upgrades", limit, offset)
	if s.words == nil {
		return nil, 0, s.err
	}
	return []configs.Upgrade{{Release: "23.01.0", Creators: s.words, Created: noon, Updated: noon.Add(time.Second)}}, 1, s.err
}

func (s *service) ApplyPatches(_ context.Context, by configs.Who, p configs.PatchUpload) (configs.Change, error) {
	return s.changed("ApplyPatches", by.User, shown(p.Files), p.Description, p.Source, p.Dry)
}

func (s *service) DeletePatch(_ context.Context, by configs.Who, version int64, dry bool) (configs.Change, error) {
	return s.changed("DeletePatch", by.User, version, dry)
}

func (s *service) Patches(_ context.Context, object string) ([]configs.Patch, error) {
	s.note("Patches", object)
	return s.patches, s.err
}

func (s *service) SearchPatches(_ context.Context, query string, caseSensitive bool, limit int) ([]configs.Patch, error) {
	s.note("SearchPatches", query, caseSensitive, limit)
	return s.patches, s.err
}

func (s *service) MoveNamespace(_ context.Context, by configs.Who, to, description string, dry bool) (configs.Change, error) {
	return s.changed("MoveNamespace", by.User, to, description, dry)
}

func (s *service) SetRegistry(_ context.Context, by configs.Who, to, description string, dry bool) (configs.Change, error) {
	return s.changed("SetRegistry", by.User, to, description, dry)
}

func (s *service) SetSize(_ context.Context, by configs.Who, size string, dry bool) (configs.Change, error) {
	return s.changed("SetSize", by.User, size, dry)
}

func (s *service) Configs(context.Context) ([]configs.Config, error) { return s.configs, s.err }

func (s *service) Config(_ context.Context, object string) (configs.Config, error) {
	s.note("Config", object)
	if s.err != nil {
		return configs.Config{}, s.err
	}
	return s.configs[0], nil
}

func (s *service) History(_ context.Context, object string) ([]configs.Config, error) {
	s.note("History", object)
	return s.configs, s.err
}

func (s *service) Around(_ context.Context, object string, patch int64) (prev, next string, err error) {
	s.note("Around", object, patch)
	return "config1", "config1+patch", s.err
}

func (s *service) Rollback(_ context.Context, by configs.Who, to configs.Rollback) (configs.Change, error) {
	return s.changed("Rollback", by.User, to.Object, to.Number, to.Release, to.Patch, to.At.UnixMilli(), to.Dry)
}

func (s *service) Inconsistencies(context.Context) (configs.Inconsistencies, error) {
	return s.found, s.err
}

func (s *service) Prunable(context.Context) ([]string, error) { return s.words, s.err }

func (s *service) Prune(_ context.Context, by configs.Who, dry bool) (configs.Change, error) {
	return s.changed("Prune", by.User, dry)
}

func (s *service) Remove(_ context.Context, by configs.Who, object string, dry bool) (configs.Change, error) {
	return s.changed("Remove", by.User, object, dry)
}

func (s *service) SelfHeal(_ context.Context, by configs.Who, object string, on bool) error {
	s.note("SelfHeal", by.User, object, on)
	return s.err
}

func (s *service) Push(_ context.Context, by configs.Who, object string, dry bool) (configs.Change, error) {
	return s.changed("Push", by.User, object, dry)
}

func (s *service) Hibernate(_ context.Context, by configs.Who) (configs.Change, error) {
	return s.changed("Hibernate", by.User)
}

func (s *service) Revive(_ context.Context, by configs.Who) (configs.Change, error) {
	return s.changed("Revive", by.User)
}

func (s *service) Await(ctx context.Context, c configs.Change) (configs.Outcome, error) {
	s.note("Await", c.Op.ID)
	if s.await != nil {
		return s.await(ctx)
	}
	return s.outcome, nil
}

func (s *service) OutcomeOf(_ context.Context, operation string) (configs.Outcome, error) {
	s.note("OutcomeOf", operation)
	return s.outcome, s.err
}

func (s *service) Labels(context.Context) ([]string, error) { return s.words, s.err }

func (s *service) Bind(_ context.Context, by configs.Who, labels, objects []string, dry bool) (configs.Change, error) {
	return s.changed("Bind", by.User, labels, objects, dry)
}

func (s *service) ObjectsOf(_ context.Context, label string, mustExist bool) ([]string, error) {
	s.note("ObjectsOf", label, mustExist)
	return s.words, s.err
}

func (s *service) LabelsOf(_ context.Context, object string) ([]string, error) {
	s.note("LabelsOf", object)
	return s.words, s.err
}

func (s *service) Unbind(_ context.Context, by configs.Who, object string) (configs.Change, error) {
	return s.changed("Unbind", by.User, object)
}

func (s *service) UpdateDefaults(context.Context) error         { s.note("UpdateDefaults"); return s.err }
func (s *service) Autoscaled(context.Context) ([]string, error) { return s.words, s.err }

func (s *service) PauseAutoscaling(_ context.Context, by configs.Who) (configs.Change, error) {
	return s.changed("PauseAutoscaling", by.User)
}

func (s *service) ResumeAutoscaling(_ context.Context, by configs.Who) (configs.Change, error) {
	return s.changed("ResumeAutoscaling", by.User)
}

func (s *service) AutoscalingStatus(context.Context) (map[string]string, error) { return s.of, s.err }

func (s *service) DeletePod(_ context.Context, by configs.Who, pod string) (configs.Change, error) {
	return s.changed("DeletePod", by.User, pod)
}

func (s *service) QuarantinePod(_ context.Context, by configs.Who, pod string) (configs.Change, error) {
	return s.changed("QuarantinePod", by.User, pod)
}

func (s *service) DeleteJob(_ context.Context, by configs.Who, job string) (configs.Change, error) {
	return s.changed("DeleteJob", by.User, job)
}

func (s *service) ReleaseVersion(context.Context) (string, error)         { return "23.07", s.err }
func (s *service) Checks(context.Context) ([]configs.Check, error)        { return s.checks, s.err }
func (s *service) Settings(context.Context) (map[string]string, error)    { return s.of, s.err }
func (s *service) ExportJob(context.Context, string) (configs.Job, error) { return s.job, s.err }
func (s *service) ImportJob(context.Context, string) (configs.Job, error) { return s.job, s.err }
func (s *service) ExportFile(context.Context, string) (string, error)     { return s.file, s.err }

func (s *service) UpdateSettings(_ context.Context, by configs.Who, settings map[string]string) (configs.Change, error) {
	return s.changed("UpdateSettings", by.User, settings)
}

func (s *service) Export(_ context.Context, by configs.Who, e configs.ExportRequest) (configs.Job, error) {
	s.note("Export", by.User, e.Services, e.Sources, e.Label, e.Start.Format(time.RFC3339Nano), e.End.Format(time.RFC3339Nano))
	return s.job, s.err
}

func (s *service) Import(_ context.Context, by configs.Who, zip []byte) (configs.Job, error) {
	s.note("Import", by.User, string(zip))
	return s.job, s.err
}

func (s *service) ImportedConfigs(_ context.Context, id string) (map[string]string, error) {
	s.note("ImportedConfigs", id)
	return s.of, s.err
}

func shown(files []configs.File) string {
	var all []string
	for _, f := range files {
		all = append(all, f.Name+"="+string(f.Text))
	}
	return strings.Join(all, "|")
}

// scene is the dialect over such a service, as a server has it.
type scene struct {
	*testing.T
	*service
	api     *deploymanager.API
	handler http.Handler
	stop    chan struct{}
	log     *bytes.Buffer
}

func begin(t *testing.T, change ...func(*deploymanager.Options)) *scene {
	t.Helper()
	s := &scene{T: t, service: &service{}, stop: make(chan struct{}), log: &bytes.Buffer{}}
	var known []auth.Token
	for name, token := range map[string]string{
		"the-admin":  "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918", // admin
		"the-user":   "04f8996da763b7a969b1028ee3007569eaf3a635486ddab211d512c85b9df8fb", // user
		"the-reader": "3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30", // reader
	} {
		role, err := auth.ParseRole(strings.TrimPrefix(name, "the-"))
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, auth.Token{Name: name, SHA256: token, Role: role})
	}
	tokens, err := auth.NewTokens(known)
	if err != nil {
		t.Fatal(err)
	}
	o := deploymanager.Options{Service: s.service, Auth: auth.Opaque(auth.OpaqueOptions{Headers: []string{"Token"}, Lookups: []auth.TokenLookup{tokens.Find}}),
		Mask: func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }, MaxUpload: 4 << 20}
	for _, c := range change {
		c(&o)
	}
	if s.api, err = deploymanager.New(o); err != nil {
		t.Fatal(err)
	}
	mux, err := rest.NewMux([]rest.Dialect{s.api.Dialect()}, rest.Options{Logger: slog.New(slog.NewTextHandler(s.log, nil)), MaxBody: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "req1", Stopping: s.stop})))
	})
	return s
}

// did makes the next change one whose operation ends so.
func (s *scene) did(o configs.Outcome) {
	s.change.Op = store.Operation{ID: "op1"}
	s.outcome = o
}

type answer struct {
	*httptest.ResponseRecorder
	s *scene
}

// send asks as the administrator; headers come in pairs and may name another token.
func (s *scene) send(method, path, body string, headers ...string) answer {
	s.Helper()
	r := httptest.NewRequest(method, deploymanager.Root+path, strings.NewReader(body)).WithContext(s.Context())
	r.Header.Set("Token", "admin")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a := answer{httptest.NewRecorder(), s}
	s.handler.ServeHTTP(a, r)
	return a
}

func (s *scene) get(path string) answer { s.Helper(); return s.send("GET", path, "") }

const urlencoded = "application/x-www-form-urlencoded"

// post sends a form, by pairs of keys and values.
func (s *scene) post(path string, fields ...string) answer {
	s.Helper()
	return s.send("POST", path, form(fields...), "Content-Type", urlencoded)
}

func form(fields ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return values.Encode()
}

// parts makes a multipart body; a key with a name after a colon is a file.
func parts(t *testing.T, fields ...string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		key, name, isFile := strings.Cut(fields[i], ":")
		create := w.CreateFormField
		if isFile {
			create = func(key string) (io.Writer, error) { return w.CreateFormFile(key, name) }
		}
		part, err := create(key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(fields[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func (s *scene) postParts(path string, fields ...string) answer {
	s.Helper()
	body, kind := parts(s.T, fields...)
	return s.send("POST", path, body, "Content-Type", kind)
}

// is wants this status and JSON, whatever its spaces and the order of keys.
func (a answer) is(status int, want string) answer {
	a.s.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(want), &y); err != nil {
		a.s.Fatalf("the test's own text: %v: %s", err, want)
	}
	if err := json.Unmarshal(a.Body.Bytes(), &x); err != nil {
		a.s.Errorf("%v: %q", err, a.Body)
	}
	if a.Code != status || !reflect.DeepEqual(x, y) {
		a.s.Errorf("got %d %s\nwant %d %s", a.Code, a.Body, status, want)
	}
	if kind := a.Header().Get("Content-Type"); kind != "application/json" {
		a.s.Errorf("Content-Type %q", kind)
	}
	return a
}

// refused wants an envelope without data.
func (a answer) refused(status int, text string) {
	a.s.Helper()
	raw, _ := json.Marshal(text)
	a.is(status, fmt.Sprintf(`{"statusCode":%d,"data":null,"error":%s}`, status, raw))
}

// asked wants these calls since the last time.
func (s *scene) asked(want ...string) {
	s.Helper()
	if got := s.calls; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		s.Errorf("asked %q\nwant  %q", got, want)
	}
	s.calls = nil
}
