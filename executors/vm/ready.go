package vm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// What a Readiness means that leaves these out.
const (
	DefaultPort    = 22
	DefaultTimeout = 5 * time.Second
)

// greetingMost is how much of what comes before an SSH greeting is read: servers may send a few lines of text first.
const greetingMost = 8 << 10

// Prober is Provider.Ready for providers whose machines have addresses; they embed it. It asks a machine's own port over the
// network, and knows nothing of hypervisors.
type Prober struct {
	Dial func(ctx context.Context, network, address string) (net.Conn, error) // nil is a plain net.Dialer
}

// Ready is nil if the machine passes the pool's check within the check's timeout.
func (b Prober) Ready(ctx context.Context, p Pool, name, address string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s not asked: %w", name, err)
	}
	check, port := p.Ready.Check, p.Ready.Port
	if check == CheckNone {
		return nil
	}
	if check != "" && check != CheckTCP && check != CheckSSH {
		return fmt.Errorf("readiness check %q is not one of %s, %s, %s: %w", check, CheckTCP, CheckSSH, CheckNone, ErrPermanent)
	}
	if port == 0 {
		port = DefaultPort
	}
	if port < 0 || port > 65535 {
		return fmt.Errorf("readiness port %d is not one of 1 to 65535: %w", port, ErrPermanent)
	}
	return b.ask(ctx, check, net.JoinHostPort(host(p, name, address), strconv.Itoa(port)), p.Ready.Timeout)
}

// host is what to dial: the address, or the machine's name in the pool's domain.
func host(p Pool, name, address string) string {
	if address != "" {
		return address
	}
	if p.Domain == "" {
		return name
	}
	return name + "." + strings.Trim(p.Domain, ".")
}

// ask connects to the target and, for CheckSSH, waits for its greeting.
func (b Prober) ask(ctx context.Context, check, target string, timeout time.Duration) error {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	own, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dial := b.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(own, "tcp", target)
	if err != nil {
		return fmt.Errorf("no connection to %s: %w", target, reason(ctx, own, err, timeout))
	}
	defer conn.Close()
	if check != CheckSSH {
		return nil
	}
	stop := context.AfterFunc(own, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := greeting(conn); err != nil {
		return fmt.Errorf("no SSH greeting from %s: %w", target, reason(ctx, own, err, timeout))
	}
	return nil
}

var (
	errHungUp = errors.New("connection closed")
	errTalk   = fmt.Errorf("none in the first %d bytes", greetingMost)
)

// greeting reads up to the line that an SSH server introduces itself with.
func greeting(r io.Reader) error {
	in := bufio.NewReaderSize(io.LimitReader(r, greetingMost), 512)
	read := 0
	for start := true; ; {
		line, err := in.ReadSlice('\n')
		if start && strings.HasPrefix(string(line), "SSH-") {
			return nil
		}
		read += len(line)
		start = err == nil
		switch {
		case errors.Is(err, io.EOF) && read >= greetingMost:
			return errTalk
		case errors.Is(err, io.EOF):
			return errHungUp
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// reason is the bare cause of a network error, without the address that the message has already.
func reason(ctx, own context.Context, err error, timeout time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var network net.Error
	if own.Err() != nil || errors.As(err, &network) && network.Timeout() {
		return fmt.Errorf("no answer within %v", timeout)
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New(dns.Err)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}
