package ssh

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"yardmaster/executors"
)

func TestAHostsKeyIsJudged(t *testing.T) {
	ed, ec, stranger := ed25519Key(t), ecdsaKey(t), ed25519Key(t)
	for name, c := range map[string]struct {
		mode    HostKeys
		offers  []ssh.Signer
		known   []ssh.Signer
		refused string // what the error names beside the address and the fingerprint
		written bool
	}{
		"strict, known":                         {mode: Strict, offers: []ssh.Signer{ed}, known: []ssh.Signer{ed}},
		"strict, unknown":                       {mode: Strict, offers: []ssh.Signer{ed}, refused: "is not in"},
		"strict, changed":                       {mode: Strict, offers: []ssh.Signer{ed}, known: []ssh.Signer{stranger}, refused: "somebody else"},
		"strict, two keys, only ecdsa known":    {mode: Strict, offers: []ssh.Signer{ed, ec}, known: []ssh.Signer{ec}},
		"strict, two keys, only ed25519 known":  {mode: Strict, offers: []ssh.Signer{ec, ed}, known: []ssh.Signer{ed}},
		"accept-new, unknown":                   {mode: AcceptNew, offers: []ssh.Signer{ed}, written: true},
		"accept-new, known":                     {mode: AcceptNew, offers: []ssh.Signer{ed}, known: []ssh.Signer{ed}},
		"accept-new, changed":                   {mode: AcceptNew, offers: []ssh.Signer{ed}, known: []ssh.Signer{stranger}, refused: "somebody else"},
		"accept-new, two keys, one type known":  {mode: AcceptNew, offers: []ssh.Signer{ed, ec}, known: []ssh.Signer{ec}},
		"accept-new, a second type is no proof": {mode: AcceptNew, offers: []ssh.Signer{ed}, known: []ssh.Signer{ec}, refused: "no common algorithm"},
		"insecure, changed":                     {mode: Insecure, offers: []ssh.Signer{ed}, known: []ssh.Signer{stranger}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newServer(t, succeed, c.offers...)
			file := knowing(t, n.address(), c.known...)
			before, _ := os.ReadFile(file)
			s := reach(t, func(cfg *Config) { cfg.HostKeys, cfg.KnownHosts, cfg.Redial = c.mode, file, time.Hour }, n)
			errs := runMany(t.Context(), s, "node0", 20)
			for _, err := range errs {
				if (err != nil) != (c.refused != "") || err != nil && !errors.Is(err, executors.ErrUnreachable) {
					t.Fatalf("got %v", err)
				}
			}
			after, _ := os.ReadFile(file)
			if want := strings.Count(string(before), "\n"); c.written && strings.Count(string(after), "\n") != want+1 || !c.written && string(after) != string(before) {
				t.Errorf("the file went from %q to %q", before, after)
			}
			if c.refused == "" {
				return
			}
			text := errs[0].Error()
			if !strings.Contains(text, c.refused) || !strings.Contains(text, n.address()) || !strings.HasPrefix(text, "node0: ") {
				t.Errorf("error: %s", text)
			}
			if c.refused != "no common algorithm" && !strings.Contains(text, ssh.FingerprintSHA256(ed.PublicKey())) {
				t.Errorf("error without the fingerprint: %s", text)
			}
			if n.dials.Load() != 1 {
				t.Errorf("%d dials for one refused key", n.dials.Load())
			}
			if h := s.Health()[0]; h.Reachable || !strings.Contains(h.Reason, c.refused) {
				t.Errorf("health: %+v", h)
			}
		})
	}
}

func TestAKeyThatWasTakenCountsFromThenOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known_hosts") // there is none yet
	first := newServer(t, succeed)
	with := func(c *Config) { c.HostKeys, c.KnownHosts = AcceptNew, file }
	if _, err := reach(t, with, first).Run(t.Context(), "node0", "true"); err != nil {
		t.Fatal(err)
	}
	impostor := newServer(t, succeed)
	_, err := reach(t, func(c *Config) {
		with(c)
		c.Hosts["node0"] = first.address()
	}, first).Run(t.Context(), "node0", "true")
	if err != nil {
		t.Errorf("the same key again: %v", err)
	}
	line, _ := os.ReadFile(file)
	swapped := strings.ReplaceAll(string(line), knownhosts.Normalize(first.address()), knownhosts.Normalize(impostor.address()))
	if err := os.WriteFile(file, []byte(swapped), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reach(t, with, impostor).Run(t.Context(), "node0", "true"); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("another key: %v", err)
	}
}

func TestTheFileCountsAsItIsNow(t *testing.T) {
	n := newServer(t, succeed)
	file := knowing(t, n.address())
	s := reach(t, func(c *Config) { c.HostKeys, c.KnownHosts = Strict, file }, n)
	if _, err := s.Run(t.Context(), "node0", "true"); err == nil {
		t.Fatal("an unknown host was taken")
	}
	line := knownhosts.Line([]string{n.address()}, n.keys[0].PublicKey())
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the operator's line counts", func() bool { return s.Check(t.Context(), "node0") == nil })
}

func TestANewLineStandsAlone(t *testing.T) {
	n, other := newServer(t, succeed), newServer(t, succeed)
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(knownhosts.Line([]string{other.address()}, other.keys[0].PublicKey())), 0o600); err != nil {
		t.Fatal(err)
	}
	s := reach(t, func(c *Config) { c.HostKeys, c.KnownHosts = AcceptNew, file }, n, other)
	for _, host := range []string{"node0", "node1"} {
		if _, err := s.Run(t.Context(), host, "true"); err != nil {
			t.Error(err)
		}
	}
}

func TestACertificateOfAKnownAuthorityIsEnough(t *testing.T) {
	authority, key := ed25519Key(t), ed25519Key(t)
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(strings.NewReader(strings.Repeat("random", 100)), authority); err != nil {
		t.Fatal(err)
	}
	certified, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by ssh.Signer
		ok bool
	}{"known authority": {authority, true}, "another authority": {ed25519Key(t), false}} {
		t.Run(name, func(t *testing.T) {
			n := newServer(t, succeed, key, certified)
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte("@cert-authority "+knownhosts.Line([]string{n.address()}, c.by.PublicKey())+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			s := reach(t, func(cfg *Config) { cfg.HostKeys, cfg.KnownHosts = Strict, file }, n)
			if _, err := s.Run(t.Context(), "node0", "true"); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatCannotWorkStopsTheStart(t *testing.T) {
	key, _ := clientKey(t)
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("neither key nor host"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	for name, c := range map[string]struct {
		cfg   Config
		names string
	}{
		"no key":                {Config{HostKeys: Insecure}, "neither a key file nor an agent"},
		"no such key":           {Config{HostKeys: Insecure, KeyFile: broken + "x"}, broken + "x"},
		"unreadable key":        {Config{HostKeys: Insecure, KeyFile: broken}, broken},
		"agent without socket":  {Config{HostKeys: Insecure, Agent: true}, "SSH_AUTH_SOCK"},
		"no known hosts":        {Config{KeyFile: key, KnownHosts: broken + "x"}, broken + "x"},
		"unreadable known host": {Config{KeyFile: key, KnownHosts: broken}, broken},
		"unknown way to judge":  {Config{KeyFile: key, HostKeys: "maybe"}, "maybe"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.names) {
				t.Errorf("got %v", err)
			}
		})
	}
}
