package vsphere

import (
	"net"
	"sync"
	"testing"
)

// gate stands before a server: it can stop what goes through it, and go away.
type gate struct {
	t      *testing.T
	addr   string
	target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	open     chan struct{} // closed while bytes go through
	served   sync.WaitGroup
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	g := &gate{t: t, addr: "127.0.0.1:0", target: target, conns: map[net.Conn]bool{}, open: make(chan struct{})}
	close(g.open)
	g.listen()
	t.Cleanup(func() {
		g.down()
		g.mu.Lock()
		select {
		case <-g.open:
		default:
			close(g.open)
		}
		g.mu.Unlock()
		g.served.Wait()
	})
	return g
}

func (g *gate) listen() {
	g.t.Helper()
	var l net.Listener
	eventually(g.t, "the address is free", func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", g.addr)
		return err == nil
	})
	g.mu.Lock()
	g.listener, g.addr = l, l.Addr().String()
	g.mu.Unlock()
	g.served.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.served.Go(func() { g.serve(conn) })
		}
	})
}

func (g *gate) serve(in net.Conn) {
	defer in.Close()
	g.mu.Lock()
	target := g.target
	g.mu.Unlock()
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer out.Close()
	g.mu.Lock()
	g.conns[in], g.conns[out] = true, true
	g.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { g.pass(out, in) })
	both.Go(func() { g.pass(in, out) })
	both.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, in)
	delete(g.conns, out)
}

func (g *gate) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		<-open
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hang takes connections and bytes, and passes none on until it is released.
func (g *gate) hang() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	open := make(chan struct{})
	g.open = open
	return sync.OnceFunc(func() { close(open) })
}

// retarget sends connections elsewhere from now on.
func (g *gate) retarget(target string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = target
}

// down ends all connections, and refuses new ones until it is released.
func (g *gate) down() (release func()) {
	g.mu.Lock()
	g.listener.Close()
	for c := range g.conns {
		c.Close()
	}
	g.mu.Unlock()
	return sync.OnceFunc(g.listen)
}
