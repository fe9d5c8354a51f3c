package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A commit of the store writes the changed pages, syncs them, then writes and syncs one more that makes them count. A probe does
// just that and nothing else: no program can make single commits last sooner on this disk.
const (
	probePages = 16 << 10
	probeMeta  = 4 << 10
	probeFile  = 8 << 20
	probeTime  = 250 * time.Millisecond
)

// disk is what a benchmark's disk gave while the benchmark ran: probed before and after, because others use it too.
type disk struct {
	b       *testing.B
	dir     string
	commits int
	took    time.Duration
}

// beside probes the disk of dir, outside the measured time.
func beside(b *testing.B, dir string) *disk {
	b.Helper()
	d := &disk{b: b, dir: dir}
	d.probe()
	return d
}

// report probes once more and tells a figure, what the disk gave, and their ratio.
func (d *disk) report(perSecond float64, unit string) {
	d.b.Helper()
	d.b.StopTimer()
	d.probe()
	raw := float64(d.commits) / d.took.Seconds()
	d.b.ReportMetric(perSecond, unit+"/s")
	d.b.ReportMetric(raw, "raw-commits/s")
	d.b.ReportMetric(perSecond/raw, unit+"/raw-commit")
}

func (d *disk) probe() {
	d.b.Helper()
	f, err := os.Create(filepath.Join(d.dir, "probe"))
	if err != nil {
		d.b.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(make([]byte, probeFile)); err != nil {
		d.b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		d.b.Fatal(err)
	}
	pages := make([]byte, probePages)
	begin := time.Now()
	for at := int64(probeMeta); time.Since(begin) < probeTime; at += probePages {
		if at+probePages > probeFile {
			at = probeMeta
		}
		if err := commit(f, pages, at); err != nil {
			d.b.Fatal(err)
		}
		d.commits++
	}
	d.took += time.Since(begin)
}

func commit(f *os.File, pages []byte, at int64) error {
	if _, err := f.WriteAt(pages, at); err != nil {
		return err
	}
	if err := datasync(f); err != nil {
		return err
	}
	if _, err := f.WriteAt(pages[:probeMeta], 0); err != nil {
		return err
	}
	return datasync(f)
}
