package pools

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yardmaster/executors/redis"
	"yardmaster/executors/sim/ports"
)

// realRedis is a redis-server of the test's own, and a connection to it.
type realRedis struct {
	t    *testing.T
	addr string
	conn net.Conn
	in   *bufio.Reader
}

// startRedis runs redis-server. Where there is none the test is skipped, but not in CI.
func startRedis(t *testing.T) *realRedis {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed, and in CI nothing may be skipped")
		}
		t.Skip("redis-server is not installed")
	}
	dir := t.TempDir()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	r := &realRedis{t: t, addr: fmt.Sprintf("127.0.0.1:%d", port)}
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	for {
		if r.conn, err = net.Dial("tcp", r.addr); err == nil {
			break
		}
		select {
		case <-ended: // the port was taken
			return startRedis(t)
		case <-limit.C:
			t.Fatalf("redis-server does not answer: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Cleanup(func() { r.conn.Close() })
	r.in = bufio.NewReader(r.conn)
	return r
}

// do sends a command whose answer is one line.
func (r *realRedis) do(words ...string) {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := r.conn.Write([]byte(b.String())); err != nil {
		r.t.Fatal(err)
	}
	line, err := r.in.ReadString('\n')
	if err != nil || strings.HasPrefix(line, "-") {
		r.t.Fatalf("%s: %q %v", words[0], line, err)
	}
}

// fill writes what a fake holds.
func (r *realRedis) fill(yard fakeRedis) {
	r.t.Helper()
	for key, fields := range yard.hashes {
		for field, value := range fields {
			r.do("HSET", key, field, value)
		}
	}
	for key, members := range yard.sets {
		for _, m := range members {
			r.do("SADD", key, m)
		}
	}
}

func (r *realRedis) reader() *redis.Reader {
	r.t.Helper()
	reader, err := redis.Open(r.t.Context(), redis.Options{URL: "redis://" + r.addr})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { reader.Close() })
	return reader
}

// A real Redis is read like the one in memory, which all other tests read.
func TestTakeoverFromARealRedis(t *testing.T) {
	real := startRedis(t)
	real.fill(oldYard())
	db, fake := takeoverStore(t), takeoverStore(t)
	want := takeOver(t, oldYard(), fake, true)
	got := takeOver(t, real.reader(), db, true)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(readContents(t, fake), readContents(t, db)); d != "" {
		t.Error(d)
	}
	again := takeOver(t, real.reader(), db, true)
	if again.Tokens != (TakeoverCount{There: 1}) || again.Machines["debian"].Running != (TakeoverCount{There: 1}) {
		t.Errorf("the second run: %+v", again)
	}
}

// What is odd in a Redis is named, key by key, and everything else comes over.
func TestTakeoverFromAnOddRedis(t *testing.T) {
	real := startRedis(t)
	yard := oldYard()
	yard.hashes["vmpooler__vm__happy-otter"]["tag:huge"] = strings.Repeat("x", 5<<20)
	real.fill(yard)
	real.do("SET", "vmpooler__running__odd", "no set")
	real.do("SET", "vmpooler__token__notahash", "x")
	real.do("RPUSH", "vmpooler__config__poolsize2", "x")
	real.do("DEL", "vmpooler__config__poolsize")
	real.do("RPUSH", "vmpooler__config__poolsize", "x")
	real.do("SADD", "vmpooler__odrequest__odd", "x")
	real.do("ZADD", "vmpooler__provisioning__request", "1", "r-2", "2", "r-3")
	real.do("SET", "vmpooler__boot__2026-11-19", "x")
	real.do("SADD", "vmpooler__ready__debian", "\xff\xfe", "a.b")
	db := takeoverStore(t)
	r := takeOver(t, real.reader(), db, true)
	masked := maskKey("vmpooler__token__notahash")
	want := []string{"vmpooler__config__poolsize: holds another kind of value: a list", masked + ": holds another kind of value: a string",
		`vmpooler__ready__debian "\xff\xfe": is no name of a machine`, "vmpooler__ready__debian a.b: is no name of a machine",
		"vmpooler__running__odd: holds another kind of value: a string", "vmpooler__vm__happy-otter tag:huge: is 5242880 bytes long, of at most 4096",
		"vmpooler__odrequest__odd: holds another kind of value: a set", "vmpooler__boot__2026-11-19: holds another kind of value: a string"}
	if d := cmp.Diff(want, sortedWhere(problems(r), "vmpooler__ready__debian")); d != "" {
		t.Error(d)
	}
	if got := len(readContents(t, db).VMs); got != 3 {
		t.Errorf("%d machines came over", got)
	}
	var open []string
	for _, l := range r.Left {
		if l.What == "open requests" {
			open = l.Names
		}
	}
	if d := cmp.Diff([]string{"r-2", "r-3"}, open); d != "" {
		t.Error(d)
	}
}

// sortedWhere orders the lines that begin so: the members of a set come in no order.
func sortedWhere(lines []string, prefix string) []string {
	for i := range lines {
		for j := i; j > 0 && strings.HasPrefix(lines[j], prefix) && strings.HasPrefix(lines[j-1], prefix) && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
	return lines
}

// A few thousand machines, tokens and a year of counts are taken over in seconds.
func TestTakeoverOfALargeYard(t *testing.T) {
	yard := fakeRedis{hashes: map[string]hash{"vmpooler__active__debian": {}}, sets: map[string][]string{}}
	at := ruby(before(time.Hour))
	for i := range 2000 {
		name := fmt.Sprintf("m%04d", i)
		yard.sets["vmpooler__running__debian"] = append(yard.sets["vmpooler__running__debian"], name)
		yard.hashes["vmpooler__active__debian"][name] = at
		yard.hashes["vmpooler__vm__"+name] = hash{"clone": at, "ready": at, "checkout": at, "tag:n": name}
		yard.hashes[fmt.Sprintf("vmpooler__token__t%d", i)] = hash{"user": "u", "created": at}
	}
	for i := range 100 {
		day := before(time.Duration(i) * 24 * time.Hour).Format(time.DateOnly)
		yard.hashes["vmpooler__clone__"+day] = hash{}
		for n := range 20 {
			yard.hashes["vmpooler__clone__"+day][fmt.Sprintf("debian:m%d", n)] = "10"
		}
	}
	real := startRedis(t)
	real.fill(yard)
	db := takeoverStore(t)
	begin := time.Now()
	r := takeOver(t, real.reader(), db, true)
	t.Logf("took %v", time.Since(begin))
	if r.Tokens.New != 2000 || r.Machines["debian"].Running.New != 2000 || r.Days["clone"].New != 100 || len(r.Problems) != 0 {
		t.Errorf("counted %+v", r)
	}
}
