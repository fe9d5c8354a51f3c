package harness

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Options are what a server is started with. Without YAML, VMPooler and StackTach it gets a heketi.json for the simulated cluster and nothing else.
type Options struct {
	Dir      string         // folder of configuration, log and data; empty: a new one
	Heketi   map[string]any // more keys of heketi.json's part "glusterfs"
	HeketiX  map[string]any // more keys at heketi.json's top level
	YAML     string         // our own configuration file instead; address, data folder and the two Heketi keys are added
	VMPooler string         // a vmpooler.yaml instead; address and data folder are added

	StackTach string // the deployments of a StackTach instead, as JSON; address and data folder are added

	Env  []string // more environment, "KEY=value"
	Args []string // more arguments of serve
	Tags string   // build tags of the program
	TLS  bool     // the server was told to speak TLS: only changes how it is asked whether it is up
}

// Server is a running server of the real program.
type Server struct {
	*Process
	t    testing.TB
	URL  string // "http://127.0.0.1:port", the same after each restart
	Dir  string
	Data string   // folder of control.db
	flag []string // that name the configuration, for every command
}

// Start runs a server and waits until it answers. It is stopped with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := New(t, o)
	s.Start()
	return s
}

// New prepares a server without starting it.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	port := FreePort(t)
	s := &Server{t: t, Dir: o.Dir, Data: filepath.Join(o.Dir, "data"), URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	if o.TLS {
		s.URL = strings.Replace(s.URL, "http:", "https:", 1)
	}
	env := s.configure(o, port)
	args := append(append([]string{"serve"}, s.flag...), o.Args...)
	s.Process = NewProcess(t, "server", o.Dir, append(env, o.Env...), tagged(t, o.Tags), args...)
	return s
}

// configure writes the configuration file, and gives the environment that goes with it.
func (s *Server) configure(o Options, port int) (env []string) {
	s.t.Helper()
	place := []string{"YARDMASTER_DATA_DIR=" + s.Data, fmt.Sprintf("YARDMASTER_LISTEN=127.0.0.1:%d", port)}
	if o.VMPooler != "" {
		file := filepath.Join(o.Dir, "vmpooler.yaml")
		s.write(file, []byte(o.VMPooler))
		s.flag = []string{"--vmpooler-config", file}
		return place
	}
	if o.StackTach != "" {
		file := filepath.Join(o.Dir, "deployments.json")
		s.write(file, []byte(o.StackTach))
		s.flag = []string{"--stacktach-config", file}
		return place
	}
	if o.YAML == "" {
		file := filepath.Join(o.Dir, "heketi.json")
		s.write(file, heketiJSON(port, s.Data, o.HeketiX, o.Heketi))
		s.flag = []string{"--heketi-config", file}
		return nil
	}
	file := filepath.Join(o.Dir, "yardmaster.yaml")
	s.write(file, []byte(o.YAML))
	admin, user := filepath.Join(o.Dir, "admin.key"), filepath.Join(o.Dir, "user.key")
	s.write(admin, []byte(AdminKey))
	s.write(user, []byte(UserKey))
	s.flag = []string{"--config", file}
	return append(place, "YARDMASTER_HEKETI_ADMIN_KEY_FILE="+admin, "YARDMASTER_HEKETI_USER_KEY_FILE="+user)
}

func (s *Server) write(file string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// upWithin is how long a start may take, with the race detector on a busy machine.
const upWithin = 60 * time.Second

// Start runs the server again, or for the first time, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.Process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.AwaitUp()
}

// AwaitUp waits until the server answers GET /hello, whatever it answers.
func (s *Server) AwaitUp() {
	s.t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // whose certificate it is, is another test's question
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	up := until(upWithin, func() bool { return !s.Running() || s.answers(client) })
	if !up || !s.Running() {
		s.t.Fatalf("server did not come up:\n%s", tail(s.Output(), 4<<10))
	}
}

func (s *Server) answers(client *http.Client) bool {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.URL+"/hello", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}

// Restart stops the server in order and starts it again on the same folder and port.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// KillAndStart cuts the server's power and starts it again on the same folder and port.
func (s *Server) KillAndStart() {
	s.t.Helper()
	s.Kill()
	s.Start()
}

// Check runs "yardmaster check" on the data of the stopped server and fails the test if it finds anything.
func (s *Server) Check() {
	s.t.Helper()
	if s.Running() {
		s.t.Error("check: the server still runs")
		return
	}
	out := Run(s.t, s.Dir, s.Process.env, append([]string{"check"}, s.flag...)...)
	if out.Code != 0 {
		s.t.Errorf("check: exit %d\n%s%s", out.Code, out.Stdout, out.Stderr)
	}
}

// Worker prepares a worker process with the server's own configuration; env comes on top.
func (s *Server) Worker(name string, env ...string) *Process {
	s.t.Helper()
	return NewProcess(s.t, name, s.Dir, append(append([]string{}, s.Process.env...), env...), Binary(s.t), append([]string{"worker"}, s.flag...)...)
}
