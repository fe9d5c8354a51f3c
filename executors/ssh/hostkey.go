package ssh

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// judge decides whether a node is who it says: with which sorts of keys it may answer, and whether its key is good.
type judge interface {
	judge(address string, remote net.Addr) (check ssh.HostKeyCallback, algorithms []string, err error)
}

func newJudge(cfg Config) (judge, error) {
	switch cfg.HostKeys {
	case Insecure:
		cfg.Logger.Warn("ssh host keys are not checked: whoever answers for a node gets its commands")
		return anyKey{}, nil
	case Strict, AcceptNew:
	default:
		return nil, fmt.Errorf("ssh host keys: %q is neither %s, %s nor %s", cfg.HostKeys, Strict, AcceptNew, Insecure)
	}
	k := &knownKeys{file: cfg.KnownHosts, accept: cfg.HostKeys == AcceptNew}
	if k.accept {
		if err := k.append(nil); err != nil {
			return nil, err
		}
	}
	if _, err := k.read(); err != nil {
		return nil, err
	}
	return k, nil
}

type anyKey struct{}

func (anyKey) judge(string, net.Addr) (ssh.HostKeyCallback, []string, error) {
	return ssh.InsecureIgnoreHostKey(), nil, nil
}

// knownKeys is a known_hosts file. It is read for every dial, so that what an operator adds or takes away counts at once.
type knownKeys struct {
	file   string
	accept bool

	mu sync.Mutex
}

func (k *knownKeys) read() (ssh.HostKeyCallback, error) {
	known, err := knownhosts.New(k.file)
	if err != nil {
		return nil, fmt.Errorf("ssh known hosts: %w", err)
	}
	return known, nil
}

func (k *knownKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, err := k.read()
	if err != nil {
		return err
	}
	err = known(address, remote, key)
	var mismatch *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &mismatch):
		return fmt.Errorf("host key of %s, %s: %w", address, ssh.FingerprintSHA256(key), err)
	case len(mismatch.Want) > 0:
		return fmt.Errorf("host key of %s is %s, which is not the one in %s: somebody else may be answering for it", address, ssh.FingerprintSHA256(key), k.file)
	case k.accept:
		return k.append([]byte(knownhosts.Line([]string{address}, key) + "\n"))
	}
	return fmt.Errorf("host %s is not in %s; it offers the key %s", address, k.file, ssh.FingerprintSHA256(key))
}

// append adds a line to the file, which it makes if there is none, on a line of its own whatever the file ends with.
func (k *knownKeys) append(line []byte) error {
	f, err := os.OpenFile(k.file, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("ssh known hosts: %w", err)
	}
	if len(line) > 0 {
		err = write(f, line)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("ssh known hosts: %w", err)
	}
	return nil
}

func write(f *os.File, line []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := info.Size(); size > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte("\n"), line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

// judge lets a host answer only with the sorts of keys that the file has of it: with another one first, a host that
// is well known would be taken for a stranger.
func (k *knownKeys) judge(address string, remote net.Addr) (ssh.HostKeyCallback, []string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, err := k.read()
	if err != nil {
		return nil, nil, err
	}
	var mismatch *knownhosts.KeyError
	if !errors.As(known(address, remote, strangersKey), &mismatch) || len(mismatch.Want) == 0 {
		return k.check, plainAlgorithms, nil
	}
	authorities, err := k.authorities()
	if err != nil {
		return nil, nil, err
	}
	var out []string
	for _, want := range mismatch.Want {
		if authorities[want.Line] {
			out = append(out, certAlgorithms...)
		} else {
			out = append(out, algorithmsOf(want.Key.Type())...)
		}
	}
	slices.Sort(out)
	return k.check, slices.Compact(out), nil
}

// authorities are the numbers of the file's lines whose key signs host certificates.
func (k *knownKeys) authorities() (map[int]bool, error) {
	text, err := os.ReadFile(k.file)
	if err != nil {
		return nil, fmt.Errorf("ssh known hosts: %w", err)
	}
	out := map[int]bool{}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("@cert-authority")) {
			out[i+1] = true
		}
	}
	return out, nil
}

// plainAlgorithms are asked of a host of which nothing is known: a certificate of an unknown authority would only hide its key.
var plainAlgorithms = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}

var certAlgorithms = []string{ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01}

func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// strangersKey is nobody's: asking for it makes the file tell which keys it has of a host.
var strangersKey = func() ssh.PublicKey {
	key, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return key
}()
