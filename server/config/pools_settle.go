package config

import (
	"strings"
	"time"
)

// settlePools gives every pool what it leaves to all of them.
func (l *loader) settlePools() {
	p := &l.cfg.Pools
	for i := range p.List {
		pool := &p.List[i]
		if pool.Provider == "" && len(p.Providers) == 1 {
			pool.Provider = p.Providers[0].Name
		}
		if pool.Domain == "" {
			pool.Domain = p.Domain
		}
		if pool.CloneTarget == "" {
			pool.CloneTarget = p.CloneTarget
		}
		for _, d := range []struct{ own, all *time.Duration }{
			{&pool.Timeout, &p.Timeout}, {&pool.TimeoutNotification, &p.TimeoutNotification}, {&pool.ReadyTTL, &p.ReadyTTL},
		} {
			if *d.own == inherit {
				*d.own = *d.all
			}
		}
	}
}

// providerPasswords reads the files that providers name for their passwords.
func (l *loader) providerPasswords() error {
	for i := range l.cfg.Pools.Providers {
		v := &l.cfg.Pools.Providers[i].VSphere
		if v.PasswordFile == "" {
			continue
		}
		var err error
		if v.Password, err = l.entryPassword("pools.providers", i, v.PasswordFile); err != nil {
			return err
		}
	}
	return nil
}

// entryPassword reads the file that an entry of a list names as password_file.
func (l *loader) entryPassword(list string, i int, name string) (Secret, error) {
	refuse := func(reason string) (Secret, error) { return "", l.refuseEntry(list, i, "password_file", reason) }
	data, err := l.readFile(name)
	if err != nil {
		return refuse(err.Error())
	}
	text := strings.TrimRight(string(data), "\r\n")
	switch {
	case text == "":
		return refuse("the file is empty")
	case strings.ContainsFunc(text, isControl):
		return refuse("the file does not hold one line of text")
	}
	return Secret(text), nil
}

// aloneKeys are those by which a server is for something else than storage.
var aloneKeys = []string{"pools.", "dialects.vmpooler.", "events.deployments", "dialects.stacktach.",
	"configs.kubeconfig", "configs.in_cluster", "configs.simulate", "dialects.deploymanager.",
	"instances.kubeconfig", "instances.in_cluster", "instances.simulate", "dialects.hmapi."}

// settleHeketi closes the Heketi API of a server that is for something else alone.
func (l *loader) settleHeketi() {
	l.cfg.Heketi.Closed = l.heketi == "" && !l.touched("heketi.", "gluster.", "sim.", "dialects.heketi.") &&
		(l.vmpooler != "" || l.stacktach != "" || l.touched(aloneKeys...))
}

// touched tells whether a key below one of the prefixes is not at its default.
func (l *loader) touched(prefixes ...string) bool {
	plain := l.table.defaults()
	for key, o := range l.table {
		for _, p := range prefixes {
			if strings.HasPrefix(key, p) && l.from[key].rank != rankDefault && o.show(&l.cfg) != o.show(&plain) {
				return true
			}
		}
	}
	return false
}
