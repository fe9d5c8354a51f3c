package vsphere

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config says how a vCenter is reached and how it is used. What is zero takes the default beside it.
type Config struct {
	Server     string // host, host:port or URL; https and /sdk are implied
	Username   string
	Password   string
	Insecure   bool   // take any certificate
	Datacenter string // of pools that name none; "" is the only one there is

	Requests    int           // 8 requests at a time; those that only wait for news are not counted
	DialTimeout time.Duration // 10 s, for the connection and its handshake
	CallTimeout time.Duration // 30 s, for one request
	TaskTimeout time.Duration // 15 min, for one call of the interface, and for what it leaves to be done on the server
	KeepAlive   time.Duration // 5 min between signs of life; vCenter forgets a session that was idle for 30 min
	LoginPause  time.Duration // 30 s without a login after one that was refused, lest the account be locked

	// Defaults for pools, which their options override.
	ManageHosts   bool          // choose the host of every machine, also where DRS would
	CreateFolders bool          // create the folder of a pool if it is missing
	DeltaDisks    bool          // take the snapshot that linked clones need
	UsageLimit    int           // 90 per cent of CPU or memory, beyond which a host gets no machine
	HostsMaxAge   time.Duration // 60 s that the load of the hosts is believed
	Logger        *slog.Logger
	Now           func() time.Time

	newsWait time.Duration // 20 s that the server may hold back its answer while there is no news
}

func (c Config) withDefaults() Config {
	c.Requests = cmp.Or(c.Requests, 8)
	c.DialTimeout = cmp.Or(c.DialTimeout, 10*time.Second)
	c.CallTimeout = cmp.Or(c.CallTimeout, 30*time.Second)
	c.TaskTimeout = cmp.Or(c.TaskTimeout, 15*time.Minute)
	c.KeepAlive = cmp.Or(c.KeepAlive, 5*time.Minute)
	c.LoginPause = cmp.Or(c.LoginPause, 30*time.Second)
	c.UsageLimit = cmp.Or(c.UsageLimit, 90)
	c.HostsMaxAge = cmp.Or(c.HostsMaxAge, time.Minute)
	c.newsWait = cmp.Or(c.newsWait, 20*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// check refuses what cannot work and gives the server's address.
func (c Config) check() (*url.URL, error) {
	switch {
	case c.Username == "":
		return nil, errors.New("username: missing")
	case c.Password == "":
		return nil, errors.New("password: missing")
	case c.Requests < 0:
		return nil, fmt.Errorf("concurrent requests: %d is below 1", c.Requests)
	case c.UsageLimit < 1 || c.UsageLimit > 100:
		return nil, fmt.Errorf("utilization_limit: %d is not a percentage from 1 to 100", c.UsageLimit)
	}
	for name, d := range map[string]time.Duration{
		"dial timeout": c.DialTimeout, "call timeout": c.CallTimeout, "task timeout": c.TaskTimeout,
		"keep alive": c.KeepAlive, "login pause": c.LoginPause, "host_selection_max_age": c.HostsMaxAge,
	} {
		if d < 0 {
			return nil, fmt.Errorf("%s: %v is negative", name, d)
		}
	}
	return address(c.Server)
}

// address reads what an operator calls the server. Its errors do not repeat the text, in which somebody may have put a password.
func address(server string) (*url.URL, error) {
	if server == "" {
		return nil, errors.New("server: missing")
	}
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	u, err := url.Parse(server)
	switch {
	case err != nil:
		return nil, errors.New("server: not a host name or a URL")
	case u.User != nil:
		return nil, errors.New("server: a user does not belong there, but into username and password")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("server: neither http nor https")
	case u.Hostname() == "":
		return nil, errors.New("server: names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("server: a query does not belong there")
	}
	if u.Path = strings.TrimRight(u.Path, "/"); u.Path == "" {
		u.Path = "/sdk"
	}
	return u, nil
}
