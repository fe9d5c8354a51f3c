package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestAKilledWorkerShowsNoLifeAnyMore(t *testing.T) {
	for _, kind := range []string{"redis", "cluster", "sentinel"} {
		t.Run(kind, func(t *testing.T) {
			q := open(t, Options{URL: shared.url(t, kind)})
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), childEnv+"="+shared.url(t, kind), childEnv+"_NS="+q.keys.ns)
			must(t, child.Start())
			defer child.Wait()
			defer child.Process.Kill()
			must(t, q.Enqueue(t.Context(), job("a", 1)))
			alive := func() bool {
				lives, err := q.Lives(t.Context(), []string{"a"})
				must(t, err)
				return string(lives["a"].Data) == "at it" && lives["a"].Worker == "child"
			}
			until(t, "the other process runs the job", alive)
			wantState(t, q, "a", 1, Active)
			list, err := q.Workers(t.Context())
			must(t, err)
			if len(list) != 1 || list[0].Name != "child" || list[0].PID != child.Process.Pid {
				t.Errorf("workers %+v", list)
			}
			must(t, child.Process.Kill())
			until(t, "its life expires", func() bool {
				lives, err := q.Lives(t.Context(), []string{"a"})
				must(t, err)
				return len(lives) == 0
			})
			until(t, "it is not listed", func() bool {
				list, err := q.Workers(t.Context())
				must(t, err)
				return len(list) == 0
			})
			// asynq still believes in it; the owner goes by the sign of life, and another worker takes the next attempt.
			wantState(t, q, "a", 1, Active)
			must(t, q.Enqueue(t.Context(), job("a", 2)))
			ran := make(chan int, 1)
			work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Attempt; return nil })
			if got := await(t, "the next attempt", ran); got != 2 {
				t.Errorf("attempt %d ran", got)
			}
		})
	}
}

func TestRedisThatCameBackEmptyIsNoticedAndUsable(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	server.kill()
	until(t, "the queue is down", func() bool { return !q.Up() })
	if err := q.Ping(t.Context()); err == nil {
		t.Error("ping of a dead Redis succeeds")
	}
	if err := q.Enqueue(t.Context(), job("b", 1)); err == nil {
		t.Error("enqueue at a dead Redis succeeds")
	}
	if _, err := q.Lookup(t.Context(), "a", 1); err == nil {
		t.Error("lookup at a dead Redis succeeds")
	}
	select {
	case <-q.Changed():
		t.Error("told to look while there is nothing to look at")
	default:
	}
	must(t, server.start())
	await(t, "the owner is told", q.Changed())
	if !q.Up() {
		t.Error("queue is back, and not up")
	}
	wantState(t, q, "a", 1, Lost)
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	wantState(t, q, "a", 1, Waiting)
	ran := make(chan string, 1)
	work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Op; return nil })
	await(t, "the job runs", ran)
}

func TestAWorkerOutlivesRedis(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	ran := make(chan string, 1)
	work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Op; return nil })
	for _, op := range []string{"a", "b", "c"} {
		must(t, q.Enqueue(t.Context(), job(op, 1)))
		await(t, "the job runs", ran)
		server.kill()
		until(t, "the queue is down", func() bool { return !q.Up() })
		must(t, server.start())
		await(t, "the owner is told", q.Changed())
	}
}

func TestAQueueMayOpenBeforeItsRedis(t *testing.T) {
	server, url := ownRedis(t)
	server.kill()
	q := open(t, Options{URL: url})
	if q.Up() {
		t.Error("up without a Redis")
	}
	ran := make(chan string, 1)
	work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Op; return nil })
	must(t, server.start())
	await(t, "the owner is told", q.Changed())
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	await(t, "the job runs", ran)
}

func TestARunWithoutRedisIsStoppedBeforeOthersTakeItForDead(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	started, cause := make(chan struct{}), make(chan error, 1)
	work(t, q, "w1", 1, func(ctx context.Context, r Run) error {
		close(started)
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return nil
	})
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	await(t, "the job runs", started)
	server.kill()
	if err := await(t, "the run is stopped", cause); !errors.Is(err, ErrIsolated) {
		t.Errorf("cause %v, want ErrIsolated", err)
	}
}

func TestWipedMemoryIsNoticedAndRunsGoOn(t *testing.T) {
	each(t, func(t *testing.T, q *Queue) {
		release, result := make(chan struct{}), make(chan error, 1)
		work(t, q, "w1", 1, func(ctx context.Context, r Run) error {
			select {
			case <-ctx.Done():
			case <-release:
			}
			result <- context.Cause(ctx)
			return nil
		})
		must(t, q.Enqueue(t.Context(), job("a", 1)))
		alive := func() bool {
			lives, err := q.Lives(t.Context(), []string{"a"})
			must(t, err)
			return lives["a"].Attempt == 1
		}
		until(t, "the job runs", alive)
		must(t, q.Enqueue(t.Context(), job("b", 1)))
		wipe(t, q)
		await(t, "the owner is told", q.Changed())
		wantState(t, q, "a", 1, Lost)
		wantState(t, q, "b", 1, Lost)
		until(t, "the run shows life again", alive)
		close(release)
		if err := await(t, "the run ends", result); err != nil {
			t.Errorf("the run was stopped: %v", err)
		}
	})
}

// wipe makes the namespace forget everything, as a server that came back empty would have.
func wipe(t *testing.T, q *Queue) {
	t.Helper()
	if q.Embedded() {
		must(t, q.embedded.exchange())
		return
	}
	for _, pattern := range []string{q.keys.own("*"), q.keys.task("*"), q.keys.pending(), q.keys.active()} {
		keys, err := q.rdb.Keys(t.Context(), pattern).Result()
		must(t, err)
		for _, key := range keys {
			must(t, q.rdb.Del(t.Context(), key).Err())
		}
	}
}

func TestTheEmbeddedServerIsExchangedWhenIdle(t *testing.T) {
	q := open(t, Options{URL: Embedded})
	var ran, reported atomic.Int32
	release := make(chan struct{})
	work(t, q, "w1", 4, func(ctx context.Context, r Run) error {
		ran.Add(1)
		<-release
		return q.Send(ctx, Report{Op: r.Job.Op, Attempt: r.Job.Attempt})
	})
	receive(t, q, func(context.Context, Report) error { reported.Add(1); return nil })
	q.gate.Lock()
	q.rotateAfter = 10
	q.gate.Unlock()
	first := q.embedded.current()
	for i := range int32(30) {
		must(t, q.Enqueue(t.Context(), job(fmt.Sprint("op", i), 1)))
	}
	until(t, "all workers are busy", func() bool { return ran.Load() == 4 })
	if q.embedded.current() != first {
		t.Fatal("exchanged while jobs run")
	}
	close(release)
	await(t, "the owner is told", q.Changed())
	if q.embedded.current() == first {
		t.Error("told of a change that was not made")
	}
	if ran.Load() != 30 || reported.Load() != 30 {
		t.Errorf("%d ran, %d reported, want 30 each", ran.Load(), reported.Load())
	}
	for i := range int32(40) { // every idle connection of the old server is met here
		must(t, q.Enqueue(t.Context(), job(fmt.Sprint("op", i), 2)))
	}
	until(t, "work goes on", func() bool { return reported.Load() == 70 })
}

func TestEnqueueGivesUpWithItsContext(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	server.kill()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Enqueue(ctx, job("a", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := q.Send(ctx, Report{Op: "a"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestARedisThatHangsCountsAsAwayAndLosesNothing(t *testing.T) {
	server, url := ownRedis(t)
	q := open(t, Options{URL: url})
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	must(t, server.cmd.Process.Signal(syscall.SIGSTOP))
	until(t, "the queue is down", func() bool { return !q.Up() })
	must(t, server.cmd.Process.Signal(syscall.SIGCONT))
	await(t, "the owner is told", q.Changed())
	wantState(t, q, "a", 1, Waiting)
}

func TestTheQueueFollowsSentinelToTheNextMaster(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	master, replica, watch := freePort(t), freePort(t), freePort(t)
	run := func(port string, args ...string) *redisProcess {
		p, err := startRedis(dir, append([]string{"--bind", "127.0.0.1", "--port", port}, args...)...)
		must(t, err)
		t.Cleanup(p.kill)
		answers(t, &redis.Options{Addr: "127.0.0.1:" + port})
		return p
	}
	first := run(master)
	run(replica, "--replicaof", "127.0.0.1 "+master, "--repl-diskless-sync-delay", "0")
	sentinel := startSentinel(t, dir, watch, master)
	t.Cleanup(sentinel.kill)
	c := answers(t, &redis.Options{Addr: "127.0.0.1:" + watch}, "PING")
	defer c.Close()
	until(t, "sentinel knows the replica", func() bool {
		list, err := c.Do(t.Context(), "SENTINEL", "REPLICAS", "yard").Slice()
		return err == nil && len(list) == 1 && strings.Contains(fmt.Sprint(list[0]), "master-link-status ok")
	})
	q := open(t, Options{URL: "redis-sentinel://127.0.0.1:" + watch + "?master=yard"})
	ran := make(chan string, 1)
	work(t, q, "w1", 1, func(_ context.Context, r Run) error { ran <- r.Job.Op; return nil })
	must(t, q.Enqueue(t.Context(), job("a", 1)))
	await(t, "a job runs on the first master", ran)
	first.kill()
	await(t, "the owner is told", q.Changed())
	must(t, q.Enqueue(t.Context(), job("b", 1)))
	await(t, "a job runs on the next master", ran)
}
