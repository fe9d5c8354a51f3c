package config

import (
	"crypto/x509"
	"fmt"
)

// checkPools checks what needs more than one entry of the lists of pools and providers.
func (l *loader) checkPools() error {
	p := l.cfg.Pools
	known := map[string]Provider{}
	for _, provider := range p.Providers {
		known[provider.Name] = provider
	}
	folders := map[string]string{}
	for i, pool := range p.List {
		refuse := func(field, reason string) error { return l.refuseEntry("pools.list", i, field, reason) }
		provider, ok := known[pool.Provider]
		switch {
		case pool.Provider == "" && len(known) == 0:
			return refuse("provider", "there is none; name one in pools.providers")
		case pool.Provider == "":
			return refuse("provider", "is empty; want "+orList(keysOf(known)))
		case !ok:
			return refuse("provider", quote(pool.Provider)+" is not in pools.providers"+meant(pool.Provider, keysOf(known)))
		case provider.Kind != ProviderVSphere:
			continue
		case pool.Folder == "":
			return refuse("folder", "is empty; a pool of a vCenter needs a folder of its own")
		}
		place := fmt.Sprintf("%q %q %q", pool.Provider, pool.Datacenter, pool.Folder)
		if other, taken := folders[place]; taken {
			return refuse("folder", fmt.Sprintf("%s is that of pool %s too", quote(pool.Folder), quote(other)))
		}
		folders[place] = pool.Name
	}
	return nil
}

// checkPoolAuth sees to it that users can be proved as configured.
func (l *loader) checkPoolAuth() error {
	a := l.cfg.Pools.Auth
	d := a.LDAP
	switch {
	case a.Provider == AuthDummy && !a.Unsafe:
		return l.refuse("pools.auth.provider", "dummy takes any password; set pools.auth.unsafe too if that is meant")
	case a.Provider != AuthLDAP:
		return nil
	case d.Host == "":
		return l.refuse("pools.auth.ldap.host", "is empty")
	case len(d.Base) == 0:
		return l.refuse("pools.auth.ldap.base", "is empty")
	case len(d.UserObject) == 0:
		return l.refuse("pools.auth.ldap.user_object", "is empty")
	case d.ServiceAccount.UserDN != "" && d.ServiceAccount.Password == "":
		return l.refuse("pools.auth.ldap.service_account.password", "is empty, and there is a user_dn")
	case d.ServiceAccount.UserDN == "" && d.ServiceAccount.Password != "":
		return l.refuse("pools.auth.ldap.service_account.user_dn", "is empty, and there is a password")
	case d.CAFile == "":
		return nil
	}
	pem, err := l.slurp("pools.auth.ldap.ca_file", d.CAFile)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return l.refuse("pools.auth.ldap.ca_file", "holds no certificate in PEM")
	}
	return nil
}

// poolsCaution lists what is allowed of pools but should not go unseen.
func (l *loader) poolsCaution(cmd command) {
	c := l.cfg
	for i, p := range c.Pools.Providers {
		if p.Kind == ProviderVSphere && p.VSphere.Insecure {
			l.warn("pools.providers[%d].insecure: the password goes to whoever says to be %s", i, p.VSphere.Server)
		}
	}
	if cmd != serve {
		return
	}
	if c.Heketi.Closed {
		l.warn("heketi.admin_key: is empty, and so is all of heketi: nobody may use the Heketi API, and no storage node is reached")
	}
	a := c.Pools.Auth
	switch {
	case a.Provider == AuthDummy:
		l.warn("pools.auth.provider: DUMMY TAKES EVERY PASSWORD: whoever reaches %s can be any user of the pools; for trying things out only", c.Listen)
	case a.Provider == AuthLDAP && a.LDAP.Encryption == "none":
		l.warn("pools.auth.ldap.encryption: passwords go to %s in clear", a.LDAP.Host)
	case a.Provider == AuthLDAP && a.LDAP.Insecure:
		l.warn("pools.auth.ldap.insecure: passwords go to whoever says to be %s", a.LDAP.Host)
	}
	l.lockedOut()
}

// lockedOut warns of pools that nobody can use, as far as the configuration tells.
func (l *loader) lockedOut() {
	c := l.cfg
	if len(c.Pools.List) == 0 || c.Dialects.VMPooler.Anonymous != AnonymousNone || len(c.Auth.Users)+len(c.Auth.Tokens) > 0 {
		return
	}
	switch c.Pools.Auth.Provider {
	case AuthNone:
		l.warn("pools.list: nobody can check a machine out: dialects.vmpooler.anonymous and pools.auth.provider are none, and there are no auth.tokens")
	case AuthLocal:
		l.warn("pools.list: only users that were added to the store can check a machine out: dialects.vmpooler.anonymous is none, and there are no auth.users and no auth.tokens")
	}
}
