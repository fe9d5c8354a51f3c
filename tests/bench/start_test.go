package bench

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// BenchmarkStart runs the server on a yard of 1,000 volumes, from the start of the process to its first answer.
func BenchmarkStart(b *testing.B) {
	y := start(b, settings{})
	y.fill(1000)
	b.Run("volumes=1000", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			y.end()
			b.StartTimer()
			y.begin()
		}
		b.ReportMetric(y.resident(), "RSS-MiB")
	})
}

func (y *yard) end() {
	if err := y.Signal(syscall.SIGTERM); err != nil {
		y.b.Fatal(err)
	}
	if err := y.Wait(time.Minute); err != nil {
		y.b.Fatal(err)
	}
}

// begin starts the server and asks every millisecond until it answers.
func (y *yard) begin() {
	if err := y.Process.Start(); err != nil {
		y.b.Fatal(err)
	}
	ask := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for y.Running() {
		resp, err := ask.Get(y.URL + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		<-tick.C
	}
	y.b.Fatal("server ended by itself")
}
