package accounts_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/jobs/accounts"
	"yardmaster/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// mirror seals by turning a text around; another mark is another key.
type mirror string

func (m mirror) Seal(s string) (string, error) { return string(m) + turned(s), nil }

func (m mirror) Open(s string) (string, error) {
	text, ours := strings.CutPrefix(s, string(m))
	if !ours {
		return "", errors.New("another key")
	}
	return turned(text), nil
}

func turned(s string) string {
	var b strings.Builder
	for i := len(s) - 1; i >= 0; i-- {
		b.WriteByte(s[i])
	}
	return b.String()
}

func hash(password string) (string, error) {
	if password == "" {
		return "", errUnfit
	}
	return "hash of " + turned(password), nil
}

var errUnfit = errors.New("unfit password")

// desk is a Service on a store of its own, with a clock that stands still until it is moved.
type desk struct {
	*accounts.Service
	t       *testing.T
	db      *store.DB
	dir     string
	options accounts.Options
	log     bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, dir: t.TempDir(), now: noon}
	d.options = accounts.Options{Sealer: mirror("sealed:"), Random: rand.Reader, Flush: time.Hour, Sweep: time.Hour}
	d.options.Logger = slog.New(slog.NewTextHandler(&d.log, nil))
	d.open()
	t.Cleanup(d.close)
	return d
}

func (d *desk) open() {
	d.t.Helper()
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(d.dir, "control.db"), Now: d.clock})
	if err != nil {
		d.t.Fatal(err)
	}
	d.db, d.options.DB, d.options.Users = db, db, accounts.NewUsers(db, hash, "root")
	d.Service = accounts.New(d.options)
}

func (d *desk) close() {
	d.t.Helper()
	if err := errors.Join(d.Close(context.Background()), d.db.Close()); err != nil {
		d.t.Error(err)
	}
}

func (d *desk) restart() {
	d.close()
	d.open()
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

func (d *desk) token(user string, ttl time.Duration) string {
	d.t.Helper()
	text, err := d.NewToken(d.t.Context(), user, ttl)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

func (d *desk) list(user string) []accounts.Token {
	d.t.Helper()
	tokens, err := d.TokensOf(d.t.Context(), user)
	if err != nil {
		d.t.Fatal(err)
	}
	return tokens
}

func (d *desk) stored() (n int) {
	d.t.Helper()
	err := d.db.View(d.t.Context(), func(tx *store.Tx) error {
		n = store.Tokens.Count(tx)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

func (d *desk) add(name, password, role string) {
	d.t.Helper()
	if _, err := d.AddUser(d.t.Context(), name, password, role); err != nil {
		d.t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// repeat gives the same bytes for ever.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}
