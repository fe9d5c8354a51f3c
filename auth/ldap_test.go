package auth_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"yardmaster/auth"
)

const (
	inPeople = "ou=people,dc=yard,dc=test"
	inOthers = "ou=others,dc=yard,dc=test"
)

func (s slapd) options() auth.LDAPOptions {
	return auth.LDAPOptions{Host: "127.0.0.1", Port: s.plain, CAFile: s.ca, Bases: []string{inPeople}, UserObjects: []string{"uid"}}
}

// with changes the options; searching finds users as the service account does.
func (s slapd) with(change func(*auth.LDAPOptions)) auth.LDAPOptions {
	o := s.options()
	change(&o)
	return o
}

func searching(o *auth.LDAPOptions) {
	o.ServiceDN, o.ServicePassword = "cn=finder,dc=yard,dc=test", "seeker"
	o.Bases, o.UserObjects = []string{inPeople, inOthers}, []string{"uid", "cn"}
}

func newLDAP(t *testing.T, o auth.LDAPOptions) *auth.LDAP {
	t.Helper()
	l, err := auth.NewLDAP(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLDAPTakesWhomTheDirectoryTakes(t *testing.T) {
	s := startSlapd(t, true)
	direct := s.options()
	everywhere := s.with(func(o *auth.LDAPOptions) {
		o.Bases, o.UserObjects = []string{inOthers, "ou=nowhere,dc=yard,dc=test", inPeople}, []string{"cn", "uid"}
	})
	byTLS := s.with(func(o *auth.LDAPOptions) { o.Encryption, o.Port = auth.LDAPSimpleTLS, s.secure })
	inClear := s.with(func(o *auth.LDAPOptions) { o.Encryption, o.CAFile = auth.LDAPNone, "" })
	anyCert := s.with(func(o *auth.LDAPOptions) { o.CAFile, o.SkipVerify = "", true })
	found := s.with(searching)
	tests := []struct {
		name           string
		options        auth.LDAPOptions
		user, password string
		want           string // the principal; or an error
		err            error
	}{
		{"start_tls is the default", direct, "ada", "engine", "ada", nil},
		{"simple_tls", byTLS, "ada", "engine", "ada", nil},
		{"none, when told so", inClear, "ada", "engine", "ada", nil},
		{"any certificate, when told so", anyCert, "ada", "engine", "ada", nil},
		{"wrong password", direct, "ada", "cobol", "", auth.ErrWrongPassword},
		{"unknown name", direct, "bob", "engine", "", auth.ErrWrongPassword},
		{"a name has one spelling", direct, "ADA", "engine", "ada", nil},
		{"another folder is not searched", direct, "deep", "diver", "", auth.ErrWrongPassword},
		{"several user objects", everywhere, "grace hopper", "cobol", "Grace Hopper", nil},
		{"several bases", everywhere, "ada", "engine", "ada", nil},
		{"empty password", direct, "ada", "", "", auth.ErrWrongPassword},

		{"search", found, "ada", "engine", "ada", nil},
		{"search goes deep", found, "deep", "diver", "deep", nil},
		{"search by a further attribute", found, "GRACE hopper", "cobol", "Grace Hopper", nil},
		{"search, wrong password", found, "ada", "cobol", "", auth.ErrWrongPassword},
		{"search, unknown name", found, "bob", "engine", "", auth.ErrNoUser},
		{"search, empty password", found, "ada", "", "", auth.ErrWrongPassword},
		{"a further attribute takes nobody's name", found, "ada", "mischief", "", auth.ErrWrongPassword},
		{"the first folder owns a name", found, "twin", "first", "twin", nil},
		{"and the second does not", found, "twin", "second", "", auth.ErrWrongPassword},
		{"service account refused", s.with(func(o *auth.LDAPOptions) { searching(o); o.ServicePassword = "x" }), "ada", "engine", "", auth.ErrUnavailable},
		{"two entries of one name", s.with(func(o *auth.LDAPOptions) { searching(o); o.Bases = []string{"dc=yard,dc=test"} }), "twin", "first", "", auth.ErrUnavailable},
		{"a base that is gone hides no other", s.with(func(o *auth.LDAPOptions) { searching(o); o.Bases[0] = "ou=gone,dc=yard,dc=test" }), "deep", "diver", "deep", nil},
		{"a base that is gone is no wrong name", s.with(func(o *auth.LDAPOptions) { searching(o); o.Bases[0] = "ou=gone,dc=yard,dc=test" }), "ada", "engine", "", auth.ErrUnavailable},

		{"a filter is no name", found, "*", "engine", "", auth.ErrNoUser},
		{"a filter cannot be closed", found, "ada)(uid=*", "engine", "", auth.ErrNoUser},
		{"a filter cannot be opened", found, "a*", "engine", "", auth.ErrNoUser},
		{"an escape is no name", found, `\61da`, "engine", "", auth.ErrNoUser},
		{"a folder is no name", direct, "ada,ou=people,dc=yard,dc=test", "engine", "", auth.ErrWrongPassword},
		{"a folder cannot be left", s.with(func(o *auth.LDAPOptions) { o.Bases = []string{inOthers} }), "ada,ou=people,dc=yard,dc=test#", "engine", "", auth.ErrWrongPassword},
		{"a second attribute is no name", direct, "ada+uid=ada", "engine", "", auth.ErrWrongPassword},
		{"an escaped byte is no name", direct, `\61da`, "engine", "", auth.ErrWrongPassword},
		{"a comma is a part of a name", direct, "a,b", "comma", "a,b", nil},
		{"a comma is a part of a name, search", found, "a,b", "comma", "a,b", nil},
		{"no name", direct, "", "engine", "", auth.ErrWrongPassword},
		{"a zero byte", direct, "ada\x00", "engine", "", auth.ErrWrongPassword},
		{"a space at the end", direct, "ada ", "engine", "", auth.ErrWrongPassword},
		{"broken text", direct, "ada\xff", "engine", "", auth.ErrWrongPassword},
		{"a name without end", direct, strings.Repeat("a", 1000), "engine", "", auth.ErrWrongPassword},

		{"unknown authority", s.with(func(o *auth.LDAPOptions) { o.CAFile = "" }), "ada", "engine", "", auth.ErrUnavailable},
		{"another host's certificate", s.with(func(o *auth.LDAPOptions) { o.Host = "localhost" }), "ada", "engine", "", auth.ErrUnavailable},
		{"unknown authority, simple_tls", s.with(func(o *auth.LDAPOptions) {
			o.Encryption, o.Port, o.CAFile = auth.LDAPSimpleTLS, s.secure, ""
		}), "ada", "engine", "", auth.ErrUnavailable},
		{"start_tls on the secure port", s.with(func(o *auth.LDAPOptions) { o.Port = s.secure }), "ada", "engine", "", auth.ErrUnavailable},
		{"nobody there", s.with(func(o *auth.LDAPOptions) { o.Port = freePort(t) }), "ada", "engine", "", auth.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := newLDAP(t, tt.options).CheckPassword(t.Context(), tt.user, tt.password)
			if p.Name != tt.want || !errors.Is(err, tt.err) {
				t.Fatalf("got %+v, %v; want %q, %v", p, err, tt.want, tt.err)
			}
			if err == nil && (p.Role != auth.RoleUser || p.Issuer != auth.IssuerLDAP) {
				t.Errorf("got %+v", p)
			}
			if refusal := new(auth.Refusal); errors.Is(err, auth.ErrUnavailable) && (!errors.As(err, &refusal) || refusal.Status != 503) {
				t.Errorf("got %#v, want a refusal with 503", err)
			}
		})
	}
}

func TestLDAPSendsNothingInClearUnlessToldSo(t *testing.T) {
	s := startSlapd(t, false)
	o := auth.LDAPOptions{Host: "127.0.0.1", Port: s.plain, Bases: []string{inPeople}, UserObjects: []string{"uid"}, SkipVerify: true}
	if p, err := newLDAP(t, o).CheckPassword(t.Context(), "ada", "engine"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a directory without StartTLS: got %+v, %v", p, err)
	}
	o.Encryption = auth.LDAPNone
	if p, err := newLDAP(t, o).CheckPassword(t.Context(), "ada", "engine"); err != nil {
		t.Errorf("in clear, as told: got %+v, %v", p, err)
	}
}

func TestLDAPAnswersManyAtOnce(t *testing.T) {
	l := newLDAP(t, startSlapd(t, true).with(searching))
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			password := []string{"engine", "wrong"}[i%2]
			if _, err := l.CheckPassword(t.Context(), "ada", password); (err == nil) != (i%2 == 0) {
				t.Errorf("password %s: %v", password, err)
			}
		})
	}
	all.Wait()
}

// listen serves each connection with answer until the test ends.
func listen(t *testing.T, answer func(net.Conn)) auth.LDAPOptions {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				answer(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return auth.LDAPOptions{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Bases: []string{inPeople}, UserObjects: []string{"uid"},
		Encryption: auth.LDAPNone, Timeout: 200 * time.Millisecond}
}

func silent(c net.Conn) {
	for b := make([]byte, 1024); ; {
		if _, err := c.Read(b); err != nil {
			return
		}
	}
}

func TestLDAPWaitsForNoDirectoryThatDoesNotAnswer(t *testing.T) {
	for _, encryption := range []string{auth.LDAPNone, auth.LDAPStartTLS, auth.LDAPSimpleTLS} {
		t.Run(encryption, func(t *testing.T) {
			o := listen(t, silent)
			o.Encryption = encryption
			if _, err := newLDAP(t, o).CheckPassword(t.Context(), "ada", "engine"); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("silence: got %v", err)
			}
			o.Timeout = time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := newLDAP(t, o).CheckPassword(ctx, "ada", "engine"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("a caller who left: got %v", err)
			}
		})
	}
}

func TestLDAPStopsListeningToADirectoryThatTalksWithoutEnd(t *testing.T) {
	sent := make(chan int, 1)
	o := listen(t, func(c net.Conn) {
		total := 0
		_, err := c.Write([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0x00}) // one message of 2 GB
		for zeros := make([]byte, 1<<16); err == nil; total += len(zeros) {
			_, err = c.Write(zeros)
		}
		sent <- total
	})
	o.Timeout = time.Minute
	if _, err := newLDAP(t, o).CheckPassword(t.Context(), "ada", "engine"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

func TestLDAPRefusesOldTLS(t *testing.T) {
	dir := t.TempDir()
	certificates(t, dir)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	handshakes := make(chan error, 1)
	o := listen(t, func(c net.Conn) {
		handshakes <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
	})
	o.Encryption, o.SkipVerify, o.Timeout = auth.LDAPSimpleTLS, true, time.Minute
	if _, err := newLDAP(t, o).CheckPassword(t.Context(), "ada", "engine"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := <-handshakes; err == nil {
		t.Error("TLS 1.1 was spoken")
	}
}

func TestLDAPRefusesWhatCannotWork(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		field  string
		change func(*auth.LDAPOptions)
	}{
		{"ldap host", func(o *auth.LDAPOptions) { o.Host = "" }},
		{"ldap host", func(o *auth.LDAPOptions) { o.Host = "ldap://directory" }},
		{"ldap host", func(o *auth.LDAPOptions) { o.Host = "directory:389" }},
		{"ldap port", func(o *auth.LDAPOptions) { o.Port = 70000 }},
		{"ldap base", func(o *auth.LDAPOptions) { o.Bases = nil }},
		{"ldap base", func(o *auth.LDAPOptions) { o.Bases = []string{"people"} }},
		{"ldap base", func(o *auth.LDAPOptions) { o.Bases = []string{inPeople, ""} }},
		{"ldap user_object", func(o *auth.LDAPOptions) { o.UserObjects = nil }},
		{"ldap user_object", func(o *auth.LDAPOptions) { o.UserObjects = []string{"uid=x,cn"} }},
		{"ldap encryption", func(o *auth.LDAPOptions) { o.Encryption = "plain" }},
		{"ldap service account", func(o *auth.LDAPOptions) { o.ServiceDN = "cn=finder" }},
		{"ldap service account", func(o *auth.LDAPOptions) { o.ServicePassword = "seeker" }},
		{"ldap service account", func(o *auth.LDAPOptions) { o.ServiceDN, o.ServicePassword = "finder", "seeker" }},
		{"ldap ca_file", func(o *auth.LDAPOptions) { o.CAFile = empty }},
		{"ldap ca_file", func(o *auth.LDAPOptions) { o.CAFile = empty + ".missing" }},
	}
	for _, tt := range tests {
		o := slapd{plain: 389}.with(tt.change)
		if _, err := auth.NewLDAP(o); err == nil || !strings.HasPrefix(err.Error(), tt.field+":") || strings.Contains(err.Error(), "seeker") {
			t.Errorf("%+v: got %v, want a complaint about %s", o, err, tt.field)
		}
	}
}
