package config

import (
	"path/filepath"
	"strings"
)

// settle fills in what follows from other keys: secrets from their files, paths
// below data_dir, limits that depend on another.
func (l *loader) settle(cmd command) error {
	c := &l.cfg
	c.Auth.normalize()
	if c.SecretKeyFile == "" {
		c.SecretKeyFile = filepath.Join(c.DataDir, "secret.key")
	}
	if c.SSH.KnownHosts == "" {
		c.SSH.KnownHosts = filepath.Join(c.DataDir, "known_hosts")
	}
	if c.Operations.MaxInFlightPerNode == 0 {
		c.Operations.MaxInFlightPerNode = (3*c.Operations.MaxInFlight + 3) / 4
	}
	if c.Operations.MaxInFlightPerProvider == 0 {
		c.Operations.MaxInFlightPerProvider = c.share()
	}
	l.settlePools()
	l.settleHeketi()
	l.settleEvents()
	l.settleConfigs()
	if cmd != store {
		if err := l.secretFiles(); err != nil {
			return err
		}
		for _, read := range []func() error{l.providerPasswords, l.deploymentPasswords} {
			if err := read(); err != nil {
				return err
			}
		}
	}
	return l.redisPassword()
}

// share is how many workers one provider may hold so that, were all of them to hang, as many are left for the storage nodes.
func (c *Config) share() int {
	workers := c.Workers.Concurrency
	if workers == 0 { // all of them are elsewhere
		workers = defaultConcurrency
	}
	return max(1, workers/(len(c.Pools.Providers)+1))
}

func (l *loader) secretFiles() error {
	for _, o := range Options() {
		twin, ok := l.table.fileTwin(o)
		if !ok || l.from[twin.Key].rank == rankDefault || twin.show(&l.cfg) == "" {
			continue
		}
		if err := l.secretFile(o, twin); err != nil {
			return err
		}
	}
	return nil
}

// secretFile lets the stronger of a secret and its file win, and refuses a tie.
func (l *loader) secretFile(o, twin Option) error {
	direct, file := l.from[o.Key].rank, l.from[twin.Key].rank
	given := o.show(&l.cfg) != ""
	switch {
	case given && direct > file:
		return nil
	case given && direct == file:
		return l.refuse(twin.Key, "set this or "+o.Key+", not both")
	}
	data, err := l.slurp(twin.Key, twin.show(&l.cfg))
	if err != nil {
		return err
	}
	value := strings.TrimRight(string(data), "\r\n")
	if value == "" {
		return l.refuse(twin.Key, "the file is empty")
	}
	if err := o.fromText(&l.cfg, value); err != nil {
		return l.refuse(twin.Key, "the file does not hold one line of text")
	}
	l.from[o.Key] = l.from[twin.Key]
	return nil
}

// redisPassword moves the URL's password out of the URL.
func (l *loader) redisPassword() error {
	apart := l.cfg.Redis.Password
	if l.cfg.Redis.hidePassword() && apart != "" {
		return l.refuse("redis.url", "holds a password, and redis.password is set too")
	}
	return nil
}
