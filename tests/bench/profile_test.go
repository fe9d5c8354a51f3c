package bench

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var profiles = flag.String("profiles", "", "folder for a CPU profile of the server under each benchmark")

// measure runs work in the measured time and reports what it cost the server in computing, for each of the b.N things done.
// Unlike the rate, that says the same on a machine that others use too. Where profiles are wanted, the server makes one.
func (y *yard) measure(b *testing.B, unit string, work func()) {
	b.Helper()
	var profile sync.WaitGroup
	if *profiles != "" && b.N > 1 {
		profile.Go(func() { y.profile(b) })
	}
	before := y.busy()
	b.ResetTimer()
	work()
	b.StopTimer()
	cost := y.busy() - before
	profile.Wait()
	b.ReportMetric(float64(cost.Microseconds())/1000/float64(b.N), "server-ms/"+unit)
	b.ReportMetric(y.resident(), "RSS-MiB")
}

func (y *yard) profile(b *testing.B) {
	a := y.client().get("/debug/pprof/profile", "seconds=2")
	name := strings.NewReplacer("/", "-", "=", "-").Replace(b.Name()) + ".pprof"
	if err := os.WriteFile(filepath.Join(*profiles, name), []byte(a.Body), 0o600); err != nil {
		b.Error(err)
	}
}
