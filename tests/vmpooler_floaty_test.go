package tests

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
	"yardmaster/tests/vmpoolerclient"
)

// floatySession is a user of vmfloaty, on one version of the API.
type floatySession struct {
	*pooler
	e      edition
	user   string
	floaty *vmpoolerclient.Floaty // with the user's token
}

// A user of vmfloaty goes through all of its commands.
func floatyAtWork(t *testing.T) {
	harness.OneDay(t)
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		s := &floatySession{pooler: p, e: e, user: "jdoe-" + strings.ReplaceAll(e.name, " ", "-")}
		s.signsIn()
		s.lists()
		held := s.gets()
		s.looks(held)
		s.modifies(held[0])
		s.snapshots(held[1])
		s.sums(held)
		s.gives(held)
		s.isRefused()
		s.signsOut()
	})
}

// signsIn is "token get" and "token status".
func (s *floatySession) signsIn() {
	s.Helper()
	f := s.pooler.floaty(s.e)
	_, err := f.TokenGet(s.ctx, s.user, s.user) // the one wrong password
	s.refusedWith("token get with a wrong password", err, 401)
	token, err := f.TokenGet(s.ctx, s.user, "secret")
	s.ok("token get", err)
	expectThat(s, "a token's form", tokenForm.MatchString(token), token)
	s.floaty = f.With(token)
	got, err := s.floaty.TokenStatus(s.ctx)
	s.ok("token status", err)
	expect(s, "a token's user", got.User, s.user)
	expectThat(s, "a token's age", time.Since(got.Created) < poolWithin, got.Created)
	expectThat(s, "a new token was not used", got.Last.IsZero(), got.Last)
	expect(s, "a new token's machines", len(got.Running), 0)
}

// lists is "list" with and without a filter.
func (s *floatySession) lists() {
	s.Helper()
	all, err := s.floaty.List(s.ctx, "")
	s.ok("list", err)
	expect(s, "list", fmt.Sprint(all), "[debian-7-i386 debian-7-x86_64 centos-6-x86_64 windows-10-x86_64]")
	some, err := s.floaty.List(s.ctx, "^debian")
	s.ok("list with a filter", err)
	expect(s, "list with a filter", fmt.Sprint(some), "[debian-7-i386 debian-7-x86_64]")
	names, _, err := s.floaty.ListActive(s.ctx)
	s.ok("list --active of nothing", err)
	expect(s, "list --active of nothing", len(names), 0)
}

// gets is "get" with several kinds; it gives the short names.
func (s *floatySession) gets() (held []string) {
	s.Helper()
	s.filled()
	got, err := s.floaty.Get(s.ctx, "debian-7-i386=2", "centos-6-x86_64")
	s.ok("get debian-7-i386=2 centos-6-x86_64", err)
	expect(s, "kinds that were got", len(got), 2)
	expect(s, "two of one kind", len(got["debian-7-i386"]), 2)
	expect(s, "one of another", len(got["centos-6-x86_64"]), 1)
	for _, kind := range []string{"debian-7-i386", "centos-6-x86_64"} {
		for _, host := range got[kind] {
			short, domain, _ := strings.Cut(host, ".")
			expect(s, "domain of "+host, domain, "company.com")
			expectThat(s, "short name of "+host, shortForm.MatchString(short), short)
			held = append(held, short)
		}
	}
	if len(held) != 3 {
		s.Fatalf("got %v", got)
	}
	return held
}

// looks is "list --active" and "query".
func (s *floatySession) looks(held []string) {
	s.Helper()
	names, lines, err := s.floaty.ListActive(s.ctx)
	s.ok("list --active", err)
	expect(s, "list --active", fmt.Sprint(slices.Sorted(slices.Values(names))), fmt.Sprint(slices.Sorted(slices.Values(held))))
	for _, line := range lines {
		expectThat(s, "a line of list --active", strings.Contains(line, ".company.com (running, ") && strings.Contains(line, "/24 hours)"), line)
	}
	for i, name := range held {
		v, err := s.floaty.Query(s.ctx, []string{name, name + ".company.com"}[i%2])
		s.ok("query "+name, err)
		expect(s, "state", v.State, "running")
		expect(s, "template", v.Template, []string{"debian-7-i386", "debian-7-i386", "centos-6-x86_64"}[i])
		expect(s, "lifetime with a token", v.Lifetime, 24.0)
		expectThat(s, "running", v.Running >= 0 && v.Running < 0.1, v.Running)
		_, err = netip.ParseAddr(v.IP)
		s.ok("ip", err)
		expect(s, "disks", len(v.Disks), 0)
		expect(s, "snapshots", len(v.Snapshots), 0)
		if s.e.fqdn {
			expect(s, "fqdn", v.FQDN, name+".company.com")
		} else {
			expect(s, "domain", v.Domain, "company.com")
		}
	}
	_, err = s.floaty.Query(s.ctx, "nobody")
	s.refusedWith("query of what is not there", err, 404)
}

// modifies is "modify" with each of its options.
func (s *floatySession) modifies(host string) {
	s.Helper()
	s.ok("modify --lifetime", s.floaty.Modify(s.ctx, host, obj{"lifetime": 48}))
	s.ok("modify --tags", s.floaty.Modify(s.ctx, host, obj{"tags": obj{"department": "engineering", "user": s.user}}))
	s.ok("modify --disk", s.floaty.Modify(s.ctx, host, obj{"disk": 8}))
	s.ok("modify --disk of older ones", s.floaty.Disk(s.ctx, host, 2))
	v := s.until(host, "both disks are there", func(v vmpoolerclient.VM) bool { return len(v.Disks) == 2 })
	expect(s, "lifetime", v.Lifetime, 48.0)
	expect(s, "tags", fmt.Sprint(v.Tags), "map[department:engineering user:"+s.user+"]")
	expect(s, "disks", fmt.Sprint(v.Disks), "[+8gb +2gb]")
	err := s.floaty.Modify(s.ctx, host, obj{"lifetime": 168})
	s.refusedWith("modify --lifetime beyond the limit", err, 400)
	s.refusedWith("modify of what is not there", s.floaty.Modify(s.ctx, "nobody", obj{"lifetime": 2}), 404)
}

// until asks for a machine until it is as it should be.
func (s *floatySession) until(host, what string, is func(vmpoolerclient.VM) bool) (v vmpoolerclient.VM) {
	s.Helper()
	harness.Eventually(s, poolWithin, what, func() bool {
		var err error
		v, err = s.floaty.Query(s.ctx, host)
		return err == nil && is(v)
	})
	return v
}

// snapshots is "snapshot" and "revert".
func (s *floatySession) snapshots(host string) {
	s.Helper()
	id, err := s.floaty.Snapshot(s.ctx, host)
	s.ok("snapshot", err)
	expectThat(s, "a snapshot's id", snapshotForm.MatchString(id), id)
	v := s.until(host, "the snapshot is there", func(v vmpoolerclient.VM) bool { return len(v.Snapshots) == 1 })
	expect(s, "snapshots", fmt.Sprint(v.Snapshots), "["+id+"]")
	s.ok("revert", s.floaty.Revert(s.ctx, host, id))
	s.refusedWith("revert to nothing", s.floaty.Revert(s.ctx, host, "nothing"), 404)
	_, err = s.floaty.With("").Snapshot(s.ctx, host)
	s.refusedWith("snapshot without a token", err, 401)
}

// sums is "status" and "summary".
func (s *floatySession) sums(held []string) {
	s.Helper()
	s.filled()
	pools, message, fine, err := s.floaty.Status(s.ctx)
	s.ok("status", err)
	expect(s, "pools in status", len(pools), 4)
	expect(s, "a full pool", pools["debian-7-i386"], vmpoolerclient.PoolState{Ready: 6})
	expect(s, "message", message, "Battle station fully armed and operational.")
	expectThat(s, "status is ok", fine, message)
	sum, err := s.floaty.Summary(s.ctx)
	s.ok("summary", err)
	clone, _ := sum["clone"].(map[string]any)
	count, _ := clone["count"].(map[string]any)
	total, _ := count["total"].(float64)
	expectThat(s, "clones of today", int(total) >= 18+len(held), sum)
	tags, _ := sum["tag"].(map[string]any)
	users, _ := tags["user"].(map[string]any)
	expect(s, "tags of today", users[s.user], any(1.0))
	token, err := s.floaty.TokenStatus(s.ctx)
	s.ok("token status", err)
	expectThat(s, "a token's last use", !token.Last.Before(token.Created), token)
	expect(s, "a token's machines", len(token.Running), len(held))
}

// gives is "delete" of what is held, of what is gone, and of what was taken without a token.
func (s *floatySession) gives(held []string) {
	s.Helper()
	anyone := s.floaty.With("")
	failed, err := anyone.Delete(s.ctx, held[0])
	s.ok("delete without a token", err)
	expect(s, "delete without a token", failed[held[0]], 401)
	failed, err = s.floaty.Delete(s.ctx, held[0], held[1]+".company.com", held[2])
	s.ok("delete", err)
	expect(s, "delete", len(failed), 0)
	failed, err = s.floaty.Delete(s.ctx, held[0], "nobody")
	s.ok("delete again", err)
	expect(s, "delete again", failed[held[0]], 404)
	expect(s, "delete of what is not there", failed["nobody"], 404)
	names, _, err := s.floaty.ListActive(s.ctx)
	s.ok("list --active after it", err)
	expect(s, "list --active after it", len(names), 0)
	got, err := anyone.Get(s.ctx, "debian-7-x86_64")
	s.ok("get without a token", err)
	for _, host := range got["debian-7-x86_64"] {
		v, err := anyone.Query(s.ctx, host)
		s.ok("query", err)
		expect(s, "lifetime without a token", v.Lifetime, 12.0)
		failed, err := anyone.Delete(s.ctx, host)
		s.ok("delete", err)
		expect(s, "delete", len(failed), 0)
	}
}

func (s *floatySession) isRefused() {
	s.Helper()
	_, err := s.floaty.Get(s.ctx, "debian-7-i386", "solaris-11")
	s.refusedWith("get of what no pool is called", err, 404)
	_, err = s.floaty.Get(s.ctx, "windows-10-x86_64")
	s.refusedWith("get of what is not ready", err, 503)
	_, err = s.floaty.With("abcdefghijklmnopqrstuvwxyz012345").Get(s.ctx, "debian-7-i386")
	s.refusedWith("get with a token that is none", err, 401)
}

// signsOut is "token delete".
func (s *floatySession) signsOut() {
	s.Helper()
	s.ok("token delete", s.floaty.TokenDelete(s.ctx, s.user, "secret"))
	_, err := s.floaty.TokenStatus(s.ctx)
	s.refusedWith("token status after it", err, 404)
	_, err = s.floaty.Get(s.ctx, "debian-7-i386")
	s.refusedWith("get after it", err, 401)
	s.refusedWith("token delete again", s.floaty.TokenDelete(s.ctx, s.user, "secret"), 401)
}

// "get --ondemand" waits for machines that are made for it, and shows what is there meanwhile.
func floatyOnDemand(t *testing.T) {
	p := startPooler(t, harness.Options{VMPooler: poolerYAML{size: 2}.String()})
	p.eachEdition(t, func(p *pooler, e edition) {
		f := p.floaty(e)
		if !e.versioned {
			_, err := f.GetOnDemand(p.ctx, nil, "windows-10-x86_64")
			p.refusedWith("get --ondemand without a version", err, 404)
			return
		}
		_, err := f.GetOnDemand(p.ctx, nil, "windows-10-x86_64")
		p.refusedWith("get --ondemand without a token", err, 401)
		f = f.With(p.token("jdoe"))
		seen := map[string]bool{}
		got, err := f.GetOnDemand(p.ctx, func(kind, ready, pending string) { seen[kind+" "+ready+"+"+pending] = true },
			"windows-10-x86_64=2", "debian-32")
		p.ok("get --ondemand", err)
		expectThat(p, "what is shown while it waits", seen["windows-10-x86_64 0+2"], seen)
		expect(p, "machines on demand", len(got["windows-10-x86_64"]), 2)
		expect(p, "machines on demand by alias", len(got["debian-32"]), 1)
		for kind, hosts := range got {
			for _, host := range hosts {
				expectThat(p, "domain of "+host, strings.HasSuffix(host, ".company.com"), host)
				v, err := f.Query(p.ctx, host)
				p.ok("query", err)
				expect(p, "state of "+kind, v.State, "running")
				failed, err := f.Delete(p.ctx, host)
				p.ok("delete", err)
				expect(p, "delete of "+kind, len(failed), 0)
			}
		}
		_, err = f.GetOnDemand(p.ctx, nil, "solaris-11")
		p.refusedWith("get --ondemand of what no pool is called", err, 404)
	})
}
