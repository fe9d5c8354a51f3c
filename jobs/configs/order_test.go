package configs_test

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

func TestWhoMayNotWaitIsNotRefusedByAnIdleYard(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.BusyWait = 0 })
	for range 40 {
		if _, err := y.s.Bind(y.ctx, ann, []string{"team"}, []string{"web"}, true); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAChangeThatWaitsEndsWithTheYard(t *testing.T) {
	y := prepared(t)
	thaw := y.cluster.Freeze()
	defer thaw()
	if _, err := y.s.Push(y.ctx, ann, "", false); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := y.s.Push(y.ctx, ann, "", false)
		answer <- err
	}()
	y.cancel()
	thaw()
	y.runner.Close()
	select {
	case err := <-answer:
		if !errors.Is(err, jobs.ErrClosed) && !errors.Is(err, configs.ErrConflict) {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it still waits for what nobody runs")
	}
}

// noise is text that does not become shorter when it is packed.
func noise(n int) string {
	raw := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestAPushThatIsTooLargeForTheQueueIsRefusedWhole(t *testing.T) {
	y := newYard(t)
	var texts []string
	for _, name := range strings.Split("abcdefghijklm", "") {
		texts = append(texts, configMap("c"+name, noise(700_000)))
	}
	_, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(texts...)})
	if !errors.Is(err, configs.ErrInvalid) || !strings.Contains(err.Error(), "bytes") {
		t.Fatalf("got %v", err)
	}
	if all, err := y.s.BaseConfigs(y.ctx, "", ""); err != nil || len(all) != 0 {
		t.Errorf("%d base configs are kept, %v", len(all), err)
	}
}

func TestWhatAPushCarriedGoesWithItsEnd(t *testing.T) {
	y := newYard(t)
	o := y.upload("1", configMap("c", noise(5000)))
	op, err := y.runner.Get(y.ctx, o.Op.ID)
	if err != nil || strings.Contains(string(op.Input), "texts") {
		t.Errorf("got %.200s, %v", op.Input, err)
	}
	if again, err := y.s.OutcomeOf(y.ctx, op.ID); err != nil || !slices.Equal(again.Applied, []string{"c"}) {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestWhatGoesBackIsOpenToWhatComesAfterWhateverTheClockSays(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	y.patch(level("web", "debug"))
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: 1}))
	y.pass(-time.Hour)
	y.patch(level("web", "trace"))
	if text := y.config("web").Config; !strings.Contains(text, "trace") {
		t.Errorf("the patch after it is not in\n%s", text)
	}
}

func TestAPodThatWasDeletedBeforeAKillIsNoFailure(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	pods, err := y.cluster.Pods(y.ctx, ref("Deployment", "web"))
	if err != nil {
		t.Fatal(err)
	}
	reached, released := make(chan struct{}), make(chan struct{})
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb != "delete" {
			return nil
		}
		if err := y.cluster.Remove(r); err != nil {
			t.Error(err)
		}
		close(reached)
		<-released
		return errors.New("cut off")
	})
	c, err := y.s.DeletePod(y.ctx, ann, pods[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	_ = y.db.Kill()
	y.cluster.Fail(nil)
	close(released)
	y.kill()
	y.open()
	y.must(c, nil)
}

func TestDeletedPatchesAreForgottenOnceNothingIsMadeOfThem(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.History = 2 })
	y.upload("1", deployment("web"), deployment("api"))
	for _, registry := range []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"} {
		y.must(y.s.SetRegistry(y.ctx, ann, registry, "", false))
	}
	history, err := y.s.History(y.ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	if err := y.s.ForgetPatches(y.ctx); err != nil {
		t.Fatal(err)
	}
	kept := 0
	err = y.db.View(y.ctx, func(tx *store.Tx) error {
		for _, err := range store.AllPatches(tx) {
			if err != nil {
				return err
			}
			kept++
		}
		return nil
	})
	if err != nil || kept != 2*len(history) {
		t.Errorf("%d patches are kept of %d materializations of two objects, %v", kept, len(history), err)
	}
	back := history[len(history)-1]
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: back.Number}))
	if got := y.config("web").Config; got != back.Config {
		t.Errorf("got\n%s\nwant\n%s", got, back.Config)
	}
	if err := y.s.ForgetPatches(y.ctx); err != nil {
		t.Fatal(err)
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	if got := y.config("web").Config; got != back.Config {
		t.Errorf("what it went back to is not kept:\n%s", got)
	}
	y.agree()
}

func TestThePreviousOneIsTheOneBefore(t *testing.T) {
	y := newYardWith(t, func(p *configs.Platform) { p.History = 2 })
	y.upload("1", deployment("web"))
	y.cluster.Fail(refusing("apply", "web")) // so that the first one stays golden and is kept
	for _, release := range []string{"2", "3", "4", "5"} {
		c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: release, Files: files(deployment("web", "        - name: R\n          value: r"+release+"\n"))})
		if err != nil {
			t.Fatal(err)
		}
		y.outcome(c)
	}
	y.cluster.Fail(nil)
	history, err := y.s.History(y.ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range history {
		if c.Release == "4" && c.PreviousRelease != "" && c.PreviousRelease != "3" {
			t.Errorf("before %s there was %s", c.Release, c.PreviousRelease)
		}
	}
}

func TestABaseConfigThatTheClusterWasNotGivenIsNotGolden(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("c", "x"))
	y.cluster.Fail(refusing("apply", "c"))
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(configMap("c", "other"))})
	if err != nil {
		t.Fatal(err)
	}
	y.outcome(c)
	y.cluster.Fail(nil)
	golden := func() bool {
		t.Helper()
		all, err := y.s.BaseConfigs(y.ctx, "", "c")
		if err != nil || len(all) != 1 {
			t.Fatalf("got %v, %v", all, err)
		}
		return all[0].Golden
	}
	if golden() {
		t.Error("the cluster has never seen it")
	}
	y.upload("1", configMap("c", "other"))
	if !golden() {
		t.Error("the cluster has it")
	}
	y.upload("1", configMap("c", "other"))
	if !golden() {
		t.Error("it came again as it was")
	}
}

func TestADiffSaysThatASecretChanges(t *testing.T) {
	y := newYard(t)
	secret := func(value, note string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations: {note: " + note + "}\nstringData:\n  word: " + value + "\n"
	}
	y.upload("1", secret("canary-one", "a"))
	for _, next := range []string{secret("canary-two", "a"), secret("canary-two", "b")} {
		c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(next), Dry: true})
		if err != nil || len(c.Previews) != 1 {
			t.Fatalf("got %+v, %v", c, err)
		}
		if diff := c.Previews[0].Diff; !strings.Contains(diff, "masked") || strings.Contains(diff, "canary") {
			t.Errorf("got %q", diff)
		}
	}
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(secret("canary-one", "b")), Dry: true})
	if err != nil || strings.Contains(c.Previews[0].Diff, "masked") {
		t.Errorf("no secret changes: %+v, %v", c.Previews, err)
	}
}
