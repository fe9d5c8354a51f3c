package stacktach

import (
	"testing"
	"time"

	"yardmaster/store/events"
)

func TestDurations(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0d 00:00:55.50":   55509 * time.Millisecond,
		"0d 00:00:00.00":   9999 * time.Microsecond,
		"0d 00:00:20.00":   20 * time.Second,
		"0d 00:00:17.40":   17400 * time.Millisecond,
		"1d 06:02:03.44":   108123449999 * time.Microsecond,
		"5d 20:16:47.08":   5*24*time.Hour + 20*time.Hour + 16*time.Minute + 47*time.Second + 80*time.Millisecond,
		"400d 00:00:00.01": 400*24*time.Hour + 10*time.Millisecond,
		"-0d 00:00:01.50":  -1500 * time.Millisecond,
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	if got := averageText(8*time.Minute + 26*time.Second + 999*time.Millisecond); got != "0d 00:08:26" {
		t.Errorf("average %q", got)
	}
}

func TestTimesLoseAFractionOfZero(t *testing.T) {
	at := time.Date(2014, 1, 14, 15, 39, 22, 574829000, time.FixedZone("", 3600))
	for got, want := range map[string]string{
		whenText(at):                                  "2014-01-14 14:39:22.574829",
		whenText(at.Truncate(time.Second)):            "2014-01-14 14:39:22",
		whenText(at.Truncate(100 * time.Millisecond)): "2014-01-14 14:39:22.500000",
		clockText(at.Truncate(time.Second)):           "14:39:22",
		dayText(at):                                   "2014-01-14",
		unixText(at):                                  "1389710362.574829",
		unixText(at.Truncate(time.Second)):            "1389710362",
		decimalText(time.UnixMicro(-1)):               "-0.000001",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if v := string(whenOrNull(time.Time{}).print(nil)); v != "null" {
		t.Errorf("no time is %s", v)
	}
	if f := string(unixFloat(time.UnixMicro(1389730212947450)).print(nil)); f != "1389730212.94745" {
		t.Errorf("float %s", f)
	}
}

func TestTheMarkTellsErrors(t *testing.T) {
	for key, want := range map[string]str{"monitor.error": "E", "error": "E", "monitor.info": " ", "monitor.error.x": " ", "": " "} {
		if got := mark(&events.Event{RoutingKey: key}); got != want {
			t.Errorf("%q: %q", key, got)
		}
	}
}

func TestIDsAreLowerCaseWithAllDashesOrNone(t *testing.T) {
	for id, want := range map[string]bool{
		"77e0f192-00a2-4f14-ad56-7467897828ea": true, "77e0f19200a24f14ad567467897828ea": true,
		"77E0F192-00A2-4F14-AD56-7467897828EA": false, "{77e0f192-00a2-4f14-ad56-7467897828ea}": false,
		"urn:uuid:77e0f192-00a2-4f14-ad56-7467897828ea": false, "77e0f19200a2-4f14-ad56-7467897828ea": false,
		"": false, "77e0f192-00a2-4f14-ad56-7467897828eg": false, "77e0f1920-0a2-4f14-ad56-7467897828ea": false,
		"req-77e0f192-00a2-4f14-ad56-7467897828ea": false,
	} {
		if isUUID(id) != want {
			t.Errorf("%q: uuid-like is not %v", id, want)
		}
	}
	for id, want := range map[string]bool{
		"req-a7517402-6192-4d0a-85a1-e14051790d5a": true, "a7517402-6192-4d0a-85a1-e14051790d5a": true, "req-a751740261924d0a85a1e14051790d5a": true,
		"req-": false, "req-req-a7517402-6192-4d0a-85a1-e14051790d5a": false, "Req-a7517402-6192-4d0a-85a1-e14051790d5a": false,
	} {
		if isRequestID(id) != want {
			t.Errorf("%q: request-id-like is not %v", id, want)
		}
	}
}
