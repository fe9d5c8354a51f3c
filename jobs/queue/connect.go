package queue

import (
	"crypto/tls"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Short, because whoever talks to the queue has something better to do than to wait for it: what is not sent now, a sweep
// sends again.
const (
	dialTimeout = 500 * time.Millisecond
	talkTimeout = 2 * time.Second
	poolSize    = 32
)

// connect makes a client of its own pool. It dials nothing yet.
func (q *Queue) connect() redis.UniversalClient {
	t := q.where
	o := &redis.UniversalOptions{
		Addrs: t.addrs, DB: t.db, Username: t.user, Password: t.password, MasterName: t.master, SentinelPassword: t.sentinelPassword,
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true,
		DialTimeout: dialTimeout, DialerRetries: 1, ReadTimeout: talkTimeout, WriteTimeout: talkTimeout, PoolTimeout: talkTimeout,
		MaxRetries: 1, PoolSize: poolSize,
		// Where these are not off, making a client looks its host up in the DNS, and waits for it.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if t.tls {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if t.kind == single {
			o.TLSConfig.ServerName, _, _ = net.SplitHostPort(t.addrs[0])
		}
	}
	switch t.kind {
	case sentinel:
		return redis.NewFailoverClient(o.Failover())
	case cluster:
		c := o.Cluster()
		c.MaxRetries = 0
		return redis.NewClusterClient(c)
	case inProcess:
		o.Dialer = q.embedded.dial
		// After an exchange of the server each idle connection fails once; with more retries than idle ones no call fails.
		o.MaxIdleConns, o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 16, 20, -1, -1
		o.Addrs = []string{Embedded}
		return redis.NewClient(o.Simple())
	default:
		return redis.NewClient(o.Simple())
	}
}
