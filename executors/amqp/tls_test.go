package amqp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// secured puts TLS in front of a broker, and gives its port and its certificate.
func secured(t *testing.T, addr string) (int, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { relay(conn, addr) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().(*net.TCPAddr).Port, cert
}

func relay(conn net.Conn, addr string) {
	defer conn.Close()
	on, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer on.Close()
	go func() {
		_, _ = io.Copy(on, conn)
		on.Close()
	}()
	_, _ = io.Copy(conn, on)
}

// Over TLS messages come if the certificate is one that is trusted, and none do otherwise.
func TestTLS(t *testing.T) {
	b := broker(t)
	port, cert := secured(t, b.Addr())
	cfg := settings(t, b)
	cfg.Port, cfg.TLS = port, &tls.Config{RootCAs: x509.NewCertPool()}
	var got basket
	stranger := consume(t, cfg, got.take)
	eventually(t, 10*time.Second, "the certificate is refused", func() bool {
		err := stranger.State().Err
		return err != nil && strings.Contains(err.Error(), "certificate")
	})
	stranger.stop()
	cfg.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	cfg.TLS.RootCAs.AddCert(cert)
	c := consume(t, cfg, got.take)
	c.ready(t)
	if err := publisher(t, cfg).Publish(context.Background(), cfg.Topics[0].Exchange, "monitor.info", []byte("a")); err != nil {
		t.Error(err)
	}
	eventually(t, 10*time.Second, "a message comes", func() bool { return got.len() == 1 })
	c.stop()
}
