package kv

import (
	"fmt"
	"log/slog"
	"time"
)

// DefaultLockTimeout is how long Open waits for a file that another process holds.
const DefaultLockTimeout = 5 * time.Second

// Options say how a file is opened. Now is required, the rest has defaults.
type Options struct {
	Logger      *slog.Logger     // nil: silent
	LockTimeout time.Duration    // zero: DefaultLockTimeout
	Holder      string           // what this process calls itself; a refused second opener is shown it
	Now         func() time.Time // the clock behind Tx.Now
	ReadOnly    bool             // share the file with other readers, keep writers out
}

func (o Options) withDefaults() (Options, error) {
	if o.Now == nil {
		return o, fmt.Errorf("%w: Now is required", ErrBadOptions)
	}
	if o.LockTimeout < 0 {
		return o, fmt.Errorf("%w: negative LockTimeout", ErrBadOptions)
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = DefaultLockTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
