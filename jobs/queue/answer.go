package queue

import (
	"bytes"
	"io"
	"os"
	"sync"
	"time"
)

// answer holds what the embedded server has said until the client reads it. Only a subscriber, who reads before anything was
// said, ever waits.
type answer struct {
	mu       sync.Mutex
	said     bytes.Buffer
	closed   bool
	deadline time.Time
	more     chan struct{} // something has changed
}

func (a *answer) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer poke(a.more)
	return a.said.Write(b)
}

func (a *answer) Read(b []byte) (int, error) {
	for {
		n, deadline, err := a.take(b)
		if n > 0 || err != nil {
			return n, err
		}
		a.wait(deadline)
	}
}

// take gives what is there, or until when to wait for it.
func (a *answer) take(b []byte) (int, time.Time, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.said.Len() > 0 {
		n, err := a.said.Read(b)
		if a.said.Len() == 0 && a.said.Cap() > keptBuffer {
			a.said = bytes.Buffer{}
		}
		return n, time.Time{}, err
	}
	switch {
	case a.closed:
		return 0, time.Time{}, io.EOF
	case !a.deadline.IsZero() && !time.Now().Before(a.deadline):
		return 0, time.Time{}, os.ErrDeadlineExceeded
	}
	return 0, a.deadline, nil
}

func (a *answer) wait(deadline time.Time) {
	if deadline.IsZero() {
		<-a.more
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-a.more:
	case <-timer.C:
	}
}

func (a *answer) setDeadline(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deadline = t
	poke(a.more)
}

func (a *answer) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	poke(a.more)
}
