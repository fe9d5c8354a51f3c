package store

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"yardmaster/store/kv"
)

// What the writer remembers of a record must be what anybody else reads from the file.
func TestACopyIsTheRecordAsItIsReadBack(t *testing.T) {
	t.Run("clusters", func(t *testing.T) { readBack(t, Clusters.kv) })
	t.Run("nodes", func(t *testing.T) { readBack(t, Nodes.kv) })
	t.Run("devices", func(t *testing.T) { readBack(t, Devices.kv) })
	t.Run("volumes", func(t *testing.T) { readBack(t, Volumes.kv) })
	t.Run("bricks", func(t *testing.T) { readBack(t, Bricks.kv) })
	t.Run("blockvolumes", func(t *testing.T) { readBack(t, BlockVolumes.kv) })
	t.Run("vms", func(t *testing.T) { readBack(t, VMs.kv) })
	t.Run("poolcounts", func(t *testing.T) { readBack(t, poolCounts.kv) })
	t.Run("vmrequests", func(t *testing.T) { readBack(t, VMRequests.kv) })
	t.Run("usagedays", func(t *testing.T) { readBack(t, usageDays.kv) })
	t.Run("operations", func(t *testing.T) { readBack(t, Operations.kv) })
}

// times are of the zones that a clock gives and a file may hold, with and without the reading of this process's clock.
var times = rapid.Custom(func(t *rapid.T) any {
	at := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
	return rapid.SampledFrom([]time.Time{{}, at, at.UTC(), time.Now(), time.Now().UTC()}).Draw(t, "time")
})

var texts16 = rapid.StringN(0, 16, -1)

var arbitrary = rapid.MakeConfig{
	Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[time.Time](): times,
		reflect.TypeFor[json.RawMessage](): rapid.Custom(func(t *rapid.T) any {
			raw, err := json.Marshal(map[string]string{"k": texts16.Draw(t, "text")})
			if err != nil {
				t.Fatal(err)
			}
			return rapid.SampledFrom([]json.RawMessage{nil, {}, raw}).Draw(t, "raw")
		}),
	},
	Kinds: map[reflect.Kind]*rapid.Generator[any]{reflect.String: texts16.AsAny()},
}

func readBack[V any](t *testing.T, table *kv.Table[V]) {
	records := rapid.MakeCustom[V](arbitrary)
	rapid.Check(t, func(t *rapid.T) {
		v := records.Draw(t, "record")
		before := encoded(t, v)
		var want V
		if err := json.Unmarshal([]byte(before), &want); err != nil {
			t.Fatal(err)
		}
		got := table.Copy(v)
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a == b })); diff != "" {
			t.Errorf("copy is not what is read back (-want +got):\n%s", diff)
		}
		spoil(reflect.ValueOf(&got).Elem())
		if after := encoded(t, v); after != before {
			t.Errorf("a change of the copy changed the record:\nbefore %s\nafter  %s", before, after)
		}
	})
}

func encoded(t *rapid.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// spoil empties whatever v reaches.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		v.Clear()
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				spoil(f)
			}
		}
	default:
		v.SetZero()
	}
}
