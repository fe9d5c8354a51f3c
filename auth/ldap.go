package auth

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// How the way to a directory is kept private.
const (
	LDAPStartTLS  = "start_tls"  // TLS on the plain port, before anything is said; the default
	LDAPSimpleTLS = "simple_tls" // TLS from the first byte
	LDAPNone      = "none"       // passwords in clear
)

// LDAPOptions say where a directory is and how its users are found: by a search as a service account if there is one, else by
// binding as UserObject=NAME,Base for every user object and every base.
type LDAPOptions struct {
	Host            string
	Port            int // 0: 389, with simple_tls 636
	Bases           []string
	UserObjects     []string // attributes that hold a user's name, such as uid
	Encryption      string   // "" is start_tls
	ServiceDN       string
	ServicePassword string
	CAFile          string        // PEM; "" trusts what the system trusts
	SkipVerify      bool          // take any certificate
	Timeout         time.Duration // for one check; 0 is 10 s
	Role            Role          // of every user; none is RoleUser
}

// LDAP proves passwords by a directory. It keeps no connection and no password.
type LDAP struct {
	o     LDAPOptions
	tls   *tls.Config
	slots chan struct{}
}

// ldapMost is how many checks are under way at once.
const ldapMost = 16

// NewLDAP refuses what cannot work, or would send passwords in clear without having been told to. It reaches nobody yet.
func NewLDAP(o LDAPOptions) (*LDAP, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o.Encryption = cmp.Or(o.Encryption, LDAPStartTLS)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Role = cmp.Or(o.Role, RoleUser)
	if o.Port == 0 {
		o.Port = 389
		if o.Encryption == LDAPSimpleTLS {
			o.Port = 636
		}
	}
	l := &LDAP{o: o, slots: make(chan struct{}, ldapMost)}
	l.tls = &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.SkipVerify}
	if o.CAFile == "" {
		return l, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ldap ca_file: %w", err)
	}
	l.tls.RootCAs = x509.NewCertPool()
	if !l.tls.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ldap ca_file: %s holds no certificate", o.CAFile)
	}
	return l, nil
}

var attributeType = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)

func (o LDAPOptions) check() error {
	switch {
	case o.Host == "" || strings.ContainsAny(o.Host, "/ ") || net.ParseIP(o.Host) == nil && strings.Contains(o.Host, ":"):
		return fmt.Errorf("ldap host: %q is not the name or address of a host", o.Host)
	case o.Port < 0 || o.Port > 65535:
		return fmt.Errorf("ldap port: %d is not a port", o.Port)
	case len(o.Bases) == 0:
		return errors.New("ldap base: not set")
	case len(o.UserObjects) == 0:
		return errors.New("ldap user_object: not set")
	case !slices.Contains([]string{"", LDAPStartTLS, LDAPSimpleTLS, LDAPNone}, o.Encryption):
		return fmt.Errorf("ldap encryption: %q is not start_tls, simple_tls or none", o.Encryption)
	case (o.ServiceDN == "") != (o.ServicePassword == ""):
		return errors.New("ldap service account: needs both a user_dn and a password")
	}
	for _, base := range o.Bases {
		if dn, err := ldap.ParseDN(base); err != nil || len(dn.RDNs) == 0 {
			return fmt.Errorf("ldap base: %q is not a distinguished name", base)
		}
	}
	for _, object := range o.UserObjects {
		if !attributeType.MatchString(object) {
			return fmt.Errorf("ldap user_object: %q is not the name of an attribute", object)
		}
	}
	if o.ServiceDN != "" {
		if _, err := ldap.ParseDN(o.ServiceDN); err != nil {
			return fmt.Errorf("ldap service account: user_dn %q is not a distinguished name", o.ServiceDN)
		}
	}
	return nil
}

// CheckPassword asks the directory. The Principal's name is spelled as the user's entry spells it, so that a user has one name
// however it is typed. Where a user may not read that entry, the name is as typed. Names are not told from passwords without a
// service account: then an unknown one is ErrWrongPassword.
func (l *LDAP) CheckPassword(ctx context.Context, name, password string) (Principal, error) {
	if password == "" || !nameable(name) { // a bind with an empty password proves nothing, and succeeds
		return Principal{}, ErrWrongPassword
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return Principal{}, ctx.Err()
	}
	spelled, err := l.ask(ctx, name, password)
	switch {
	case err == nil:
		return l.Known(ctx, spelled)
	case errors.Is(err, ErrWrongPassword), errors.Is(err, ErrNoUser):
		return Principal{}, err
	case ctx.Err() != nil:
		return Principal{}, ctx.Err()
	}
	return Principal{}, unavailable(err)
}

// Known takes every name for a user's and asks nobody: whoever is gone from the directory keeps tokens until they are deleted.
func (l *LDAP) Known(_ context.Context, name string) (Principal, error) {
	if !nameable(name) {
		return Principal{}, ErrNoUser
	}
	return Principal{Name: name, Role: l.o.Role, Issuer: IssuerLDAP}, nil
}

func (l *LDAP) ask(ctx context.Context, name, password string) (spelled string, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.Timeout)
	defer cancel()
	conn, hangUp, err := l.dial(ctx)
	if err != nil {
		return "", err
	}
	defer hangUp()
	d := directory{l, conn}
	if l.o.ServiceDN != "" {
		return d.searchAndBind(name, password)
	}
	return d.bind(name, password)
}

func (l *LDAP) address() string { return net.JoinHostPort(l.o.Host, strconv.Itoa(l.o.Port)) }

const nameMost = 256

// nameable refuses names that no directory has and that no log should show: control characters, and spaces at the ends, which
// directories do not see.
func nameable(name string) bool {
	return name != "" && len(name) <= nameMost && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) })
}
