package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
)

// forcedRequest and forcedAnswer are what the two ends of the socket say, one JSON value each.
type forcedRequest struct {
	Host, Script string
	Input        []byte
}

type forcedAnswer struct {
	Stdout, Stderr string
	Exit           int
	Err            string
}

// UnixServer lets other processes run scripts on a cluster.
type UnixServer struct {
	c      *Cluster
	l      net.Listener
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// ServeUnix listens on a socket for Forced, the forced command of a real sshd. The socket is open to its owner alone.
func ServeUnix(path string, c *Cluster) (*UnixServer, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("simulated cluster: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &UnixServer{c: c, l: l}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.work.Add(1)
	go s.accept()
	return s, nil
}

// Close ends the scripts under way and waits for them.
func (s *UnixServer) Close() error {
	s.cancel()
	err := s.l.Close()
	s.work.Wait()
	return err
}

func (s *UnixServer) accept() {
	defer s.work.Done()
	for {
		conn, err := s.l.Accept()
		if err != nil {
			return
		}
		s.work.Add(1)
		go func() {
			defer s.work.Done()
			s.serve(conn)
		}()
	}
}

func (s *UnixServer) serve(conn net.Conn) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	var req forcedRequest
	if err := json.NewDecoder(io.LimitReader(conn, 4*maxScript)).Decode(&req); err != nil {
		return
	}
	s.work.Add(1)
	go func() { // nothing more is sent: the end of reading is the end of the other side
		defer s.work.Done()
		io.Copy(io.Discard, conn)
		cancel()
	}()
	res, err := s.c.RunInput(ctx, req.Host, req.Script, req.Input)
	answer := forcedAnswer{Stdout: res.Stdout, Stderr: res.Stderr, Exit: res.Exit}
	if err != nil {
		answer.Err = err.Error()
	}
	if err := json.NewEncoder(conn).Encode(answer); err != nil {
		s.c.log.Debug("answer to forced command lost", "host", req.Host, "err", err)
	}
}

// lostStatus is what ssh itself exits with when a connection fails.
const lostStatus = 255

// Forced runs the command that a client asked a real sshd for on the simulated node host, over a cluster's socket, and
// gives its exit status; 255 when the node cannot be reached or the end of the script was not seen.
func Forced(ctx context.Context, socket, host, command string, stdin io.Reader, stdout, stderr io.Writer) int {
	answer, err := forced(ctx, socket, host, command, stdin)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return lostStatus
	}
	io.WriteString(stdout, answer.Stdout)
	io.WriteString(stderr, answer.Stderr)
	return answer.Exit
}

func forced(ctx context.Context, socket, host, command string, stdin io.Reader) (forcedAnswer, error) {
	req := forcedRequest{Host: host, Script: command}
	if stdin != nil && WantsInput(command) {
		input, err := io.ReadAll(io.LimitReader(stdin, maxScript))
		if err != nil {
			return forcedAnswer{}, err
		}
		req.Input = input
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return forcedAnswer{}, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(req); err != nil {
		return forcedAnswer{}, err
	}
	if _, err := conn.Write(line.Bytes()); err != nil {
		return forcedAnswer{}, err
	}
	var answer forcedAnswer
	if err := json.NewDecoder(conn).Decode(&answer); err != nil {
		return forcedAnswer{}, fmt.Errorf("simulated node: %w", err)
	}
	if answer.Err != "" {
		return forcedAnswer{}, errors.New(answer.Err)
	}
	return answer, nil
}

// WantsInput tells whether a command line is a shell that takes its script from standard input. Only then is the input
// of a session read: other sessions may keep theirs open for ever.
func WantsInput(command string) bool {
	words := strings.Fields(command)
	for len(words) > 0 && (words[0] == "sudo" || words[0] == "exec" || strings.HasPrefix(words[0], "-")) {
		words = words[1:]
	}
	if len(words) == 0 {
		return command == ""
	}
	switch words[0] {
	case "bash", "sh", "/bin/bash", "/bin/sh", "/usr/bin/bash", "/usr/bin/sh":
	default:
		return false
	}
	for _, w := range words[1:] {
		if strings.HasPrefix(w, "-") && !strings.HasPrefix(w, "--") && strings.Contains(w, "c") {
			return false
		}
	}
	return true
}
