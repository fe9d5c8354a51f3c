package kube

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Logs writes at most limit bytes of what a container said since then. The cluster may take as long as it wants in all, but not
// longer than a request's time between two pieces.
func (c *Client) Logs(ctx context.Context, pod, container string, since time.Time, limit int64, w io.Writer) error {
	if limit <= 0 {
		return fmt.Errorf("logs of pod %s: %w: limit %d", pod, ErrInvalid, limit)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(c.opt.Timeout, func() { cancel(context.DeadlineExceeded) })
	defer idle.Stop()
	req := c.disco.RESTClient().Get().AbsPath("/api/v1/namespaces", c.opt.Namespace, "pods", pod, "log").
		Param("limitBytes", fmt.Sprint(limit))
	if container != "" {
		req = req.Param("container", container)
	}
	if !since.IsZero() {
		req = req.Param("sinceTime", since.UTC().Format(time.RFC3339))
	}
	stream, err := req.Stream(own)
	if err == nil {
		defer stream.Close()
		out := &faulty{Writer: w}
		_, err = io.Copy(out, io.LimitReader(pulse{stream, idle, c.opt.Timeout}, limit))
		if out.err != nil {
			return fmt.Errorf("logs of pod %s: %w", pod, out.err)
		}
	}
	if err != nil && own.Err() != nil {
		err = context.Cause(own)
	}
	return c.fault(ctx, "logs of pod "+pod, err)
}

// pulse puts off a timer with every piece that is read.
type pulse struct {
	io.Reader
	timer *time.Timer
	wait  time.Duration
}

func (p pulse) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.timer.Reset(p.wait)
	}
	return n, err
}

// Usage is the pod metrics of the namespace.
func (c *Client) Usage(ctx context.Context) ([]byte, error) {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	raw, err := c.disco.RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/namespaces", c.opt.Namespace, "pods").
		SetHeader("Accept", "application/json").DoRaw(own)
	if err != nil {
		return nil, c.fault(ctx, "pod metrics", err)
	}
	return raw, nil
}

// faulty remembers that the writer was at fault, and not the cluster.
type faulty struct {
	io.Writer
	err error
}

func (f *faulty) Write(b []byte) (int, error) {
	n, err := f.Writer.Write(b)
	if err != nil {
		f.err = err
	}
	return n, err
}
