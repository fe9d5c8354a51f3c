package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/sim/ports"
)

// slapd is an OpenLDAP server of the test's own.
type slapd struct {
	plain, secure int // ports
	ca            string
}

// The people of the test's directory. Contractors are in a folder of their own, one level deeper; Mallory calls herself Ada.
const people = `
dn: dc=yard,dc=test
objectClass: domain
dc: yard

dn: ou=people,dc=yard,dc=test
objectClass: organizationalUnit
ou: people

dn: ou=others,dc=yard,dc=test
objectClass: organizationalUnit
ou: others

dn: ou=deep,ou=others,dc=yard,dc=test
objectClass: organizationalUnit
ou: deep

dn: uid=ada,ou=people,dc=yard,dc=test
objectClass: inetOrgPerson
uid: ada
cn: Ada Lovelace
sn: Lovelace
userPassword: engine

dn: cn=Grace Hopper,ou=people,dc=yard,dc=test
objectClass: inetOrgPerson
uid: grace
cn: Grace Hopper
sn: Hopper
userPassword: cobol

dn: uid=mallory,ou=people,dc=yard,dc=test
objectClass: inetOrgPerson
uid: mallory
cn: ada
sn: M
userPassword: mischief

dn: uid=deep,ou=deep,ou=others,dc=yard,dc=test
objectClass: inetOrgPerson
uid: deep
cn: Deep
sn: Deep
userPassword: diver

dn: uid=twin,ou=people,dc=yard,dc=test
objectClass: inetOrgPerson
uid: twin
cn: Twin 1
sn: T
userPassword: first

dn: uid=twin,ou=deep,ou=others,dc=yard,dc=test
objectClass: inetOrgPerson
uid: twin
cn: Twin 2
sn: T
userPassword: second

dn: uid=a\,b,ou=people,dc=yard,dc=test
objectClass: inetOrgPerson
uid: a,b
cn: Comma
sn: C
userPassword: comma

dn: cn=finder,dc=yard,dc=test
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: finder
userPassword: seeker
`

// Only the finder may search; everybody may read what is their own. Binds with an empty password succeed here, and prove nothing.
const slapdConf = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
allow bind_anon_cred bind_anon_dn
%[2]s
database mdb
suffix "dc=yard,dc=test"
rootdn "cn=root,dc=yard,dc=test"
maxsize 16777216
directory %[1]s/db
access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=finder,dc=yard,dc=test" read by self read by * none
`

// startSlapd runs slapd until the test ends. Without TLS it knows no StartTLS either.
func startSlapd(t *testing.T, withTLS bool) slapd {
	t.Helper()
	program := need(t, "slapd")
	if _, err := os.Stat("/etc/ldap/schema/core.schema"); err != nil {
		missing(t, "slapd as Debian lays it out")
	}
	dir := t.TempDir()
	s := slapd{plain: freePort(t), secure: freePort(t), ca: filepath.Join(dir, "ca.pem")}
	urls, tlsLines := fmt.Sprintf("ldap://127.0.0.1:%d", s.plain), ""
	if withTLS {
		certificates(t, dir)
		tlsLines = fmt.Sprintf("TLSCACertificateFile %[1]s/ca.pem\nTLSCertificateFile %[1]s/cert.pem\nTLSCertificateKeyFile %[1]s/key.pem\n", dir)
		urls += fmt.Sprintf(" ldaps://127.0.0.1:%d", s.secure)
	}
	conf, ldif := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "people.ldif")
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, conf, fmt.Sprintf(slapdConf, dir, tlsLines))
	write(t, ldif, people)
	load := exec.Command(program, "-T", "add", "-f", conf, "-l", ldif)
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	var said strings.Builder
	server := exec.Command(program, "-f", conf, "-h", urls, "-d", "0")
	server.Stderr = &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("slapd: %s", &said)
		}
	})
	eventually(t, "slapd answers", func() bool {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", s.plain), time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return s
}

func need(t *testing.T, program string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, program)
	return ""
}

// missing skips the test on a laptop; in CI all must run.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and in CI nothing may be skipped; see tests/setup.sh", what)
	}
	t.Skipf("%s is not installed", what)
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// certificates writes ca.pem, and cert.pem and key.pem of 127.0.0.1 that it signed.
func certificates(t *testing.T, dir string) {
	t.Helper()
	caKey, key := newKey(t), newKey(t)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Yard CA"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	server := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "directory"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	writePEM(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", signed(t, ca, ca, caKey, caKey))
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", signed(t, server, ca, key, caKey))
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", der)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, cert, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}
