package vmpooler_test

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"yardmaster/auth"
	"yardmaster/executors/vm"
	"yardmaster/jobs/accounts"
	"yardmaster/jobs/pools"
	"yardmaster/server/rest"
	"yardmaster/server/vmpooler"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when every test begins.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// yard is the dialect over a real store, whose machines nobody keeps: they are as the test puts them.
type yard struct {
	t        testing.TB
	db       *store.DB
	service  *pools.Service
	accounts *accounts.Service
	api      *vmpooler.API
	handler  http.Handler
	stop     chan struct{}
	log      *strings.Builder

	mu  sync.Mutex
	now time.Time
}

// setting is how a yard differs from that of most tests: two pools, users, and everything open to those who say nothing, as it was.
type setting struct {
	cfg  pools.Config
	opts vmpooler.Options
	mode auth.Mode
	bare bool // no users
}

func debian(name string, size int, aliases ...string) pools.Pool {
	return pools.Pool{Pool: vm.Pool{Name: name, Template: "images/" + name, Domain: "example.com"}, Aliases: aliases, Size: size, Provider: "sim"}
}

func start(t testing.TB, change ...func(*setting)) *yard {
	t.Helper()
	s := setting{mode: auth.AnonymousFull, cfg: pools.Config{
		Pools:     []pools.Pool{debian("debian-7-i386", 5, "debian"), debian("debian-7-x86_64", 2)},
		Providers: map[string]pools.Provider{"sim": {}}, Lifetime: 12, LifetimeAuth: 24, MaxOnDemand: 5, RequestTTL: 5 * time.Minute,
		WaitMost: time.Minute,
	}}
	for _, c := range change {
		c(&s)
	}
	y := &yard{t: t, now: noon, stop: make(chan struct{}), log: &strings.Builder{}}
	var err error
	y.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Holder: "test", Now: y.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.db.Close() })
	log := slog.New(slog.NewTextHandler(y.log, nil))
	domain, err := pools.NewDomain(s.cfg, func() string { return "a" + strings.Repeat("0", 31) }, log)
	if err != nil {
		t.Fatal(err)
	}
	y.service = pools.NewService(domain, y.db, pools.NewKeeper(domain, y.db, map[string]vm.Provider{"sim": nil}, pools.Quiet{}))
	y.serve(s, log)
	return y
}

func (y *yard) serve(s setting, log *slog.Logger) {
	y.t.Helper()
	y.accounts = accounts.New(accounts.Options{DB: y.db, Sealer: plainSealer{}, Random: rand.Reader, Logger: log})
	y.t.Cleanup(func() { _ = y.accounts.Close(context.Background()) })
	owner := func(ctx context.Context, text string) (string, error) {
		token, err := y.accounts.Use(ctx, text)
		if err != nil {
			return "", auth.ErrNoToken
		}
		return token.User, nil
	}
	doors := auth.Chain(
		auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-Auth-Token"}, Lookups: []auth.TokenLookup{auth.UserTokens(owner, people{})}}),
		auth.Basic("yard", people{}, nil))
	o := s.opts
	o.Service, o.Logger, o.Zone = y.service, log, time.FixedZone("", -7*3600)
	var err error
	if o.Auth, err = auth.Anonymous(s.mode, doors); err != nil {
		y.t.Fatal(err)
	}
	if !s.bare {
		o.Accounts, o.Passwords = y.accounts, auth.Basic("Authentication required", people{}, nil)
	}
	if y.api, err = vmpooler.New(o); err != nil {
		y.t.Fatal(err)
	}
	mux, err := rest.NewMux([]rest.Dialect{y.api.Dialect()}, rest.Options{Logger: log})
	if err != nil {
		y.t.Fatal(err)
	}
	y.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "req1", Stopping: y.stop})))
	})
}

func (y *yard) clock() time.Time {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.now
}

func (y *yard) pass(d time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.now = y.now.Add(d)
}

type plainSealer struct{}

func (plainSealer) Seal(s string) (string, error) { return "sealed " + s, nil }
func (plainSealer) Open(s string) (string, error) { return strings.TrimPrefix(s, "sealed "), nil }

// people are users whose passwords are their names backwards.
type people struct{}

var roles = map[string]auth.Role{"jdoe": auth.RoleUser, "boss": auth.RoleAdmin, "looker": auth.RoleReader, "other": auth.RoleUser}

func backwards(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func (p people) CheckPassword(ctx context.Context, name, password string) (auth.Principal, error) {
	who, err := p.Known(ctx, name)
	if err == nil && password != backwards(name) {
		err = auth.ErrWrongPassword
	}
	return who, err
}

func (people) Known(_ context.Context, name string) (auth.Principal, error) {
	if roles[name] == auth.RoleNone {
		return auth.Principal{}, auth.ErrNoUser
	}
	return auth.Principal{Name: name, Role: roles[name], Issuer: auth.IssuerLocal}, nil
}

// put writes machines as they are.
func (y *yard) put(vms ...store.VM) {
	y.t.Helper()
	for _, v := range vms {
		if v.Pool == "" {
			v.Pool = "debian-7-i386"
		}
		if v.Domain == "" {
			v.Domain = "company.com"
		}
		if err := y.db.Update(y.t.Context(), func(tx *store.Tx) error { return store.PutVM(tx, &v) }); err != nil {
			y.t.Fatal(err)
		}
	}
}

// ready puts machines that wait, the first for longest.
func (y *yard) ready(pool string, names ...string) {
	for i, name := range names {
		y.put(store.VM{Name: name, Pool: pool, State: store.VMReady, Ready: noon.Add(-time.Hour + time.Duration(i)*time.Minute)})
	}
}

func (y *yard) vm(name string) store.VM {
	y.t.Helper()
	v, err := y.service.VM(y.t.Context(), name)
	if err != nil {
		y.t.Fatal(err)
	}
	return v
}

func (y *yard) update(fn func(tx *store.Tx) error) {
	y.t.Helper()
	if err := y.db.Update(y.t.Context(), fn); err != nil {
		y.t.Fatal(err)
	}
}

// token makes one for a user.
func (y *yard) token(user string) string {
	y.t.Helper()
	text, err := y.accounts.NewToken(y.t.Context(), user, 0)
	if err != nil {
		y.t.Fatal(err)
	}
	return text
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

type header map[string]string

func (y *yard) do(method, path, body string, headers header) answer {
	y.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(y.t.Context())
	for key, value := range headers {
		r.Header.Set(key, value)
	}
	if user := headers["user"]; user != "" {
		r.SetBasicAuth(user, backwards(user))
	}
	a := answer{httptest.NewRecorder(), y.t}
	y.handler.ServeHTTP(a, r)
	return a
}

func (y *yard) get(path string) answer         { y.t.Helper(); return y.do("GET", path, "", nil) }
func (y *yard) post(path, body string) answer  { y.t.Helper(); return y.do("POST", path, body, nil) }
func (y *yard) put1(path, body string) answer  { y.t.Helper(); return y.do("PUT", path, body, nil) }
func (y *yard) del(path string) answer         { y.t.Helper(); return y.do("DELETE", path, "", nil) }
func with(token string) header                 { return header{"X-Auth-Token": token} }
func as(user string) header                    { return header{"user": user} }
func (y *yard) getAs(user, path string) answer { y.t.Helper(); return y.do("GET", path, "", as(user)) }

// is wants exactly this body, which is given without line ends or indentation but with one space after colons; status first.
func (a answer) is(status int, body string) answer {
	a.t.Helper()
	if a.Code != status || oneLine(a.Body.String()) != body {
		a.t.Errorf("got %d %s\nwant %d %s", a.Code, oneLine(a.Body.String()), status, body)
	}
	if ct := a.Header().Get("Content-Type"); ct != "application/json" {
		a.t.Errorf("Content-Type %q", ct)
	}
	return a
}

// printed wants a body to the byte.
func (a answer) printed(status int, body string) {
	a.t.Helper()
	if a.Code != status || a.Body.String() != body {
		a.t.Errorf("got %d\n%s\nwant %d\n%s", a.Code, a.Body, status, body)
	}
}

func oneLine(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(strings.TrimSpace(line))
	}
	return b.String()
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
}

const no = `{"ok": false}`
const yes = `{"ok": true}`

func unzip(t testing.TB, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// samples are what a registry has under a prefix, one a line: counts of histograms, and without the label that all have.
func samples(t testing.TB, registry *prometheus.Registry, prefix string) string {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		name, ours := strings.CutPrefix(f.GetName(), prefix+"_")
		if !ours || name == "http_request_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			instance := ""
			for _, l := range m.GetLabel() {
				if l.GetName() == "vmpooler_instance" {
					instance = l.GetValue()
				} else {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			if want := map[bool]string{false: "vmpooler"}[name == "http_requests_total"]; instance != want {
				t.Errorf("%s is of instance %q, want %q", name, instance, want)
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			out = append(out, fmt.Sprintf("%s{%s} %g", name, strings.Join(labels, ","), value))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
