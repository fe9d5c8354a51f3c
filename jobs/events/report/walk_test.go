package report

import (
	"testing"
	"time"
)

// seen is one event of a request: seconds, an error or not, the state before and after.
type seen struct {
	second     int
	failed     bool
	old, state string
}

func TestTheFailureOfARequest(t *testing.T) {
	info, bad := false, true
	for _, c := range []struct {
		name    string
		events  []seen
		failure string
		failed  int64 // id of the last error
		cause   int64
	}{
		{"all went well", []seen{{0, info, "", "building"}, {5, info, "building", "active"}}, "", 0, 0},
		{"an error", []seen{{0, info, "", ""}, {5, bad, "", ""}}, failHTTP, 2, 2},
		{"the last error counts", []seen{{0, bad, "", ""}, {5, bad, "", ""}, {6, info, "", ""}}, failHTTP, 2, 2},
		{"the instance fell into error", []seen{{0, info, "active", "error"}}, failState, 0, 1},
		{"it was in error before", []seen{{0, info, "error", "error"}}, "", 0, 0},
		{"an error event that puts it into error", []seen{{0, bad, "active", "error"}}, failState, 1, 1},
		{"an error event after it fell into error", []seen{{0, info, "active", "error"}, {5, bad, "error", "error"}}, failHTTP, 2, 2},
		{"it fell into error twice", []seen{{0, info, "active", "error"}, {5, info, "building", "error"}}, failState, 0, 1},
		{"it came out of error", []seen{{0, info, "active", "error"}, {5, info, "error", "active"}}, "", 0, 0},
		{"it came out of error, and the error event stays known", []seen{{0, bad, "active", "error"}, {5, info, "error", "active"}}, "", 1, 0},
		{"it was deleted out of error", []seen{{0, info, "active", "error"}, {5, info, "error", "deleted"}}, failState, 0, 1},
		{"an error cured and made again", []seen{{0, bad, "", ""}, {1, info, "error", "active"}, {2, info, "active", "error"}}, failState, 1, 3},
		{"too long", []seen{{0, info, "", ""}, {61, info, "", ""}}, failLong, 0, 0},
		{"just not too long", []seen{{0, info, "", ""}, {60, info, "", ""}}, "", 0, 0},
		{"too long and failed", []seen{{0, info, "", ""}, {61, info, "active", "error"}}, failState, 0, 2},
		{"too long and cured", []seen{{0, info, "active", "error"}, {61, info, "error", "active"}}, failLong, 0, 0},
		{"out of order", []seen{{5, info, "error", "active"}, {0, info, "active", "error"}}, "", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events []Event
			for i, s := range c.events {
				e := Event{ID: int64(i + 1), When: time.Unix(int64(s.second), 0), RoutingKey: "monitor.info", OldState: Some(s.old), State: Some(s.state)}
				if s.failed {
					e.RoutingKey = "monitor.error"
				}
				events = append(events, e)
			}
			a, ok := walk(events, time.Minute)
			if !ok || a.failure != c.failure || id(a.failed) != c.failed || id(a.cause) != c.cause {
				t.Errorf("got %q, error %d, cause %d; want %q, %d, %d", a.failure, id(a.failed), id(a.cause), c.failure, c.failed, c.cause)
			}
		})
	}
}

func id(e *Event) int64 {
	if e == nil {
		return 0
	}
	return e.ID
}

func TestTheOperationOfARequest(t *testing.T) {
	for _, c := range []struct {
		name  string
		types []string
		want  string
	}{
		{"none", []string{"compute.instance.reboot.start", "compute.instance.update"}, ""},
		{"create", []string{"compute.instance.create.start", "compute.instance.update"}, "create"},
		{"the last one wins", []string{"compute.instance.create.start", "compute.instance.snapshot.start"}, "snapshot"},
		{"the first word wins", []string{"compute.instance.create_snapshot.start"}, "create"},
		{"unrescue is rescue", []string{"compute.instance.unrescue.start"}, "rescue"},
		{"finish_resize is resize", []string{"compute.instance.finish_resize.end"}, "resize"},
		{"rebuild, as versioned notifications have it", []string{"instance.rebuild.end"}, "rebuild"},
		{"an audit says nothing", []string{"compute.instance.resize.end", "compute.instance.exists", "instance.exists"}, "resize"},
	} {
		var events []Event
		for i, s := range c.types {
			events = append(events, Event{ID: int64(i), Type: s})
		}
		if a, ok := walk(events, time.Minute); !ok || a.operation != c.want {
			t.Errorf("%s: got %q, want %q", c.name, a.operation, c.want)
		}
	}
	if _, ok := walk([]Event{{Type: "compute.instance.exists"}}, time.Minute); ok {
		t.Error("an audit is no request")
	}
}

func TestImages(t *testing.T) {
	for _, c := range []struct {
		bits          int
		image, system string
	}{
		{0, "?", "?"}, {0x1, "base", "?"}, {0x2, "snap", "?"}, {0x3, "snap", "?"}, {0x11, "base", "linux"}, {0x22, "snap", "windows"},
		{0x31, "base", "windows"}, {0x41, "base", "?"},
	} {
		if image, system := sortOfImage(c.bits), system(c.bits); image != c.image || system != c.system {
			t.Errorf("%#x: %s %s, want %s %s", c.bits, image, system, c.image, c.system)
		}
	}
}

func TestCells(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999 * time.Millisecond: "0s", 5 * time.Second: "5s", 59*time.Second + 999*time.Millisecond: "59s", time.Minute: "1:00s",
		65 * time.Second: "1:05s", time.Hour - time.Second: "59:59s", time.Hour: "01:00:00", 3723 * time.Second: "01:02:03", 100 * time.Hour: "100:00:00",
	} {
		if got := clock(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0.000s", 1999 * time.Microsecond: "0.001s", 59999 * time.Millisecond: "59.999s", time.Minute: "1:00s"} {
		if got := millis(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestMedianAndPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i)
	}
	for _, c := range []struct {
		n      int
		p      float64
		median time.Duration
		at     time.Duration
	}{
		{1, 97, 0, 0}, {2, 97, 1, 1}, {3, 97, 1, 2}, {4, 97, 2, 3}, {5, 50, 2, 2}, {100, 97, 50, 97}, {100, 29, 50, 29}, {100, 100, 50, 99}, {1, 0.5, 0, 0},
	} {
		if m, p := median(hundred[:c.n]), percentile(hundred[:c.n], c.p); m != c.median || p != c.at {
			t.Errorf("of %d: median %d, %v%% %d; want %d, %d", c.n, m, c.p, p, c.median, c.at)
		}
	}
}

func TestFloatsHaveAPoint(t *testing.T) {
	for f, want := range map[Float]string{0: "0.0", 1: "1.0", -2: "-2.0", 0.25: "0.25", 1795132800: "1795132800.0", 1e21: "1000000000000000000000.0",
		1795132800.5: "1795132800.5"} {
		if b, err := f.MarshalJSON(); err != nil || string(b) != want {
			t.Errorf("%v: %s, %v", float64(f), b, err)
		}
	}
}
