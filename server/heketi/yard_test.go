package heketi_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/auth"
	"yardmaster/executors/gluster"
	"yardmaster/executors/sim"
	"yardmaster/jobs"
	"yardmaster/jobs/queue"
	"yardmaster/jobs/volumes"
	"yardmaster/jobs/volumes/placement"
	"yardmaster/server/heketi"
	"yardmaster/server/rest"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	adminKey   = "admin secret"
	userKey    = "user secret"
	readerText = "readerreaderreaderreader"
	aliceText  = "alicealicealicealicealice"
)

// yard is the dialect over a real store. At rest, operations stay as they were accepted; at work, they run on a simulated cluster.
type yard struct {
	t       testing.TB
	db      *store.DB
	api     *heketi.API
	handler http.Handler
	service *volumes.Service
	runner  *jobs.Runner
	sim     *sim.Cluster
	level   *slog.LevelVar
}

type plainSecrets struct{}

func (plainSecrets) Seal(s string) (string, error) { return "sealed " + s, nil }
func (plainSecrets) Open(s string) (string, error) { return strings.TrimPrefix(s, "sealed "), nil }

type setting func(*heketi.Options, *volumes.Config, *jobs.Limits)

func atRest(t testing.TB, settings ...setting) *yard { return open(t, nil, settings...) }

// atWork runs operations in this process, over the embedded queue.
func atWork(t testing.TB, settings ...setting) *yard {
	t.Helper()
	q, err := queue.Open(t.Context(), queue.Options{URL: queue.Embedded})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	y := open(t, q, settings...)
	ctx, cancel := context.WithCancel(context.Background())
	if err := y.runner.Start(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- y.runner.LocalWorker().Work(ctx, 8) }()
	t.Cleanup(func() {
		cancel()
		<-done
		y.runner.Close()
	})
	return y
}

func open(t testing.TB, q *queue.Queue, settings ...setting) *yard {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "control.db"), Holder: "test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	machines, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = machines.Close() })

	y := &yard{t: t, db: db, sim: machines, level: new(slog.LevelVar)}
	o := heketi.Options{DB: db, LogLevel: y.level, Auth: doors(t), OpenHello: true, RetryAfter: 1500 * time.Millisecond}
	cfg := volumes.Config{
		Limits:     placement.Limits{BrickMinKiB: volumes.GiB, BrickMaxKiB: 4096 * volumes.GiB, MaxBricks: 32, AverageFileKiB: 64},
		MaxVolumes: 1000, AutoBlockHosting: true, BlockHostingGiB: 100, BlockHostingOptions: "group gluster-block", CreateRetries: 4,
		MountRoot: "/var/lib/heketi/mounts",
	}
	limits := jobs.Limits{}
	for _, set := range settings {
		set(&o, &cfg, &limits)
	}
	log := slog.New(slog.DiscardHandler)
	domain := volumes.NewDomain(cfg, newIDs(), volumes.NewHealth(time.Now), log)
	y.runner, err = jobs.New(jobs.Options{DB: db, Queue: q, Kinds: domain.Kinds(gluster.New(machines, gluster.Options{}), plainSecrets{}), Logger: log,
		NewID: newIDs(), Epoch: "e", Worker: "w", Limits: limits, Retention: time.Hour, Takeover: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	y.service = volumes.NewService(domain, db, y.runner, plainSecrets{})
	o.Service, o.Runner = y.service, y.runner
	if y.api, err = heketi.New(o); err != nil {
		t.Fatal(err)
	}
	if y.handler, err = rest.NewMux([]rest.Dialect{y.api.Dialect()}, rest.Options{Fallback: heketi.Name}); err != nil {
		t.Fatal(err)
	}
	return y
}

var idsMade atomic.Uint64

// newIDs makes ids that differ and are never equal to the ones that tests write by hand.
func newIDs() func() string {
	return func() string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d", idsMade.Add(1)))
		return hex.EncodeToString(sum[:16])
	}
}

func doors(t testing.TB) auth.Authenticator {
	t.Helper()
	signed, err := auth.NewHeketiJWT(adminKey, userKey, 2*time.Minute, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	opaque, err := auth.NewTokens([]auth.Token{
		{Name: "looker", SHA256: sum(readerText), Role: auth.RoleReader}, {Name: "alice", SHA256: sum(aliceText), Role: auth.RoleUser},
	})
	if err != nil {
		t.Fatal(err)
	}
	return auth.Chain(signed, opaque)
}

// sign adds the token that Heketi's clients would send; "alice" and "looker" have tokens of the server's own.
func sign(r *http.Request, who string) {
	text := map[string]string{"alice": aliceText, "looker": readerText}[who]
	switch who {
	case "":
		return
	case "admin", "user":
		key := map[string]string{"admin": adminKey, "user": userKey}[who]
		now := time.Now().Unix()
		claims, _ := json.Marshal(map[string]any{"iss": who, "iat": now, "exp": now + 60, "qsh": auth.HeketiQSH(r.Method, r.URL.Path)})
		encode := base64.RawURLEncoding.EncodeToString
		body := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(body))
		text = body + "." + encode(mac.Sum(nil))
	}
	r.Header.Set("Authorization", "bearer "+text)
}

type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (y *yard) as(who, method, path, body string) answer {
	y.t.Helper()
	var content *strings.Reader
	r := httptest.NewRequest(method, path, nil)
	if body != "" {
		content = strings.NewReader(body)
		r = httptest.NewRequest(method, path, content)
	}
	sign(r, who)
	a := answer{httptest.NewRecorder(), y.t}
	y.handler.ServeHTTP(a, r)
	return a
}

func (y *yard) get(path string) answer        { y.t.Helper(); return y.as("admin", "GET", path, "") }
func (y *yard) post(path, body string) answer { y.t.Helper(); return y.as("admin", "POST", path, body) }
func (y *yard) del(path string) answer        { y.t.Helper(); return y.as("admin", "DELETE", path, "") }

// is demands a status and a body; a text answer ends with a line end that is not written down.
func (a answer) is(status int, body string) {
	a.t.Helper()
	if got := strings.TrimSuffix(a.Body.String(), "\n"); a.Code != status || got != body {
		a.t.Errorf("answered %d %q\nwant     %d %q", a.Code, got, status, body)
	}
}

func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), v); err != nil {
		a.t.Fatalf("answer %d %q: %v", a.Code, a.Body, err)
	}
}

// operation is the path to poll of a request that was accepted.
func (a answer) operation() string {
	a.t.Helper()
	if a.Code != http.StatusAccepted || !strings.HasPrefix(a.Header().Get("Location"), "/queue/") {
		a.t.Fatalf("answered %d %q, Location %q, want an operation", a.Code, a.Body, a.Header().Get("Location"))
	}
	return a.Header().Get("Location")
}

// ended polls until the operation has ended, as clients do.
func (y *yard) ended(path string) answer {
	y.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		a := y.get(path)
		if a.Code != http.StatusOK {
			return a
		}
		if a.Header().Get("X-Pending") != "true" {
			y.t.Fatalf("%s: 200 without X-Pending", path)
		}
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		_, _ = y.runner.Wait(ctx, strings.TrimPrefix(path, "/queue/"))
		cancel()
	}
	y.t.Fatalf("%s has not ended", path)
	return answer{}
}

// update writes records as an operation would.
func (y *yard) update(fn func(tx *store.Tx) error) {
	y.t.Helper()
	if err := y.db.Update(y.t.Context(), fn); err != nil {
		y.t.Fatal(err)
	}
}

func put[V any](y *yard, t store.Table[V], records ...V) {
	y.t.Helper()
	y.update(func(tx *store.Tx) error {
		for i := range records {
			if err := t.Put(tx, &records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// hexID is a readable id: one letter, thirty-two times.
func hexID(c string) string { return strings.Repeat(c, 32) }

func compact(t testing.TB, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
