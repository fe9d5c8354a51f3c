package events_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"yardmaster/store/events"
)

// sharedDir is where the benchmarks of queries have what they fill only once.
var sharedDir string

func TestMain(m *testing.M) {
	// Each case goes to the disk: the default of 100 takes half a minute. The command line may ask for more.
	_ = flag.Set("rapid.checks", "30")
	goleak.VerifyTestMain(run{m})
}

// run ends what benchmarks share.
type run struct{ *testing.M }

func (r run) Run() int {
	code := r.M.Run()
	for _, f := range filled.bySize {
		_ = f.Close()
	}
	if sharedDir != "" {
		_ = os.RemoveAll(sharedDir)
	}
	return code
}

func shared(t testing.TB) string {
	if sharedDir == "" {
		var err error
		if sharedDir, err = os.MkdirTemp("", "events"); err != nil {
			t.Fatal(err)
		}
	}
	return sharedDir
}

var noon = time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)

// opened is a database that a test can end and open again.
type opened struct {
	*events.DB
	options events.Options
}

func open(t testing.TB, partSize, tail int) *opened {
	t.Helper()
	o := &opened{options: events.Options{
		Path: filepath.Join(t.TempDir(), "events.db"), Now: func() time.Time { return noon }, PartSize: partSize, Tail: tail,
	}}
	o.open(t)
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func (o *opened) open(t fataler) {
	t.Helper()
	db, err := events.Open(context.Background(), o.options)
	if err != nil {
		t.Fatal(err)
	}
	o.DB = db
}

func (o *opened) reopen(t fataler, kill bool) {
	t.Helper()
	end := o.Close
	if kill {
		end = o.Kill
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	o.open(t)
}

func (o *opened) ingest(t fataler, fn func(*events.Tx) error) {
	t.Helper()
	if err := o.Ingest(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func (o *opened) view(t fataler, fn func(*events.Tx) error) {
	t.Helper()
	if err := o.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func (o *opened) sound(t fataler) {
	t.Helper()
	problems, err := o.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) > 0 {
		t.Fatal(problems)
	}
}

func (o *opened) append(t fataler, list ...events.Event) {
	t.Helper()
	o.ingest(t, func(tx *events.Tx) error {
		for i := range list {
			if _, err := tx.Append(&list[i], []byte("{}")); err != nil {
				return err
			}
		}
		return nil
	})
}

func ptr[T any](v T) *T { return &v }
