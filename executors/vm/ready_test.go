package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guest is a port that says something to everyone who connects and then hangs up or, if it should, keeps silent.
func guest(t *testing.T, says string, silent bool) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, says)
			if silent {
				io.Copy(io.Discard, conn)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

// nobody is a port that nobody listens on.
func nobody(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestReady(t *testing.T) {
	for _, tt := range []struct {
		name, check, says string
		silent            bool
		want              string // in the error; "" is ready
	}{
		{"a port that takes connections", CheckTCP, "", false, ""},
		{"the check that is meant by none", "", "", false, ""},
		{"ssh", CheckSSH, "SSH-2.0-OpenSSH_9.9\r\n", true, ""},
		{"ssh that has not ended its line", CheckSSH, "SSH-2.0-Open", false, ""},
		{"ssh after a notice", CheckSSH, "authorized use only\r\n" + strings.Repeat("x", 700) + "\r\nSSH-2.0-x\r\n", true, ""},
		{"hung up", CheckSSH, "", false, "no SSH greeting from 127.0.0.1:PORT: connection closed"},
		{"something else", CheckSSH, "220 mail ESMTP\r\n", false, "no SSH greeting from 127.0.0.1:PORT: connection closed"},
		{"ssh in the middle of a line", CheckSSH, strings.Repeat("x", 512) + "SSH-2.0-x\r\n", false, "connection closed"},
		{"silence", CheckSSH, "", true, "no SSH greeting from 127.0.0.1:PORT: no answer within 300ms"},
		{"a torrent", CheckSSH, strings.Repeat("no\n", 1<<20), false, "no SSH greeting from 127.0.0.1:PORT: none in the first 8192 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := guest(t, tt.says, tt.silent)
			p := Pool{Ready: Readiness{Check: tt.check, Port: port}}
			if strings.Contains(tt.want, "within") {
				p.Ready.Timeout = 300 * time.Millisecond
			}
			err := Prober{}.Ready(t.Context(), p, "web", "127.0.0.1")
			want := strings.ReplaceAll(tt.want, "PORT", fmt.Sprint(port))
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestAPortThatNobodyHoldsIsSaidPlainly(t *testing.T) {
	port := nobody(t)
	err := Prober{}.Ready(t.Context(), Pool{Ready: Readiness{Port: port}}, "web", "127.0.0.1")
	want := fmt.Sprintf("no connection to 127.0.0.1:%d: connection refused", port)
	if err == nil || err.Error() != want || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNothingIsAskedIfNothingIsToBe(t *testing.T) {
	refuse := Prober{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled")
		return nil, errors.New("no network")
	}}
	if err := refuse.Ready(t.Context(), Pool{Ready: Readiness{Check: CheckNone}}, "web", "10.0.0.7"); err != nil {
		t.Error(err)
	}
}

func TestWhatIsDialled(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pool    Pool
		address string
		want    string
	}{
		{"the address", Pool{Domain: "example.test"}, "10.0.0.7", "10.0.0.7:22"},
		{"the name in its domain", Pool{Domain: "example.test"}, "", "web.example.test:22"},
		{"a domain with dots around it", Pool{Domain: ".example.test."}, "", "web.example.test:22"},
		{"the bare name", Pool{}, "", "web:22"},
		{"an address of version 6", Pool{}, "fd00::7", "[fd00::7]:22"},
		{"another port", Pool{Ready: Readiness{Port: 5986}}, "10.0.0.7", "10.0.0.7:5986"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			b := Prober{Dial: func(_ context.Context, _, address string) (net.Conn, error) {
				got = address
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "web"}}
			}}
			err := b.Ready(t.Context(), tt.pool, "web", tt.address)
			if want := "no connection to " + tt.want + ": no such host"; got != tt.want || err == nil || err.Error() != want {
				t.Errorf("dialled %s, got %v, want %s", got, err, want)
			}
		})
	}
}

func TestAReadinessThatCannotBeIsPermanent(t *testing.T) {
	for _, r := range []Readiness{{Check: "ping"}, {Port: -1}, {Port: 65536}} {
		if err := (Prober{}).Ready(t.Context(), Pool{Ready: r}, "web", "127.0.0.1"); !errors.Is(err, ErrPermanent) {
			t.Errorf("%+v: got %v, want %q", r, err, ErrPermanent)
		}
	}
}

// silence is a network in which nothing comes back.
func silence(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
}

func TestTheCheckEndsWithItsTimeout(t *testing.T) {
	for _, tt := range []struct {
		timeout, want time.Duration
	}{{0, DefaultTimeout}, {time.Minute, time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := Prober{Dial: silence}.Ready(t.Context(), Pool{Ready: Readiness{Timeout: tt.timeout}}, "web", "10.0.0.7")
			want := fmt.Sprintf("no connection to 10.0.0.7:22: no answer within %v", tt.want)
			if err == nil || err.Error() != want || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %s", err, want)
			}
			if took := time.Since(start); took != tt.want {
				t.Errorf("took %v, want %v", took, tt.want)
			}
		})
	}
}

func TestTheCheckEndsWithItsCaller(t *testing.T) {
	t.Run("while it connects", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := Prober{Dial: func(own context.Context, network, address string) (net.Conn, error) {
			cancel()
			return silence(own, network, address)
		}}
		if err := b.Ready(ctx, Pool{}, "web", "10.0.0.7"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	t.Run("while it waits for a greeting", func(t *testing.T) {
		port := guest(t, "", true)
		ctx, cancel := context.WithCancel(t.Context())
		b := Prober{Dial: func(own context.Context, network, address string) (net.Conn, error) {
			defer time.AfterFunc(20*time.Millisecond, cancel)
			return new(net.Dialer).DialContext(own, network, address)
		}}
		p := Pool{Ready: Readiness{Check: CheckSSH, Port: port, Timeout: time.Hour}}
		if err := b.Ready(ctx, p, "web", "127.0.0.1"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := Pool{Ready: Readiness{Check: CheckNone}}
		if err := (Prober{}).Ready(ctx, p, "web", "127.0.0.1"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

func FuzzGreeting(f *testing.F) {
	for _, s := range []string{"", "SSH-2.0-x\r\n", "notice\nSSH-2.0-x", "SSH", "\n\n\nSSH-", strings.Repeat("x", 600) + "\nSSH-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, said string) {
		within := said[:min(len(said), greetingMost)]
		want := strings.HasPrefix(within, "SSH-") || strings.Contains(within, "\nSSH-")
		if err := greeting(strings.NewReader(said)); (err == nil) != want {
			t.Errorf("got %v, want greeting %v", err, want)
		}
	})
}
