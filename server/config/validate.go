package config

import (
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"time"
)

// validate checks what no key can check alone.
func (l *loader) validate(cmd command) error {
	checks := []func() error{l.checkPaths, l.checkRest(cmd)}
	switch cmd {
	case serve:
		checks = append(checks, l.checkListen, l.checkTLS, l.checkOperations, l.checkBricks, l.checkKeys, l.checkNodes, l.checkHypervisors, l.checkPoolAuth, l.checkPools, l.checkEvents, l.checkConfigs, l.checkInstances)
	case worker:
		checks = append(checks, l.checkShared, l.checkOperations, l.checkNodes, l.checkHypervisors, l.checkPools, l.checkConfigs, l.checkInstances)
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) checkPaths() error {
	if l.cfg.DataDir == "" {
		return l.refuse("data_dir", "must not be empty")
	}
	return nil
}

func (l *loader) checkRest(cmd command) func() error {
	return func() error {
		if cmd != store && len(l.cfg.Args) > 0 {
			return &Error{Where: "command line", Reason: "unexpected word " + quote(l.cfg.Args[0])}
		}
		return nil
	}
}

func (l *loader) checkListen() error {
	_, port, err := net.SplitHostPort(l.cfg.Listen)
	if err != nil {
		return l.refuse("listen", quote(l.cfg.Listen)+` is not host:port, as in ":8080"`)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return l.refuse("listen", quote(port)+" is not a port number")
	}
	return nil
}

func (l *loader) checkTLS() error {
	t := l.cfg.TLS
	switch {
	case t.CertFile == "" && t.KeyFile == "":
		if l.wantTLS {
			return l.refuse("tls.cert_file", "is missing, and enable_tls is true")
		}
		return nil
	case t.KeyFile == "":
		return l.refuse("tls.cert_file", "tls.key_file is missing")
	case t.CertFile == "":
		return l.refuse("tls.key_file", "tls.cert_file is missing")
	}
	cert, err := l.slurp("tls.cert_file", t.CertFile)
	if err != nil {
		return err
	}
	key, err := l.slurp("tls.key_file", t.KeyFile)
	if err != nil {
		return err
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return l.refuse("tls.key_file", "does not go with tls.cert_file: "+err.Error())
	}
	return nil
}

func (l *loader) checkOperations() error {
	o := l.cfg.Operations
	switch {
	case o.MaxInFlightPerNode > o.MaxInFlight:
		return l.refuse("operations.max_in_flight_per_node", "is more than operations.max_in_flight")
	case o.TakeoverAfter < 2*o.SignOfLife:
		return l.refuse("operations.takeover_after", "is less than twice operations.sign_of_life")
	case o.RetryAfter%time.Second != 0:
		return l.refuse("operations.retry_after", "is not a number of whole seconds")
	}
	return nil
}

func (l *loader) checkBricks() error {
	h := l.cfg.Heketi
	if h.BrickMinSizeGB > h.BrickMaxSizeGB {
		return l.refuse("heketi.brick_min_size_gb", "is more than heketi.brick_max_size_gb")
	}
	return nil
}

// heketiMissingKey is what Heketi's operators know this refusal by.
const heketiMissingKey = "Missing JWT information in config file"

func (l *loader) checkKeys() error {
	h := l.cfg.Heketi
	if h.Closed || h.DisableAuth || h.AdminKey != "" && h.UserKey != "" {
		return nil
	}
	key, foreign := "heketi.admin_key", "jwt.admin.key"
	if h.AdminKey != "" {
		key, foreign = "heketi.user_key", "jwt.user.key"
	}
	if l.heketi != "" {
		return &Error{Where: l.heketi, Key: foreign, Reason: heketiMissingKey}
	}
	return l.refuse(key, "is empty; set it, or "+key+"_file, or heketi.disable_auth")
}

func (l *loader) checkShared() error {
	if l.cfg.Redis.Embedded() {
		return l.refuse("redis.url", "a worker needs the Redis that the server uses, and embedded is the server's own")
	}
	return nil
}

// checkNodes sees to it that the way to the nodes is complete before anything starts.
func (l *loader) checkNodes() error {
	g := l.cfg.Gluster
	switch {
	case l.cfg.Heketi.Closed, l.cfg.Heketi.Executor != ExecutorSSH:
		return nil
	case g.CLITimeout%time.Second != 0:
		return l.refuse("gluster.cli_timeout", "is not a number of whole seconds")
	case (g.XFSStripeWidth == 0) != (g.XFSStripeUnit == 0):
		return l.refuse("gluster.xfs_sw", "goes with gluster.xfs_su: set both or none")
	}
	return l.checkSSH("heketi.executor: sim")
}

// checkHypervisors does the same for the hosts of libvirt.
func (l *loader) checkHypervisors() error {
	for _, p := range l.cfg.Pools.Providers {
		if p.Kind == ProviderLibvirt && slices.ContainsFunc(p.Libvirt.Hosts, func(h string) bool { return h != LocalHost }) {
			return l.checkSSH("let " + LocalHost + " be the only host of libvirt")
		}
	}
	return nil
}

func (l *loader) checkSSH(instead string) error {
	s := l.cfg.SSH
	if s.KeyFile == "" && !s.Agent {
		return l.refuse("ssh.key_file", "is empty; set it or ssh.agent, or "+instead)
	}
	if s.KeyFile != "" {
		if _, err := l.slurp("ssh.key_file", s.KeyFile); err != nil {
			return err
		}
	}
	if s.HostKeys == HostKeysStrict && l.from["ssh.known_hosts"].rank != rankDefault {
		_, err := l.slurp("ssh.known_hosts", s.KnownHosts)
		return err
	}
	return nil
}

// caution lists what is allowed but should not go unseen.
func (l *loader) caution(cmd command) {
	c := l.cfg
	if l.heketi != "" && l.from["metrics.open"].rank == rankHeketiFile && l.from["heketi.open_hello"].rank == rankHeketiFile {
		l.warn("%s: /metrics and /hello answer without a token, as in Heketi; metrics.open and heketi.open_hello close them", l.heketi)
	}
	if c.Heketi.Executor == ExecutorSSH && !c.Heketi.Closed && c.SSH.HostKeys == HostKeysInsecure {
		l.warn("ssh.host_keys: the host keys of storage nodes are not checked; name a file of them (ssh.known_hosts, or SSH_KNOWN_HOSTS beside a heketi.json) and use strict")
	}
	if l.heketi != "" && l.vmpooler != "" && cmd == serve && l.from["listen"].rank < rankFile {
		l.warn("%s: listens on %s, as for Heketi; vmpooler's clients may expect port 4567", l.vmpooler, c.Listen)
	}
	if c.Heketi.DisableAuth {
		l.warn("heketi.disable_auth: whoever reaches %s may do everything through the Heketi API", c.Listen)
	} else if c.Heketi.AdminKey != "" && c.Heketi.AdminKey == c.Heketi.UserKey {
		l.warn("heketi.user_key: is the same as heketi.admin_key, so every user can act as admin")
	}
	for _, key := range []string{"dialects.heketi.anonymous", "dialects.native.anonymous", "dialects.vmpooler.anonymous", "dialects.stacktach.anonymous", "dialects.deploymanager.anonymous", "dialects.hmapi.anonymous"} {
		switch o := l.table[key]; {
		case o.show(&c) != string(AnonymousFull):
		case l.from[key].rank == rankVMPoolerFile:
			l.warn("%s: whoever reaches %s may use the vmpooler API without a token, as in vmpooler; %s: none closes it", l.vmpooler, c.Listen, key)
		case l.from[key].rank == rankStackTach:
			l.warn("%s: whoever reaches %s may use the StackTach API without a token, as in StackTach; %s: none closes it", l.stacktach, c.Listen, key)
		default:
			l.warn("%s: full lets whoever reaches %s change everything", key, c.Listen)
		}
	}
	l.poolsCaution(cmd)
	l.eventsCaution(cmd)
}
