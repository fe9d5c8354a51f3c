package hmapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"yardmaster/auth"
	"yardmaster/jobs/instances"
	"yardmaster/server/hmapi"
	"yardmaster/server/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service answers as a test says and notes what it was asked.
type service struct {
	calls []string
	err   error
	wait  func(ctx context.Context) error // what changes without a job do

	changes  []string
	jobs     []instances.Job
	listed   []instances.Listed
	statuses []instances.Status
	instance instances.Instance
	text     string
}

func (s *service) note(name string, args ...any) {
	text := make([]string, len(args))
	for i, a := range args {
		text[i] = fmt.Sprintf("%v", a)
	}
	s.calls = append(s.calls, name+"("+strings.Join(text, ", ")+")")
}

// began gives a job that is called as the call that began it.
func (s *service) began(name string, args ...any) (string, error) {
	s.note(name, args...)
	return "hm-" + strings.ToLower(name) + "-1-x", s.err
}

func (s *service) waited(ctx context.Context, name string, args ...any) error {
	s.note(name, args...)
	if s.wait != nil {
		return s.wait(ctx)
	}
	return s.err
}

func (s *service) Reload(_ context.Context, by instances.Who) ([]string, error) {
	s.note("Reload", by.User)
	return s.changes, s.err
}

func (s *service) Jobs(_ context.Context, org int) ([]instances.Job, error) {
	s.note("Jobs", org)
	return s.jobs, s.err
}

func (s *service) Job(_ context.Context, org int, id string) (instances.Job, error) {
	s.note("Job", org, id)
	if s.err != nil {
		return instances.Job{}, s.err
	}
	return s.jobs[0], nil
}

func (s *service) AbortJob(_ context.Context, by instances.Who, org int, id string) error {
	s.note("AbortJob", by.User, org, id)
	return s.err
}

func (s *service) Instances(context.Context) ([]instances.Listed, error) { return s.listed, s.err }

func (s *service) Instance(_ context.Context, org int, name string) (instances.Instance, error) {
	s.note("Instance", org, name)
	return s.instance, s.err
}

func (s *service) Deploy(_ context.Context, by instances.Who, i instances.Instance) (string, error) {
	return s.began("Deploy", by.User, i.Org, i.Name)
}

func (s *service) Update(_ context.Context, by instances.Who, org int, name string) (string, error) {
	return s.began("Update", by.User, org, name)
}

func (s *service) Delete(_ context.Context, by instances.Who, org int, name string, keepData bool) (string, error) {
	return s.began("Delete", by.User, org, name, keepData)
}

func (s *service) Diff(_ context.Context, org int, name string) (string, error) {
	s.note("Diff", org, name)
	return s.text, s.err
}

func (s *service) DiffOf(_ context.Context, i instances.Instance) (string, error) {
	s.note("DiffOf", i.Org, i.Name)
	return s.text, s.err
}

func (s *service) ClosedDiff(_ context.Context, org int, name string) (string, error) {
	s.note("ClosedDiff", org, name)
	return s.text, s.err
}

func (s *service) ClosedDiffOf(_ context.Context, i instances.Instance) (string, error) {
	s.note("ClosedDiffOf", i.Org, i.Name)
	return s.text, s.err
}

func (s *service) StatusList(context.Context) ([]instances.Status, error) { return s.statuses, s.err }

func (s *service) StandbyOn(_ context.Context, by instances.Who, org int, name string) (string, error) {
	return s.began("StandbyOn", by.User, org, name)
}

func (s *service) StandbyOff(ctx context.Context, by instances.Who, org int, name string) error {
	return s.waited(ctx, "StandbyOff", by.User, org, name)
}

func (s *service) SwitchColor(ctx context.Context, by instances.Who, org int, name string) error {
	return s.waited(ctx, "SwitchColor", by.User, org, name)
}

func (s *service) StartImporter(ctx context.Context, by instances.Who, org int, name string, settings []byte) error {
	return s.waited(ctx, "StartImporter", by.User, org, name, string(settings))
}

func (s *service) StopImporter(ctx context.Context, by instances.Who, org int, name string) error {
	return s.waited(ctx, "StopImporter", by.User, org, name)
}

// people are users whose name is their role and their password.
type people struct{}

func (people) CheckPassword(_ context.Context, name, password string) (auth.Principal, error) {
	role, err := auth.ParseRole(name)
	if err != nil || password != name {
		return auth.Principal{}, auth.ErrWrongPassword
	}
	return auth.Principal{Name: "the-" + name, Role: role, Issuer: auth.IssuerLocal}, nil
}

// scene is the dialect over such a service, as a server has it.
type scene struct {
	*testing.T
	*service
	api     *hmapi.API
	handler http.Handler
	stop    chan struct{}
	log     *bytes.Buffer
}

func begin(t *testing.T, change ...func(*hmapi.Options)) *scene {
	t.Helper()
	s := &scene{T: t, service: &service{}, stop: make(chan struct{}), log: &bytes.Buffer{}}
	logger := slog.New(slog.NewTextHandler(s.log, nil))
	o := hmapi.Options{Service: s.service, Auth: auth.Basic("hosted metrics", people{}, nil), Logger: logger}
	for _, c := range change {
		c(&o)
	}
	var err error
	if s.api, err = hmapi.New(o); err != nil {
		t.Fatal(err)
	}
	mux, err := rest.NewMux([]rest.Dialect{s.api.Dialect()}, rest.Options{Logger: logger, MaxBody: 64})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "req1", Stopping: s.stop})))
	})
	return s
}

type answer struct {
	*httptest.ResponseRecorder
	s *scene
}

// as asks as a user; nobody sends no credentials at all. The type of the body is the one that curl -d gives it.
func (s *scene) as(user, method, path, body string) answer {
	s.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(s.Context())
	if user != "nobody" {
		r.SetBasicAuth(user, user)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := answer{httptest.NewRecorder(), s}
	s.handler.ServeHTTP(a, r)
	return a
}

// send asks as an administrator.
func (s *scene) send(method, path, body string) answer {
	s.Helper()
	return s.as("admin", method, path, body)
}

func (s *scene) get(path string) answer { s.Helper(); return s.send("GET", path, "") }

// is wants this status and this body, byte by byte.
func (a answer) is(status int, want string) answer {
	a.s.Helper()
	if got := strings.TrimSuffix(a.Body.String(), "\n"); a.Code != status || got != want {
		a.s.Errorf("got %d %s\nwant %d %s", a.Code, got, status, want)
	}
	if kind := a.Header().Get("Content-Type"); kind != "application/json" {
		a.s.Errorf("Content-Type %q", kind)
	}
	return a
}

// says wants plain text.
func (a answer) says(want string) {
	a.s.Helper()
	if a.Code != 200 || a.Body.String() != want {
		a.s.Errorf("got %d %q\nwant %q", a.Code, a.Body, want)
	}
	if kind := a.Header().Get("Content-Type"); kind != "text/plain; charset=utf-8" {
		a.s.Errorf("Content-Type %q", kind)
	}
}

func (a answer) refused(status int, text string) answer {
	a.s.Helper()
	raw, _ := json.Marshal(text)
	return a.is(status, fmt.Sprintf(`{"success":false,"error":%s}`, raw))
}

// asked wants these calls since the last time.
func (s *scene) asked(want ...string) {
	s.Helper()
	if got := s.calls; !reflect.DeepEqual(got, want) && len(got)+len(want) > 0 {
		s.Errorf("asked %q\nwant  %q", got, want)
	}
	s.calls = nil
}
