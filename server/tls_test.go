package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"yardmaster/server"
)

// writePair writes a self-signed pair; serial tells it from the next one.
func writePair(t *testing.T, dir string, serial int64) server.TLS {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "yard"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := server.TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	for name, block := range map[string]*pem.Block{
		files.CertFile: {Type: "CERTIFICATE", Bytes: cert},
		files.KeyFile:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// A second pair may be as long as the first, within the clock's grain.
		stamp := time.Unix(1_000_000+serial, 0)
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestTLSFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	files := writePair(t, dir, 1)
	var seconds atomic.Int64
	s := start(t, server.Options{TLS: files, Now: func() time.Time { return time.Unix(seconds.Load(), 0) }}, public("GET", "/a", nothing))
	address := strings.TrimPrefix(s.url, "http://")
	serial := func(most uint16) (int64, error) {
		conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MaxVersion: most})
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
	}
	expect := func(when string, want int64) {
		t.Helper()
		seconds.Add(10)
		if got, err := serial(tls.VersionTLS13); err != nil || got != want {
			t.Errorf("%s: got certificate %d, %v, want %d", when, got, err, want)
		}
	}
	expect("first", 1)
	writePair(t, dir, 2)
	expect("renewed", 2)
	if err := os.WriteFile(files.KeyFile, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect("broken", 2)
	if err := os.Remove(files.CertFile); err != nil {
		t.Fatal(err)
	}
	expect("gone", 2)
	writePair(t, dir, 3)
	expect("mended", 3)
	if _, err := serial(tls.VersionTLS11); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

func TestBadTLSStopsTheStart(t *testing.T) {
	good := writePair(t, t.TempDir(), 1)
	for name, files := range map[string]server.TLS{
		"no key":      {CertFile: good.CertFile},
		"no files":    {CertFile: "nowhere", KeyFile: "nowhere"},
		"key as cert": {CertFile: good.KeyFile, KeyFile: good.KeyFile},
		"TLS 1.1":     {CertFile: good.CertFile, KeyFile: good.KeyFile, MinVersion: tls.VersionTLS11},
	} {
		if _, err := server.New(server.Options{Listen: "127.0.0.1:0", TLS: files, Handler: http.NotFoundHandler()}); err == nil {
			t.Errorf("%s: the server started", name)
		}
	}
}
