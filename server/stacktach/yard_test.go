package stacktach_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/auth"
	"yardmaster/server/rest"
	"yardmaster/server/stacktach"
	"yardmaster/store/events"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when every test takes place.
var noon = time.Date(2014, 1, 15, 12, 0, 0, 250_000_000, time.UTC)

// The ids of most tests.
const (
	uuid    = "77e0f192-00a2-4f14-ad56-7467897828ea"
	image   = "5c2c4b4a-9d5c-4b7c-8d7e-2f6f3f0a1b2c"
	request = "req-a7517402-6192-4d0a-85a1-e14051790d5a"
)

// yard is the dialect over a real store.
type yard struct {
	*domain
	t       testing.TB
	db      *events.DB
	handler http.Handler
	log     *strings.Builder
	now     time.Time
}

// domain is the service of the tests: it reads the store and takes down what it is told to write.
type domain struct {
	db      *events.DB
	recent  []events.Event
	whole   bool
	asked   int // how often for what is recent
	told    []string
	unknown []string
	several []string
	failure error
}

func (d *domain) View(ctx context.Context, fn func(*events.Tx) error) error {
	return d.db.View(ctx, fn)
}

func (d *domain) Recent(s events.Service, since, until time.Time) ([]events.Event, bool) {
	d.asked++
	return d.recent, d.whole
}

func (d *domain) Confirm(_ context.Context, s events.Service, sent map[string]int, ids map[string]string) ([]string, []string, error) {
	d.told = append(d.told, fmt.Sprintf("confirm %s %v %v", s, sent, ids))
	return d.unknown, d.several, d.failure
}

func (d *domain) Repair(_ context.Context, s events.Service, ids []string) ([]string, []string, error) {
	d.told = append(d.told, fmt.Sprintf("repair %s %v", s, ids))
	return d.unknown, d.several, d.failure
}

func (d *domain) PutTenants(_ context.Context, tenants []events.Tenant) error {
	for _, t := range tenants {
		d.told = append(d.told, fmt.Sprintf("tenant %s %s %v", t.ID, t.Name, t.Types))
	}
	return d.failure
}

func start(t testing.TB) *yard { return startAs(t, auth.Open()) }

func startAs(t testing.TB, who auth.Authenticator) *yard {
	t.Helper()
	y := &yard{t: t, log: &strings.Builder{}, now: noon}
	clock := func() time.Time { return y.now }
	var err error
	y.db, err = events.Open(t.Context(), events.Options{Path: filepath.Join(t.TempDir(), "events.db"), Holder: "test", Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.db.Close() })
	y.domain = &domain{db: y.db}
	log := slog.New(slog.NewTextHandler(y.log, nil))
	api, err := stacktach.New(stacktach.Options{Service: y.domain, Auth: who, Now: clock, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	mux, err := rest.NewMux([]rest.Dialect{api.Dialect()}, rest.Options{Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	y.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(rest.WithTrace(r.Context(), &rest.Trace{RequestID: "req1"})))
	})
	return y
}

// at is so many seconds before noon's whole second.
func at(seconds float64) time.Time {
	return noon.Truncate(time.Second).Add(time.Duration(seconds * float64(time.Second)))
}

// nova is an event of nova on compute-1 in region-1.
func nova(kind string, when time.Time) events.Event {
	return events.Event{Service: events.Nova, Type: kind, When: when, RoutingKey: "monitor.info", Publisher: "compute.compute-1", Source: "compute",
		Host: events.Some("compute-1"), Instance: events.Some(uuid), Tenant: events.Some("tenant-1"), RequestID: request,
		State: events.Some("active"), OldState: events.Some(""), OldTask: events.Some(""), Task: events.Some("")}
}

func glance(kind string, when time.Time) events.Event {
	return events.Event{Service: events.Glance, Type: kind, When: when, RoutingKey: "monitor_glance.info", Publisher: "glance-api01", Source: "glance-api01",
		UUID: events.Some(image), Status: events.Some("active"), Owner: events.Some("owner-1")}
}

// put ingests events in order, each with a body, and pairs those that end in .start and .end. It gives their ids.
func (y *yard) put(all ...events.Event) []int64 {
	y.t.Helper()
	ids := make([]int64, len(all))
	err := y.db.Ingest(y.t.Context(), func(tx *events.Tx) error {
		for i := range all {
			e := all[i]
			if e.Deployment == 0 {
				id, err := tx.DeploymentID("region-1")
				if err != nil {
					return err
				}
				e.Deployment = id
			}
			e.Received = y.now
			if _, err := tx.Append(&e, []byte(fmt.Sprintf(`[%q,{"event_type":%q}]`, e.RoutingKey, e.Type))); err != nil {
				return err
			}
			ids[i] = e.ID
			if err := pair(tx, &e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		y.t.Fatal(err)
	}
	return ids
}

func pair(tx *events.Tx, e *events.Event) error {
	if !e.Instance.OK {
		return nil
	}
	if name, ok := strings.CutSuffix(e.Type, ".start"); ok {
		return tx.StartTiming(e, name)
	}
	if name, ok := strings.CutSuffix(e.Type, ".end"); ok {
		_, err := tx.EndTiming(e, name)
		return err
	}
	return nil
}

func (y *yard) update(fn func(tx *events.Tx) error) {
	y.t.Helper()
	if err := y.db.Update(y.t.Context(), fn); err != nil {
		y.t.Fatal(err)
	}
}

// took puts one start and one end.
func (y *yard) took(name string, began time.Time, d time.Duration) {
	y.put(nova(name+".start", began), nova(name+".end", began.Add(d)))
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t    testing.TB
	path string
}

func (y *yard) do(method, path, body string) answer {
	y.t.Helper()
	r := httptest.NewRequest(method, strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body)).WithContext(y.t.Context())
	a := answer{httptest.NewRecorder(), y.t, method + " " + path}
	y.handler.ServeHTTP(a, r)
	return a
}

func (y *yard) get(path string) answer { y.t.Helper(); return y.do("GET", path, "") }

// is wants exactly this body, and JSON's type.
func (a answer) is(status int, body string) answer {
	a.t.Helper()
	if a.Code != status || a.Body.String() != body {
		a.t.Errorf("%s:\n got %d %s\nwant %d %s", a.path, a.Code, a.Body, status, body)
	}
	if ct := a.Header().Get("Content-Type"); ct != "application/json" {
		a.t.Errorf("%s: Content-Type %q", a.path, ct)
	}
	return a
}

// refused wants an error in rows, whose text holds part.
func (a answer) refused(status int, part string) {
	a.t.Helper()
	var rows [][]string
	if err := json.Unmarshal(a.Body.Bytes(), &rows); err != nil || len(rows) != 2 || strings.Join(rows[0], ",") != "Error,Message" || len(rows[1]) != 2 {
		a.t.Fatalf("%s: %d %s", a.path, a.Code, a.Body)
	}
	if a.Code != status || rows[1][0] != http.StatusText(status) || !strings.Contains(rows[1][1], part) {
		a.t.Errorf("%s: got %d %q, want %d with %q", a.path, a.Code, rows[1], status, part)
	}
}

// denied wants an error of /db, whose text holds part.
func (a answer) denied(status int, part string) {
	a.t.Helper()
	var o struct {
		Message string
		Status  int
	}
	if err := json.Unmarshal(a.Body.Bytes(), &o); err != nil || a.Code != status || o.Status != status || !strings.Contains(o.Message, part) {
		a.t.Errorf("%s: got %d %s, want %d with %q", a.path, a.Code, a.Body, status, part)
	}
}

// page wants the HTML of a path that is none.
func (a answer) page() {
	a.t.Helper()
	if a.Code != 404 || !strings.Contains(a.Body.String(), "<title>Not Found</title>") || !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") {
		a.t.Errorf("%s: got %d %s", a.path, a.Code, a.Body)
	}
}

// table is an answer of rows.
func (a answer) table() [][]any {
	a.t.Helper()
	var rows [][]any
	if err := json.Unmarshal(a.Body.Bytes(), &rows); err != nil || a.Code != 200 {
		a.t.Fatalf("%s: %d %s", a.path, a.Code, a.Body)
	}
	return rows
}

// column wants the values of one column below the header.
func (a answer) column(i int, want ...any) {
	a.t.Helper()
	rows := a.table()
	got := make([]any, 0, len(rows))
	for _, row := range rows[min(1, len(rows)):] {
		got = append(got, row[i])
	}
	if fmt.Sprintf("%v", got) != fmt.Sprintf("%v", want) {
		a.t.Errorf("%s: column %d is %v, want %v", a.path, i, got, want)
	}
}
