package kv_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/store/kv"
)

// childWrites updates the file from 32 goroutines until it is killed. Each prints an id once it was told
// that the record is on disk; every third update deletes an earlier record, every fifth fails.
func childWrites(path string) {
	d, err := kv.Open(path, options())
	if err != nil {
		die(err)
	}
	run := fmt.Sprint(os.Getpid())
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", run, w, i)
				err := d.Update(context.Background(), func(tx *kv.Tx) error { return childWrite(tx, run, w, i, id) })
				if err == nil {
					// One write call each, so that lines of different goroutines do not mix.
					_, err = os.Stdout.WriteString(id + "\n")
				}
				if err != nil && !errors.Is(err, errRefused) {
					die(err)
				}
			}
		})
	}
	wg.Wait()
}

func childWrite(tx *kv.Tx, run string, w, i int, id string) error {
	err := cars.Insert(tx, &car{ID: id, Plate: id, Tags: []string{"t", run}, Built: tx.Now(), Note: strings.Repeat("x", 50*(i%40))})
	if err != nil {
		return err
	}
	if i%3 == 2 {
		if err := ignoreMissing(cars.Delete(tx, kv.Text(fmt.Sprintf("%s-%d-%d", run, w, i-2)))); err != nil {
			return err
		}
	}
	if i%5 == 4 {
		return errRefused
	}
	return nil
}

func TestAKilledProcessLosesNothingItAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	path := filepath.Join(t.TempDir(), "x.db")
	d := openAt(t, path)
	if err := d.Migrate(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	closeDB(t, d)
	for round := range 6 {
		acked := killedAmid(t, path)
		d := openAt(t, path)
		sound(t, d)
		for _, id := range survivors(t, acked) {
			if len(has(t, d, id)) == 0 {
				t.Errorf("round %d: %s was acknowledged and is gone", round, id)
			}
		}
		noFailures(t, d)
		closeDB(t, d)
		t.Logf("round %d: %d acknowledged", round, len(acked))
	}
}

// noFailures makes sure that no update that failed left its record.
func noFailures(t *testing.T, d *kv.DB) {
	t.Helper()
	view(t, d, func(tx *kv.Tx) error {
		for c, err := range cars.Scan(tx, nil) {
			if err != nil {
				return err
			}
			if _, _, i := writeOf(t, c.ID); i%5 == 4 {
				t.Errorf("%s is there, though its update failed", c.ID)
			}
		}
		return nil
	})
}

func writeOf(t *testing.T, id string) (run, w, i int) {
	t.Helper()
	if _, err := fmt.Sscanf(id, "%d-%d-%d", &run, &w, &i); err != nil {
		t.Fatalf("id %q: %v", id, err)
	}
	return run, w, i
}

// killedAmid runs a writing process, kills it at a random moment and returns what it had acknowledged.
func killedAmid(t *testing.T, path string) map[string]bool {
	t.Helper()
	cmd, out := child(t, "write", path)
	acked := make(map[string]bool)
	first, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	acked[strings.TrimSpace(first)] = true
	timer := time.AfterFunc(time.Duration(20+rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			break // what was cut short was not read as acknowledged
		}
		acked[strings.TrimSpace(line)] = true
	}
	_ = cmd.Wait()
	return acked
}

// survivors leaves out the records that a later update deletes, be it acknowledged or in flight.
func survivors(t *testing.T, acked map[string]bool) []string {
	t.Helper()
	var list []string
	for id := range acked {
		if _, _, i := writeOf(t, id); i%3 != 0 {
			list = append(list, id)
		}
	}
	return list
}
