package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"yardmaster/tests/harness"
)

// importToken is a token that the vmpooler gave to jdoe.
const importToken = "utpg2i2xswor6h8ttjhu3d47z53yy47y"

// importYAML is a pool of simulated machines that outlive control.db, as those of a real provider do.
func importYAML(dir string) string {
	return simulated(`dialects:
  vmpooler: {anonymous: full}
pools:
  site_name: yard
  vm_lifetime: 24
  auth: {provider: dummy, unsafe: true}
  providers:
    - {name: lab, kind: sim, file: ` + filepath.Join(dir, "machines") + `}
  list:
    - {name: debian-12, template: templates/debian-12, size: 2, provider: lab, domain: example.com, check_hostname: false, skip_dns_check: true}`)
}

// importTime writes a time as a vmpooler does.
func importTime(t time.Time) string { return t.Format("2006-01-02 15:04:05 -0700") }

// oldPooler fills a Redis as a vmpooler that has one machine checked out and one ready.
type oldPooler struct {
	t              *testing.T
	url            string
	running, ready string
	checkedOut     time.Time
	clonedOn       string // a day with counts
}

func fillOldPooler(t *testing.T, running, ready string) oldPooler {
	t.Helper()
	server := harness.StartRedis(t)
	o, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	now := time.Now()
	p := oldPooler{t: t, url: server.URL, running: running, ready: ready, checkedOut: now.Add(-2 * time.Hour).Truncate(time.Second),
		clonedOn: now.AddDate(0, 0, -10).Format(time.DateOnly)}
	pipe, ctx := c.Pipeline(), t.Context()
	pipe.HSet(ctx, "vmpooler__token__"+importToken, "user", "jdoe", "created", importTime(now.AddDate(0, -1, 0)), "last", importTime(now))
	pipe.SAdd(ctx, "vmpooler__running__debian-12", running)
	pipe.SAdd(ctx, "vmpooler__ready__debian-12", ready)
	pipe.SAdd(ctx, "vmpooler__pending__debian-12", "half-made")
	pipe.SAdd(ctx, "vmpooler__running__sles-15", "foreign")
	pipe.HSet(ctx, "vmpooler__active__debian-12", running, importTime(p.checkedOut))
	pipe.HSet(ctx, "vmpooler__vm__"+running, "clone", importTime(now.Add(-3*time.Hour)), "template", "debian-12", "pool", "debian-12",
		"ready", importTime(now.Add(-150*time.Minute)),
		"checkout", importTime(p.checkedOut), "lifetime", "12", "token:token", importToken, "token:user", "jdoe", "tag:department",
		"engineering", "disk", "+8gb:+2gb",
		"snapshot:abcdefgh", importTime(now.Add(-time.Hour)), "host", "old-hypervisor", "ip", "nowhere")
	pipe.HSet(ctx, "vmpooler__vm__"+ready, "clone", importTime(now.Add(-time.Hour)), "template", "debian-12", "ready",
		importTime(now.Add(-10*time.Minute)))
	pipe.HSet(ctx, "vmpooler__clone__"+p.clonedOn, "debian-12:a", "10.5", "debian-12:b", "4.5")
	pipe.HSet(ctx, "vmpooler__tag__"+p.clonedOn, "a:department", "engineering", "b:department", "engineering")
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// importInto runs the import command for a server that does not run.
func (p oldPooler) importInto(s *harness.Server, more ...string) harness.Output {
	p.t.Helper()
	args := append([]string{"import", "vmpooler", "--redis", p.url, "--config", filepath.Join(s.Dir, "yardmaster.yaml")}, more...)
	return harness.Run(p.t, s.Dir, []string{"YARDMASTER_DATA_DIR=" + s.Data}, args...)
}

// told asks that a command ended well and said each of these, and never a token.
func told(t *testing.T, what string, out harness.Output, lines ...string) {
	t.Helper()
	if out.Code != 0 {
		t.Fatalf("%s: exit %d\n%s%s", what, out.Code, out.Stdout, out.Stderr)
	}
	got := strings.Join(strings.Fields(out.Stdout), " ")
	for _, line := range lines {
		expectThat(t, what+": it says "+line, strings.Contains(got, line), out.Stdout)
	}
	expectThat(t, what+": it tells no token", !strings.Contains(out.Stdout+out.Stderr, importToken), out.Stdout)
}

// The import looks first, then writes, then has nothing left to write.
func TestImportVMPoolerCommand(t *testing.T) {
	dir := t.TempDir()
	server := harness.New(t, harness.Options{Dir: dir, YAML: importYAML(dir)})
	old := fillOldPooler(t, "happy-otter", "calm-heron")
	told(t, "dry run", old.importInto(server), "1 0 0 tokens", "1 0 0 running machines", "1 0 0 ready machines", "1 0 0 days of clones",
		"1 0 0 days of tags",
		"sles-15: 1 running, 0 ready", "1 pending machines of debian-12: half-made",
		`vmpooler__vm__happy-otter ip: "nowhere" is no IP address`, "Nothing was written")
	if _, err := os.Stat(server.Data); !os.IsNotExist(err) {
		t.Errorf("the dry run made %s: %v", server.Data, err)
	}
	told(t, "apply", old.importInto(server, "--apply"), "brought already there left out 1 0 0 tokens", "1 0 0 running machines")
	server.Check()
	told(t, "apply again", old.importInto(server, "--apply"), "0 1 0 tokens", "0 1 0 running machines", "0 1 0 ready machines",
		"0 1 0 days of clones", "0 1 0 days of tags")
	server.Check()
	for _, c := range []struct {
		what string
		out  harness.Output
		says string
	}{
		{"of another program", harness.Run(t, dir, nil, "import", "puppet"), "vmpooler"},
		{"of nothing", harness.Run(t, dir, nil, "import"), "vmpooler"},
		{"without pools", harness.Run(t, dir, nil, "import", "vmpooler", "--redis", old.url, "--data-dir", filepath.Join(dir, "none")),
			"no pools"},
		{"from a Redis that is away", harness.Run(t, dir, nil, "import", "vmpooler", "--redis", "redis://:secret@127.0.0.1:1",
			"--config", filepath.Join(dir, "yardmaster.yaml")), "127.0.0.1:1"},
		{"with a word too many", old.importInto(server, "now"), "now"},
	} {
		expectThat(t, "an import "+c.what+" is refused", c.out.Code != 0 && c.out.Stdout == "", c.out)
		expectThat(t, "an import "+c.what+" says why, in one line",
			strings.Contains(c.out.Stderr, c.says) && strings.Count(c.out.Stderr, "\n") == 1, c.out.Stderr)
		expectThat(t, "an import "+c.what+" tells no password", !strings.Contains(c.out.Stderr, "secret"), c.out.Stderr)
	}
}

// A yard that took over from a vmpooler knows its users' tokens and machines, and hands out what was ready.
func TestImportVMPoolerServes(t *testing.T) {
	dir := t.TempDir()
	server := harness.Start(t, harness.Options{Dir: dir, YAML: importYAML(dir)})
	first := &importClient{t: t, url: server.URL}
	// The machines must be there, whoever made them: this yard does, and forgets that it did.
	names := []string{first.checkout(), first.checkout()}
	server.Stop()
	for _, file := range []string{"control.db", "control.db.holder"} {
		if err := os.Remove(filepath.Join(server.Data, file)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	old := fillOldPooler(t, names[0], names[1])
	told(t, "apply", old.importInto(server, "--apply"), "1 0 0 tokens", "1 0 0 running machines", "1 0 0 ready machines")
	server.Start()

	anyone, jdoe := &importClient{t: t, url: server.URL}, &importClient{t: t, url: server.URL, token: importToken}
	var vm struct {
		Template string            `json:"template"`
		Lifetime int               `json:"lifetime"`
		State    string            `json:"state"`
		Running  float64           `json:"running"`
		Tags     map[string]string `json:"tags"`
		Disk     []string          `json:"disk"`
		Snaps    []string          `json:"snapshots"`
		Domain   string            `json:"domain"`
	}
	anyone.get("/api/v1/vm/"+old.running, old.running, &vm)
	expect(t, "pool", vm.Template, "debian-12")
	expect(t, "lifetime", vm.Lifetime, 12)
	expect(t, "state", vm.State, "running")
	expectThat(t, "checked out two hours ago", vm.Running >= 1.9 && vm.Running < 2.5, vm.Running)
	expect(t, "tags", fmt.Sprint(vm.Tags), "map[department:engineering]")
	expectThat(t, "disks", slices.Equal(vm.Disk, []string{"+8gb", "+2gb"}), vm.Disk)
	expectThat(t, "snapshots", slices.Equal(vm.Snaps, []string{"abcdefgh"}), vm.Snaps)
	expect(t, "domain", vm.Domain, "example.com")

	var token struct {
		User string `json:"user"`
		VMs  struct {
			Running []string `json:"running"`
		} `json:"vms"`
	}
	anyone.get("/api/v1/token/"+importToken, importToken, &token)
	expect(t, "the token's user", token.User, "jdoe")
	expectThat(t, "the token's machines", slices.Equal(token.VMs.Running, []string{old.running}), token.VMs.Running)

	var clone struct {
		Duration struct {
			Total float64 `json:"total"`
		} `json:"duration"`
		Count struct {
			Total int `json:"total"`
		} `json:"count"`
	}
	anyone.get("/api/v1/summary/clone?from="+old.clonedOn+"&to="+old.clonedOn, "clone", &clone)
	expect(t, "clones of that day", clone.Count.Total, 2)
	expect(t, "their seconds", clone.Duration.Total, 15.0)

	expect(t, "what was ready is handed out", jdoe.checkout(), old.ready)
	status, _ := anyone.ask(http.MethodDelete, "/api/v1/vm/"+old.running, nil)
	expect(t, "nobody deletes it without a token", status, http.StatusUnauthorized)
	status, _ = jdoe.ask(http.MethodDelete, "/api/v1/vm/"+old.running, nil)
	expect(t, "its token does", status, http.StatusOK)
	server.Stop()
	server.Check()
}

// importClient asks a vmpooler.
type importClient struct {
	t          *testing.T
	url, token string
}

// ask sends one request, and gives the answer's status and the keys of its object.
func (c *importClient) ask(method, path string, body any) (int, map[string]json.RawMessage) {
	c.t.Helper()
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			c.t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, &text)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Close = true
	if c.token != "" {
		req.Header.Set("X-AUTH-TOKEN", c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		c.t.Fatal(err)
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(raw, &out); err != nil {
		c.t.Fatalf("%s %s: %d %q", method, path, resp.StatusCode, raw)
	}
	return resp.StatusCode, out
}

// get reads one key of what must be there.
func (c *importClient) get(path, key string, out any) {
	c.t.Helper()
	status, answer := c.ask(http.MethodGet, path, nil)
	expect(c.t, "GET "+path, status, http.StatusOK)
	if err := json.Unmarshal(answer[key], out); err != nil {
		c.t.Fatalf("GET %s: %s: %v", path, answer[key], err)
	}
}

// checkout takes one machine, as soon as there is one.
func (c *importClient) checkout() string {
	c.t.Helper()
	var got struct {
		Hostname string `json:"hostname"`
	}
	harness.Eventually(c.t, time.Minute, "a machine is ready", func() bool {
		status, answer := c.ask(http.MethodPost, "/api/v1/vm/debian-12", nil)
		return status == http.StatusOK && json.Unmarshal(answer["debian-12"], &got) == nil
	})
	return got.Hostname
}
