package gluster_test

import (
	"os"
	"testing"

	"yardmaster/executors/gluster"
)

func TestScratchHold(t *testing.T) {
	y := newYard(t)
	v := gluster.Volume{Name: "vol_s", ID: newID(), Durability: gluster.Replicate, Replica: 3, Sets: [][]gluster.Brick{y.set(3, 1)}}
	y.timed("create", func() error { return y.create(v) })
	text, _ := os.ReadFile("/tmp/m9.sh")
	res, err := y.run.Run(t.Context(), "node1", string(text))
	t.Log(res.Stdout, res.Stderr, err)
	y.timed("delete", func() error { return y.delete(v) })
	y.clean()
}
