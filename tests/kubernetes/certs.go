package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validity = 365 * 24 * time.Hour

// authority signs every certificate of one control plane.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// certificates makes what the components are started with, once for a folder: whoever holds a kubeconfig keeps access over restarts.
func certificates(dir string) (*authority, error) {
	if ca, err := loadAuthority(dir); !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	if err := writeAccountKeys(dir); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("control-plane")
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	ca := &authority{key: key, pem: block("CERTIFICATE", der)}
	if ca.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if err := ca.writeServer(dir); err != nil {
		return nil, err
	}
	if err := writeKey(filepath.Join(dir, "ca.key"), key); err != nil {
		return nil, err
	}
	return ca, os.WriteFile(filepath.Join(dir, "ca.crt"), ca.pem, 0o600) // last: it says that all is there
}

func loadAuthority(dir string) (*authority, error) {
	ca := &authority{}
	var err error
	if ca.pem, err = os.ReadFile(filepath.Join(dir, "ca.crt")); err != nil {
		return nil, err
	}
	if ca.cert, err = x509.ParseCertificate(der(ca.pem)); err != nil {
		return nil, fmt.Errorf("ca.crt: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der(text))
	if err != nil {
		return nil, fmt.Errorf("ca.key: %w", err)
	}
	var ok bool
	if ca.key, ok = key.(*ecdsa.PrivateKey); !ok {
		return nil, fmt.Errorf("ca.key holds a %T", key)
	}
	return ca, nil
}

// writeServer makes the certificate that the apiserver shows, from outside and to pods.
func (a *authority) writeServer(dir string) error {
	template := template("kube-apiserver")
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	cert, key, err := a.sign(template)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "server.key"), key, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "server.crt"), cert, 0o600)
}

// client makes a user: the common name is its name to the apiserver, the organizations are its groups.
func (a *authority) client(user string, groups []string) (cert, key []byte, err error) {
	template := template(user)
	template.Subject.Organization = groups
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.sign(template)
}

func (a *authority) sign(template *x509.Certificate) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return block("CERTIFICATE", signed), block("PRIVATE KEY", pkcs8), nil
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err) // the reader of crypto/rand does not fail
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// writeAccountKeys makes the pair that signs the tokens of service accounts, in the one kind of key that every component takes.
func writeAccountKeys(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.pub"), block("PUBLIC KEY", public), 0o600); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "sa.key"), key)
}

func writeKey(path string, key crypto.PrivateKey) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, block("PRIVATE KEY", pkcs8), 0o600)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// der is what the first block holds; a text without one gives nothing, which no parser takes.
func der(text []byte) []byte {
	b, _ := pem.Decode(text)
	if b == nil {
		return nil
	}
	return b.Bytes
}
