// Package redis reads what another program keeps in a Redis, so that it can be taken over. It only reads: it sends no command that
// writes, and none that walks the whole server in one go, so that the other program may go on meanwhile. What one answer can cost
// is bounded: every key is weighed before it is fetched. It knows no key's meaning.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What callers ask about with errors.Is. ErrKind and ErrTooLarge concern one key; the others end the reading.
var (
	ErrURL      = errors.New("not a URL of a Redis")
	ErrKind     = errors.New("holds another kind of value")
	ErrTooLarge = errors.New("too large")
	ErrTooMany  = errors.New("too many keys")
)

// Options say where the Redis is. The URL may be redis://, rediss:// (TLS) or unix://, with user, password and database in it.
type Options struct {
	URL      string
	Password string        // in place of the URL's, so that it need not be seen where the URL is
	Timeout  time.Duration // for a connection, and for each answer; 0 is 30 s
}

// The bounds of one reading.
const (
	maxKeys    = 4 << 20  // that begin with one prefix
	maxKey     = 64 << 20 // bytes that one key may hold
	maxAnswer  = 16 << 20 // bytes that are asked for at once, unless one key alone holds more
	perWeigh   = 256      // keys weighed at once
	perScan    = 1000     // keys looked at in one step of a scan
	blindGuess = 1 << 20  // what a key is taken to hold if the server does not say
)

// defaultTimeout lets a busy server answer for a key of the largest size.
const defaultTimeout = 30 * time.Second

// Reader is a connection to a Redis. It is safe for concurrent use.
type Reader struct {
	c redis.UniversalClient
	o *redis.Options
}

// Open connects. Its errors hold no password.
func Open(ctx context.Context, o Options) (*Reader, error) {
	opt, err := settings(o)
	if err != nil {
		return nil, err
	}
	// A first connection by hand: of one that fails the client would write to stderr.
	conn, err := redis.NewDialer(opt)(ctx, opt.Network, opt.Addr)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if err := conn.Close(); err != nil {
		return nil, fmt.Errorf("redis %s: %w", opt.Addr, err)
	}
	r := &Reader{c: redis.NewClient(opt), o: opt}
	if err := r.c.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("redis %s: %w", r.Addr(), err), r.Close())
	}
	return r, nil
}

func settings(o Options) (*redis.Options, error) {
	// The reasons that the parsers give repeat the text, and that may hold a password.
	u, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrURL)
	}
	switch {
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		return nil, fmt.Errorf("%w: it must begin with redis://, rediss:// or unix://", ErrURL)
	case u.RawQuery != "" && u.Scheme != "unix":
		return nil, fmt.Errorf("%w: it takes no parameters", ErrURL)
	}
	opt, err := redis.ParseURL(o.URL)
	if err != nil {
		return nil, fmt.Errorf("%w: want redis://USER:PASSWORD@HOST:PORT/DATABASE", ErrURL)
	}
	if o.Password != "" {
		opt.Password = o.Password
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	// Nothing that an old server does not know, or a guarded one forbids.
	opt.Protocol, opt.DisableIdentity, opt.ContextTimeoutEnabled = 2, true, true
	opt.DialerRetries, opt.MaxRetries = 1, 1
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return opt, nil
}

// Addr is where the Redis is, without user and password.
func (r *Reader) Addr() string { return r.o.Addr }

// Close ends the connection.
func (r *Reader) Close() error { return r.c.Close() }

// Keys are all keys that begin so, each once, in no order. ErrTooMany.
func (r *Reader) Keys(ctx context.Context, prefix string) ([]string, error) {
	var out []string
	seen := map[string]struct{}{}
	pattern := literal.Replace(prefix) + "*"
	for cursor := uint64(0); ; {
		page, next, err := r.c.Scan(ctx, cursor, pattern, perScan).Result()
		if err != nil {
			return nil, fmt.Errorf("redis %s: scan: %w", r.Addr(), err)
		}
		for _, key := range page {
			if _, twice := seen[key]; twice {
				continue
			}
			seen[key] = struct{}{}
			out = append(out, key)
		}
		if len(out) > maxKeys {
			return nil, fmt.Errorf("redis %s: %w: more than %d begin with %q", r.Addr(), ErrTooMany, maxKeys, prefix)
		}
		if cursor = next; cursor == 0 {
			return out, nil
		}
	}
}

// literal takes the meaning from what a pattern would read otherwise.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
