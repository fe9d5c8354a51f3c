// Package server is the HTTP server around the dialects: listener, TLS, the
// chain that every request passes (request id, access log, panics, metrics,
// security headers, body deadlines), health and metrics endpoints, and an
// orderly stop.
//
// It knows no route of any dialect, looks at no credentials and answers no
// request by itself, except one whose handler panicked. Neither logs nor
// metrics ever show a path's variables, a query or a header: all of them carry
// tokens somewhere.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options are what a server is made of. Listen and Handler must be given;
// zero durations take the defaults beside them. How long a client may take to
// read an answer is the mux's to say, since it knows answers from streams.
type Options struct {
	Listen   string // "host:port"
	TLS      TLS
	Handler  http.Handler // as from rest.NewMux
	Logger   *slog.Logger
	Registry prometheus.Registerer

	ReadHeader time.Duration // 10 s
	ReadBody   time.Duration // 30 s, from a handler's first read
	Idle       time.Duration // 120 s
	Grace      time.Duration // 15 s for requests under way when the server stops

	Now   func() time.Time // time.Now
	NewID func() string    // random
}

const maxHeaderBytes = 64 << 10

// Server listens from New on and serves from Serve on.
type Server struct {
	http     http.Server
	listener net.Listener
	stopping chan struct{}
	grace    time.Duration
	log      *slog.Logger
}

// New opens the listener, so that a port in use or a broken key pair is told
// before anything else starts.
func New(o Options) (*Server, error) {
	if o.Handler == nil {
		return nil, errors.New("server without a handler")
	}
	o.setDefaults()
	s := &Server{stopping: make(chan struct{}), grace: o.Grace, log: o.Logger}
	metrics, err := newMetrics(o.Registry)
	if err != nil {
		return nil, err
	}
	pair, err := o.TLS.load(o.Now, o.Logger)
	if err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	s.http = http.Server{
		Handler: &front{
			next: o.Handler, log: o.Logger, metrics: metrics, stopping: s.stopping,
			now: o.Now, newID: o.NewID, readBody: o.ReadBody,
		},
		ReadHeaderTimeout: o.ReadHeader,
		IdleTimeout:       o.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	if pair != nil {
		s.http.TLSConfig = &tls.Config{MinVersion: o.TLS.minVersion(), GetCertificate: pair.get}
	}
	return s, nil
}

// Addr is where the server listens; the port is known even if 0 was asked for.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Serve answers until ctx ends. Then it accepts no more, tells endless streams
// to end, and waits for requests under way for the grace that it was given.
// Call it once; it returns nil after an orderly stop.
func (s *Server) Serve(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.accept() }()
	select {
	case err := <-served:
		close(s.stopping)
		return fmt.Errorf("serve on %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	s.log.Info("server stopping", "grace", s.grace)
	close(s.stopping)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	err := s.http.Shutdown(grace)
	if err != nil {
		err = errors.Join(fmt.Errorf("requests cut after %v: %w", s.grace, err), s.http.Close())
	}
	<-served
	return err
}

// Close frees the listener of a server that is never to serve.
func (s *Server) Close() error { return s.listener.Close() }

func (s *Server) accept() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}
