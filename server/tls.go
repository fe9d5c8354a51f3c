package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// TLS is off when both files are empty.
type TLS struct {
	CertFile, KeyFile string
	MinVersion        uint16 // tls.VersionTLS12 or 13; 0 is 12, and less is refused
}

func (t TLS) minVersion() uint16 { return max(t.MinVersion, tls.VersionTLS12) }

func (t TLS) load(now func() time.Time, log *slog.Logger) (*keyPair, error) {
	switch {
	case t.CertFile == "" && t.KeyFile == "":
		return nil, nil
	case t.CertFile == "" || t.KeyFile == "":
		return nil, errors.New("tls needs both a certificate file and a key file")
	case t.MinVersion != 0 && t.MinVersion < tls.VersionTLS12:
		return nil, errors.New("tls below version 1.2 is refused")
	}
	k := &keyPair{certFile: t.CertFile, keyFile: t.KeyFile, now: now, log: log}
	if err := k.reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// recheck is how often the files are looked at, and only when somebody connects.
const recheck = 5 * time.Second

// keyPair is a certificate that follows its files: a renewed one is used from
// the next handshake on. A broken pair of files leaves the old one in use.
type keyPair struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	cert    *tls.Certificate
	stamp   [2]fileStamp
	checked time.Time
}

type fileStamp struct {
	modified time.Time
	size     int64
}

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.checked) >= recheck {
		k.checked = now
		if stamp, err := k.stat(); err == nil && stamp != k.stamp {
			k.follow()
		}
	}
	return k.cert, nil
}

func (k *keyPair) follow() {
	if err := k.reload(); err != nil {
		k.log.Warn("renewed certificate refused", "err", err)
		return
	}
	k.log.Info("renewed certificate taken")
}

// reload reads the stamp first: files that change meanwhile are read again.
func (k *keyPair) reload() error {
	stamp, err := k.stat()
	if err != nil {
		return fmt.Errorf("tls files: %w", err)
	}
	cert, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		return fmt.Errorf("tls key pair: %w", err)
	}
	k.cert, k.stamp = &cert, stamp
	return nil
}

func (k *keyPair) stat() (stamp [2]fileStamp, err error) {
	for i, name := range []string{k.certFile, k.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamp, err
		}
		stamp[i] = fileStamp{info.ModTime(), info.Size()}
	}
	return stamp, nil
}
