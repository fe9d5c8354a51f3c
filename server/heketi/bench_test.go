package heketi_test

import (
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"testing"

	"yardmaster/store"
)

// crowded has n replicated volumes of three bricks on three devices.
func crowded(y *yard, n int) (first string) {
	roomy(y)
	y.update(func(tx *store.Tx) error {
		for i := range n {
			id := hex.EncodeToString(fmt.Appendf(nil, "volume-%08d-", i))
			id = id[:32]
			if first == "" {
				first = id
			}
			v := store.Volume{ID: id, Name: "vol_" + id, Cluster: cluster1, SizeGiB: 10, SnapshotFactor: 1, Options: []string{""},
				Durability: store.Durability{Type: "replicate", Replica: 3}, Mounts: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}}
			if err := store.Volumes.Put(tx, &v); err != nil {
				return err
			}
			for k, node := range []string{"1", "2", "3"} {
				b := store.Brick{ID: hex.EncodeToString(fmt.Appendf(nil, "brick-%08d-%d", i, k))[:32], Volume: id, Cluster: cluster1, Node: hexID(node),
					Device: "d" + hexID(node)[1:], Path: "/var/lib/heketi/mounts/vg/brick_" + id + "/brick", SizeKiB: 10 << 20}
				if err := store.Bricks.Put(tx, &b); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return first
}

func BenchmarkReads(b *testing.B) {
	y := atRest(b)
	first := crowded(y, 1000)
	for _, path := range []string{"/topology", "/volumes", "/volumes/" + first, "/clusters/" + cluster1} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", path, nil)
				sign(r, "looker")
				w := httptest.NewRecorder()
				y.handler.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
}
