package config

import (
	"crypto/x509"
	"fmt"
)

// settleEvents fills in what deployments and reports leave to others.
func (l *loader) settleEvents() {
	e := &l.cfg.Events
	for i := range e.Reports {
		if e.Reports[i].Report == "" {
			e.Reports[i].Report = e.Reports[i].Name
		}
	}
	if r := &e.Verifier.Republish; r.Enabled && r.Deployment == "" && len(e.Deployments) == 1 {
		r.Deployment = e.Deployments[0].Name
	}
}

// deploymentPasswords reads the files that deployments name for theirs.
func (l *loader) deploymentPasswords() error {
	for i := range l.cfg.Events.Deployments {
		d := &l.cfg.Events.Deployments[i]
		if d.PasswordFile == "" {
			continue
		}
		var err error
		if d.Password, err = l.entryPassword("events.deployments", i, d.PasswordFile); err != nil {
			return err
		}
	}
	return nil
}

// checkEvents checks what needs a file, or more than one entry of the list of deployments.
func (l *loader) checkEvents() error {
	e := l.cfg.Events
	known := map[string]Deployment{}
	for i, d := range e.Deployments {
		known[d.Name] = d
		if d.TLS.CAFile == "" {
			continue
		}
		pem, err := l.readFile(d.TLS.CAFile)
		if err != nil {
			return l.refuseEntry("events.deployments", i, "tls.ca_file", err.Error())
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return l.refuseEntry("events.deployments", i, "tls.ca_file", "holds no certificate in PEM")
		}
	}
	return l.checkRepublish(known)
}

func (l *loader) checkRepublish(known map[string]Deployment) error {
	const key = "events.verifier.republish."
	r := l.cfg.Events.Verifier.Republish
	_, ok := known[r.Deployment]
	switch {
	case !r.Enabled:
		return nil
	case r.Deployment == "" && len(known) == 0:
		return l.refuse(key+"deployment", "there is none; name one in events.deployments")
	case r.Deployment == "":
		return l.refuse(key+"deployment", "is empty; want "+orList(keysOf(known)))
	case !ok:
		return l.refuse(key+"deployment", quote(r.Deployment)+" is not in events.deployments"+meant(r.Deployment, keysOf(known)))
	case len(r.Topics) == 0:
		return l.refuse(key+"topics", "is empty, and "+key+"enabled is true")
	}
	for _, exchange := range keysOf(r.Topics) {
		if len(r.Topics[exchange]) == 0 || len(exchange) > mostShortText {
			return l.refuse(key+"topics", quote(exchange)+" has no routing keys, or a name that is too long")
		}
	}
	return nil
}

// eventsCaution lists what is allowed of events but should not go unseen.
func (l *loader) eventsCaution(cmd command) {
	if cmd != serve {
		return
	}
	for i, d := range l.cfg.Events.Deployments {
		if d.TLS.Insecure {
			l.warn("events.deployments[%d].tls.insecure: the password goes to whoever says to be %s", i, d.Host)
		}
	}
	l.sharedQueues()
}

// sharedQueues warns of deployments that take the messages of one queue from each other.
func (l *loader) sharedQueues() {
	seen := map[string]string{}
	for _, d := range l.cfg.Events.Deployments {
		if !d.Enabled {
			continue
		}
		for _, t := range d.Topics {
			for _, b := range t.Queues {
				place := fmt.Sprintf("%q %d %q %q", d.Host, d.Port, d.VHost, b.Queue)
				if other, ok := seen[place]; ok && other != d.Name {
					l.warn("events.deployments: %s and %s consume from the same queue %s, so each gets some of its messages", other, d.Name, quote(b.Queue))
				}
				seen[place] = d.Name
			}
		}
	}
}
