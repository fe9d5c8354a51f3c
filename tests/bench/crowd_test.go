package bench

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// crowd is how many volumes there are already, from next to none to what a cluster has by default at most.
var crowd = []int{1, 100, 1000}

// BenchmarkCreate creates a volume and deletes it beside so many others, which Heketi does the slower the more there are.
func BenchmarkCreate(b *testing.B) {
	y := start(b, settings{instant: true})
	for _, n := range crowd {
		b.Run(fmt.Sprintf("volumes=%d", n), func(b *testing.B) {
			y.fill(n)
			c := y.client()
			d := beside(b, y.Dir)
			var creating time.Duration
			y.measure(b, "pair", func() {
				for range b.N {
					begin := time.Now()
					op := c.create()
					creating += time.Since(begin)
					c.do(http.MethodDelete, "/volumes/"+id(op), nil)
				}
			})
			d.report(float64(b.N)/creating.Seconds(), "creates")
		})
	}
}
