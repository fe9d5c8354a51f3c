package tests

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/heketiclient"
)

// A configuration that makes no sense stops the start with one line that names what is wrong.
func TestConfigurationErrorsStopTheStart(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := []string{"YARDMASTER_HEKETI_ADMIN_KEY=a", "YARDMASTER_HEKETI_USER_KEY=b", "YARDMASTER_HEKETI_EXECUTOR=sim", "YARDMASTER_DATA_DIR=" + dir + "/data"}
	for _, c := range []struct {
		name  string
		args  []string
		env   []string
		names []string // what the line names
	}{
		{"unknown key", []string{"--config", file("unknown.yaml", "listen: :0\nlisten_on: :1\n")}, keys, []string{"unknown.yaml", "listen_on"}},
		{"unknown key below", []string{"--config", file("below.yaml", "heketi:\n  admin_kee: x\n")}, keys, []string{"below.yaml", "admin_kee"}},
		{"bad value", []string{"--config", file("value.yaml", "shutdown_timeout: soon\n")}, keys, []string{"shutdown_timeout", "soon"}},
		{"bad value of the environment", nil, append(keys, "YARDMASTER_LOG_LEVEL=loud"), []string{"YARDMASTER_LOG_LEVEL", "loud"}},
		{"no such file", []string{"--config", dir + "/none.yaml"}, keys, []string{"none.yaml"}},
		{"no keys", nil, []string{"YARDMASTER_HEKETI_EXECUTOR=sim"}, []string{"heketi.admin_key"}},
		{"unreadable key file", nil, append(keys[1:], "YARDMASTER_HEKETI_ADMIN_KEY_FILE="+dir+"/none.key"), []string{"none.key"}},
		{"certificate alone", []string{"--tls-cert-file", file("cert.pem", "x")}, keys, []string{"tls.key_file"}},
		{"heketi.json that is none", []string{"--heketi-config", file("broken.json", "{")}, nil, []string{"broken.json"}},
		{"heketi.json without keys", []string{"--heketi-config", file("empty.json", `{"glusterfs":{"executor":"mock"}}`)}, nil, []string{"admin"}},
		{"unknown flag", []string{"--colour", "blue"}, keys, []string{"colour"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := harness.Run(t, dir, c.env, append([]string{"serve"}, c.args...)...)
			if out.Code == 0 || out.Stdout != "" {
				t.Errorf("exit %d, output %q", out.Code, out.Stdout)
			}
			line := strings.TrimSuffix(out.Stderr, "\n")
			if line == "" || strings.Contains(line, "\n") {
				t.Errorf("not one line:\n%s", out.Stderr)
			}
			for _, name := range c.names {
				if !strings.Contains(line, name) {
					t.Errorf("the line does not name %q: %s", name, line)
				}
			}
		})
	}
}

// The demo walks through the system by itself and ends well, with nothing but the program.
func TestDemoOnce(t *testing.T) {
	out := harness.Run(t, t.TempDir(), nil, "demo", "--once")
	if out.Code != 0 {
		t.Fatalf("exit %d\n%s%s", out.Code, out.Stdout, out.Stderr)
	}
	for _, word := range []string{"cluster ", "node node6", "volume photos", "volume archive", "volume scratch", "0 failed", "heketi-cli", "curl"} {
		if !strings.Contains(out.Stdout, word) {
			t.Errorf("the demo does not speak of %q:\n%s", word, out.Stdout)
		}
	}
}

// The program tells its version and, of itself, what it can do.
func TestVersionAndHelp(t *testing.T) {
	dir := t.TempDir()
	if out := harness.Run(t, dir, nil, "version"); out.Code != 0 || !strings.HasPrefix(out.Stdout, "yardmaster ") {
		t.Errorf("version: %+v", out)
	}
	if out := harness.Run(t, dir, nil, "help"); out.Code != 0 || !strings.Contains(out.Stdout, "demo") {
		t.Errorf("help: %+v", out)
	}
	if out := harness.Run(t, dir, nil, "shunt"); out.Code == 0 || !strings.Contains(out.Stderr, "shunt") {
		t.Errorf("a command that is none: %+v", out)
	}
}

// With a certificate the server speaks TLS alone.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pool := certificate(t, dir)
	server := harness.Start(t, harness.Options{Dir: dir, TLS: true,
		HeketiX: obj{"enable_tls": true, "cert_file": dir + "/tls.crt", "key_file": dir + "/tls.key"}})
	c := heketiclient.New(server.URL, "admin", harness.AdminKey, heketiclient.Go)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	c.HTTP.Transport = transport
	defer transport.CloseIdleConnections()
	a, err := c.Once(t.Context(), http.MethodGet, "/clusters", nil)
	if err != nil || a.Status != http.StatusOK {
		t.Errorf("over TLS: %v %v", a, err)
	}
	plain := heketiclient.New(strings.Replace(server.URL, "https:", "http:", 1), "admin", harness.AdminKey, heketiclient.Go)
	defer plain.Close()
	if a, err := plain.Once(t.Context(), http.MethodGet, "/clusters", nil); err == nil && a.Status == http.StatusOK {
		t.Error("the server answers without TLS too")
	}
	old := &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", strings.TrimPrefix(server.URL, "https://"), old); err == nil {
		conn.Close()
		t.Error("the server speaks TLS 1.1")
	}
	server.Stop()
}

// certificate writes a key and a certificate for 127.0.0.1 into dir, and gives the pool that trusts it.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "yard"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pemFile := func(name, kind string, content []byte) []byte {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		return text
	}
	pemFile("tls.key", "PRIVATE KEY", private)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pemFile("tls.crt", "CERTIFICATE", raw))
	return pool
}

// An operation that a stop finds under way is finished by it or by the next start, and its place in the queue answers.
func TestStopInTheMiddle(t *testing.T) {
	y := stocked(t, 6, 1, harness.Options{})
	slow(y)
	var places []string
	for n := range 4 {
		places = append(places, y.accepted(http.MethodPost, "/volumes", obj{"size": 1, "name": fmt.Sprint("v", n), "durability": replica(3)}))
	}
	y.server.Stop() // within the grace, with 0
	y.server.Check()
	y.server.Start()
	for _, place := range places {
		a, err := y.admin.Follow(y.ctx, place)
		if err != nil || a.Status != http.StatusOK {
			t.Errorf("%s: %d %s %v", place, a.Status, a.Text(), err)
		}
	}
	if n := len(y.walk().volumes); n != 4 {
		t.Errorf("%d volumes, want 4", n)
	}
}

// Two servers cannot share one folder: the second gives up soon and says who has it.
func TestSecondServerIsRefused(t *testing.T) {
	first := harness.Start(t, harness.Options{})
	begin := time.Now()
	out := harness.Run(t, first.Dir, nil, "serve", "--heketi-config", filepath.Join(first.Dir, "heketi.json"), "--listen", "127.0.0.1:0")
	if took := time.Since(begin); out.Code == 0 || took > time.Minute { // five seconds, and a start on a busy machine
		t.Errorf("exit %d after %v", out.Code, took)
	}
	last := strings.TrimSpace(out.Stderr[strings.LastIndexByte(strings.TrimSpace(out.Stderr), '\n')+1:])
	if who := fmt.Sprintf("pid %d", first.Pid()); !strings.Contains(last, who) || !strings.Contains(last, "control.db") {
		t.Errorf("the last line does not name control.db and its holder, %s: %s", who, last)
	}
	out = harness.Run(t, first.Dir, nil, "check", "--heketi-config", filepath.Join(first.Dir, "heketi.json"))
	if out.Code == 0 {
		t.Error("check opens the store of a running server")
	}
	first.Stop()
	first.Check()
}

// A copy made by the backup command is a store that serves.
func TestBackupCommand(t *testing.T) {
	y := stocked(t, 3, 1, harness.Options{})
	var v volume
	y.makes("/volumes", obj{"size": 1, "name": "kept"}, &v)
	y.server.Stop()
	other := harness.New(t, harness.Options{})
	if err := os.MkdirAll(other.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"backup", "--heketi-config", filepath.Join(y.server.Dir, "heketi.json"), filepath.Join(other.Data, "control.db")}
	if out := harness.Run(t, y.server.Dir, nil, args...); out.Code != 0 || !strings.Contains(out.Stdout, "bytes") {
		t.Fatalf("backup: %+v", out)
	}
	if out := harness.Run(t, y.server.Dir, nil, args...); out.Code == 0 {
		t.Error("a backup overwrote a file")
	}
	other.Start()
	if name := meet(t, other).volume(v.ID).Name; name != "kept" {
		t.Errorf("the copy knows the volume as %q", name)
	}
	other.Stop()
	other.Check()
}
