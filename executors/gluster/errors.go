package gluster

import (
	"context"
	"errors"
	"strings"

	"yardmaster/executors"
)

// What callers tell apart in a machine's refusal. Each arrives together with the *executors.ExitError that holds the
// machine's words.
var (
	ErrPeersDown          = errors.New("peers are down")
	ErrNoVolume           = errors.New("no such volume")
	ErrVolumeExists       = errors.New("volume exists and is not ours")
	ErrVolumeHasSnapshots = errors.New("volume has snapshots")
	ErrGlusterdDown       = errors.New("glusterd is not running")
	ErrBusy               = errors.New("another transaction is in progress")
	ErrTimedOut           = errors.New("gluster timed out")
	ErrNotPeer            = errors.New("host is not in the trusted pool")
	ErrNoBlockVolume      = errors.New("no such block volume")
)

// refusal is an ExitError that was recognised: it reads as the machine's words and matches its sentinel.
type refusal struct {
	kind error
	exit *executors.ExitError
}

func (r *refusal) Error() string   { return r.exit.Error() }
func (r *refusal) Unwrap() []error { return []error{r.kind, r.exit} }

// refused makes the error for a script that exited non-zero.
func refused(host, what string, res executors.Result) error {
	exit := &executors.ExitError{Host: host, What: what, Result: res}
	if kind := recognise(exit.Error()); kind != nil {
		return &refusal{kind: kind, exit: exit}
	}
	return exit
}

// signs are the phrases of gluster, most telling first: a lock that failed because a peer is gone is a busy cluster
// until gluster itself has noticed that the peer is gone.
var signs = []struct {
	text string
	kind error
}{
	{"Another transaction is in progress", ErrBusy},
	{"Another transaction could be in progress", ErrBusy},
	{"another transaction is in progress", ErrBusy},
	{"Locking failed", ErrBusy},
	{"Unlocking failed", ErrBusy},
	{"is busy with another script", ErrBusy},
	{"is still there", ErrBusy},
	{"rebalance is in progress", ErrBusy},
	{"rebalance process is running", ErrBusy},
	{"target is busy", ErrBusy},
	{"contains a filesystem in use", ErrBusy},
	{"Request timed out", ErrTimedOut},
	{"peers are down", ErrPeersDown},
	{"nodes are down", ErrPeersDown},
	{"not connected", ErrPeersDown},
	{"Transport endpoint is not connected", ErrPeersDown},
	{"gluster daemon is operational", ErrGlusterdDown},
	{" snapshots.", ErrVolumeHasSnapshots},
	{"not in 'Peer in Cluster' state", ErrNotPeer},
	{"not part of cluster", ErrNotPeer},
	{"glusterd is not running", ErrGlusterdDown},
}

func recognise(text string) error {
	for _, s := range signs {
		if strings.Contains(text, s.text) {
			return s.kind
		}
	}
	if saysNoVolume(text) {
		return ErrNoVolume
	}
	return nil
}

// saysNoVolume tells whether gluster denies that a volume exists; bricks and snapshots are denied with other words.
func saysNoVolume(text string) bool {
	return strings.Contains(text, "olume") && strings.Contains(text, "does not exist") &&
		!strings.Contains(text, "napshot") && !strings.Contains(text, "rick")
}

// Retryable tells whether the same call may well succeed later with nothing else changed.
func Retryable(err error) bool {
	for _, kind := range []error{
		ErrBusy, ErrTimedOut, ErrPeersDown, ErrGlusterdDown,
		executors.ErrUnreachable, executors.ErrLost, context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
