package ssh

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// floor is what a script costs here without any network: the mean of a number of forks, measured in the same run.
func floor(b *testing.B, script string) time.Duration {
	b.Helper()
	const times = 100
	begin := time.Now()
	for range times {
		if err := exec.Command("/bin/bash", "-c", script).Run(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begin) / times
}

func perFloor(b *testing.B, floor time.Duration) {
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(floor), "x/floor")
}

func BenchmarkCommand(b *testing.B) {
	d := newSSHD(b)
	least := floor(b, "true")
	b.Run("new connection", func(b *testing.B) {
		for b.Loop() {
			s := reachAll(b, nil, d)
			if err := s.Check(b.Context(), "node0"); err != nil {
				b.Fatal(err)
			}
			s.Close()
		}
		perFloor(b, least)
	})
	for _, parallel := range []int{1, 4, 8} {
		b.Run("kept connection, "+string(rune('0'+parallel))+" at once", func(b *testing.B) {
			s := reachAll(b, nil, d)
			if err := s.Check(b.Context(), "node0"); err != nil {
				b.Fatal(err)
			}
			work := make(chan struct{})
			errs := make(chan error, parallel)
			for range parallel {
				go func() {
					var first error
					for range work {
						if err := s.Check(b.Context(), "node0"); err != nil && first == nil {
							first = err
						}
					}
					errs <- first
				}()
			}
			for b.Loop() {
				work <- struct{}{}
			}
			close(work)
			for range parallel {
				if err := <-errs; err != nil {
					b.Fatal(err)
				}
			}
			perFloor(b, least)
		})
	}
}

// A brick takes eight commands; what they do is left out, so that only the way to the node is measured.
func BenchmarkBrick(b *testing.B) {
	d := newSSHD(b)
	least := 8 * floor(b, "true")
	for _, way := range []struct {
		name    string
		scripts []string
	}{
		{"eight runs", slices.Repeat([]string{"true"}, 8)},
		{"one script", []string{"set -e\n" + strings.Repeat("true\n", 8)}},
	} {
		b.Run(way.name, func(b *testing.B) {
			s := reachAll(b, nil, d)
			for b.Loop() {
				for _, script := range way.scripts {
					if _, err := s.Run(b.Context(), "node0", script); err != nil {
						b.Fatal(err)
					}
				}
			}
			perFloor(b, least)
		})
	}
}
