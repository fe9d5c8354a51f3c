package queue

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// direct is a connection to the embedded server without a wire: Write runs the commands on its caller's goroutine, Read finds
// their replies there. Over a pipe each command is handed from one goroutine to another four times, which costs more than most
// commands do.
//
// A command that waits for another client's would hold up its own Write. Neither asynq nor this package has one.
type direct struct {
	server *server.Server
	peer   *server.Peer
	answer *answer
	leave  func(*direct)

	mu       sync.Mutex
	part     []byte // of a command whose rest has not been written yet
	listens  bool   // it may have subscribed
	closed   bool
	deadline time.Time // of Write
}

// keptBuffer is the largest buffer that an idle connection keeps.
const keptBuffer = 64 << 10

func newDirect(s *server.Server, leave func(*direct)) *direct {
	a := &answer{more: make(chan struct{}, 1)}
	return &direct{server: s, peer: server.NewPeer(bufio.NewWriter(a)), answer: a, leave: leave}
}

func (d *direct) Read(b []byte) (int, error) { return d.answer.Read(b) }

func (d *direct) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return 0, io.EOF
	case !d.deadline.IsZero() && !time.Now().Before(d.deadline):
		return 0, os.ErrDeadlineExceeded
	}
	all := b
	if len(d.part) > 0 {
		d.part = append(d.part, b...)
		all = d.part
	}
	for len(all) > 0 {
		args, size, err := cutCommand(all)
		if err != nil {
			return 0, fmt.Errorf("embedded queue: %w", err)
		}
		if size == 0 {
			break
		}
		all = all[size:]
		d.run(args)
	}
	d.part = append(d.part[:0], all...)
	if len(all) == 0 && cap(d.part) > keptBuffer {
		d.part = nil
	}
	return len(b), nil
}

func (d *direct) run(args []string) {
	d.listens = d.listens || strings.HasSuffix(strings.ToUpper(args[0]), "SUBSCRIBE")
	d.server.Dispatch(d.peer, args)
	d.peer.Flush()
}

// Close waits for the command that runs, and takes the subscriptions back: only the server's own connections do that when they
// are cut.
func (d *direct) Close() error {
	d.mu.Lock()
	if !d.closed && d.listens {
		d.run([]string{"UNSUBSCRIBE"})
		d.run([]string{"PUNSUBSCRIBE"})
	}
	d.closed = true
	d.mu.Unlock()
	d.answer.close()
	d.leave(d)
	return nil
}

func (d *direct) LocalAddr() net.Addr  { return inside{} }
func (d *direct) RemoteAddr() net.Addr { return inside{} }

func (d *direct) SetDeadline(t time.Time) error {
	_ = d.SetWriteDeadline(t)
	return d.SetReadDeadline(t)
}

func (d *direct) SetReadDeadline(t time.Time) error {
	d.answer.setDeadline(t)
	return nil
}

func (d *direct) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline = t
	return nil
}

// inside is the address of the embedded server.
type inside struct{}

func (inside) Network() string { return Embedded }
func (inside) String() string  { return Embedded }
