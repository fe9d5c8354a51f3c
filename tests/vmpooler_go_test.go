package tests

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// A program that uses go-vmpooler goes through all of its calls. The library speaks the first version, and shows passwords over TLS alone.
func goPoolerAtWork(t *testing.T) {
	dir := t.TempDir()
	trust := certificate(t, dir)
	server := harness.Start(t, harness.Options{Dir: dir, TLS: true, VMPooler: poolerYAML{}.String(),
		Env: []string{"YARDMASTER_TLS_CERT_FILE=" + dir + "/tls.crt", "YARDMASTER_TLS_KEY_FILE=" + dir + "/tls.key"}})
	p := &pooler{TB: t, ctx: t.Context(), server: server}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	for _, e := range editions {
		if e.fqdn {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			g := &goPooler{pooler: p.sub(t), base: server.URL + e.base, user: "jane" + strings.TrimSpace(e.base), transport: transport}
			token := g.tokens()
			g.machines(token)
			g.leaves(token)
		})
	}
}

type goPooler struct {
	*pooler
	base, user string
	transport  *http.Transport
}

func (g *goPooler) tokenClient(password string) *vmpoolerclient.Tokens {
	c := vmpoolerclient.NewTokens(g.base, g.user, password)
	c.HTTP.Transport = g.transport
	return c
}

func (g *goPooler) machineClient(token string) *vmpoolerclient.Machines {
	c := vmpoolerclient.NewMachines(g.base, token)
	c.HTTP.Transport = g.transport
	return c
}

// tokens makes two tokens and ends one of them.
func (g *goPooler) tokens() (token string) {
	g.Helper()
	plain := vmpoolerclient.NewTokens(strings.Replace(g.base, "https:", "http:", 1), g.user, "secret")
	_, err := plain.Generate(g.ctx)
	expectThat(g, "a password in clear", err != nil && !strings.Contains(err.Error(), "HTTP"), err)
	_, err = g.tokenClient(g.user).Generate(g.ctx)
	g.refusedWith("a wrong password", err, 401)

	c := g.tokenClient("secret")
	_, err = c.GetAll(g.ctx)
	g.refusedWith("no tokens", err, 404)
	token, err = c.Generate(g.ctx)
	g.ok("generate", err)
	other, err := c.Generate(g.ctx)
	g.ok("generate another", err)
	all, err := c.GetAll(g.ctx)
	g.ok("all tokens", err)
	expect(g, "all tokens", len(all), 2)
	expectThat(g, "when it was made", time.Since(all[token].Created) < poolWithin, all)
	one, err := c.Get(g.ctx, token)
	g.ok("one token", err)
	expect(g, "its user", one.User, g.user)
	g.ok("delete a token", c.Delete(g.ctx, other))
	_, err = c.Get(g.ctx, other)
	g.refusedWith("a deleted token", err, 404)
	return token
}

// machines takes two machines, and changes one in each way.
func (g *goPooler) machines(token string) {
	g.Helper()
	c := g.machineClient(token)
	names, err := c.ListTemplates(g.ctx)
	g.ok("templates", err)
	expect(g, "templates", fmt.Sprint(names), "[debian-7-i386 debian-7-x86_64 centos-6-x86_64 windows-10-x86_64]")
	harness.Eventually(g, poolWithin, "all machines are ready", func() bool {
		current, total, fine, err := c.Status(g.ctx)
		return err == nil && fine && current == 18 && total == 18
	})
	v, err := c.Create(g.ctx, "debian-7-x86_64")
	g.ok("create", err)
	expect(g, "fqdn", v.FQDN, v.Hostname+".company.com")
	expect(g, "state", v.State, "running")
	expect(g, "template", v.OS+" "+v.Ver+" "+v.Arc, "debian 7 x86_64")
	expect(g, "lifetime", v.Lifetime, 24.0)
	expectThat(g, "address", v.IP != "", v.IP)
	expectThat(g, "running", v.Running >= 0 && v.Running < 0.1, v.Running)
	_, err = c.Create(g.ctx, "centos-6-x86_64")
	g.ok("create another", err)

	v, err = c.SetLifetime(g.ctx, v.Hostname, 100)
	g.ok("set lifetime", err)
	expect(g, "set lifetime", v.Lifetime, 100.0)
	v, err = c.SetTags(g.ctx, v.Hostname, map[string]string{"department": "engineering"})
	g.ok("set tags", err)
	v, err = c.SetTags(g.ctx, v.Hostname, map[string]string{"user": "jane"})
	g.ok("set more tags", err)
	expect(g, "set tags", fmt.Sprint(v.Tags), "map[department:engineering user:jane]")
	g.tasks(c, v.Hostname)

	all, err := c.GetAll(g.ctx)
	g.ok("all machines", err)
	expect(g, "all machines", len(all), 2)
	for _, v := range all {
		g.ok("delete", c.Delete(g.ctx, v.Hostname))
		g.refusedWith("delete again", c.Delete(g.ctx, v.Hostname), 404)
	}
	all, err = c.GetAll(g.ctx)
	g.ok("no machines", err)
	expect(g, "no machines", len(all), 0)
	_, err = c.Create(g.ctx, "solaris-11-sparc")
	g.refusedWith("create of nothing", err, 404)
	_, err = c.Create(g.ctx, "windows-10-x86_64")
	g.refusedWith("create of what is not ready", err, 503)
}

// tasks adds a disk, and takes a snapshot and goes back to it.
func (g *goPooler) tasks(c *vmpoolerclient.Machines, name string) {
	g.Helper()
	g.ok("add a disk", c.AddDisk(g.ctx, name, 8))
	id, err := c.Snapshot(g.ctx, name)
	g.ok("snapshot", err)
	expectThat(g, "a snapshot's id", snapshotForm.MatchString(id), id)
	var v vmpoolerclient.Machine
	harness.Eventually(g, poolWithin, "disk and snapshot are there", func() bool {
		v, err = c.Get(g.ctx, name)
		return err == nil && len(v.Disks) == 1 && len(v.Snapshots) == 1
	})
	expect(g, "disk", fmt.Sprint(v.Disks), "[+8gb]")
	expect(g, "snapshot", fmt.Sprint(v.Snapshots), "["+id+"]")
	g.ok("revert", c.Revert(g.ctx, name, id))
	g.refusedWith("revert to nothing", c.Revert(g.ctx, name, "nothing"), 404)
}

// leaves ends the last token.
func (g *goPooler) leaves(token string) {
	g.Helper()
	c := g.tokenClient("secret")
	g.ok("delete the token", c.Delete(g.ctx, token))
	_, err := c.GetAll(g.ctx)
	g.refusedWith("no tokens are left", err, 404)
	_, err = g.machineClient(token).Create(g.ctx, "debian-7-i386")
	g.refusedWith("create with a deleted token", err, 401)
}
