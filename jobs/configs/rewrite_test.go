package configs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"yardmaster/jobs/configs"
	"yardmaster/store"
)

// sized is a deployment of an image and a number of replicas.
func sized(name, tag string, replicas int) string {
	text := strings.Replace(deployment(name), ":1\n", ":"+tag+"\n", 1)
	return strings.Replace(text, "replicas: 2", fmt.Sprintf("replicas: %d", replicas), 1)
}

// has holds that an object's config has all of these in it.
func (y *yard) has(object string, wants ...string) {
	y.t.Helper()
	got := y.config(object).Config
	for _, want := range wants {
		if !strings.Contains(got, want) {
			y.t.Errorf("%s has no %q:\n%s", object, want, got)
		}
	}
}

// rewriteAll takes a platform to a mirror, to another namespace and to twice its size.
func (y *yard) rewriteAll() {
	y.t.Helper()
	y.must(y.s.SetRegistry(y.ctx, ann, "mirror.example.com/ib", "", false))
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	y.must(y.s.SetSize(y.ctx, ann, "large", false))
}

func TestRewritesHoldForWhatComesLater(t *testing.T) {
	y := newYard(t)
	y.upload("1", sized("web", "1", 2), configMap("c", "x"))
	y.rewriteAll()
	before, err := y.s.Patches(y.ctx, "web")
	if err != nil {
		t.Fatal(err)
	}

	next := configs.Upload{Release: "2", Files: files(sized("web", "2", 3), sized("api", "2", 4), configMap("c", "z"), configMap("d", "z"))}
	next.Dry = true
	c, err := y.s.Upload(y.ctx, ann, next)
	if err != nil {
		t.Fatal(err)
	}
	next.Dry = false
	y.must(y.s.Upload(y.ctx, ann, next))
	for _, p := range c.Previews {
		if p.Config != y.config(p.Object).Config {
			t.Errorf("%s was shown otherwise:\n%s", p.Object, p.Config)
		}
	}
	y.has("web", "image: mirror.example.com/ib/web:2", "namespace: elsewhere", "replicas: 6")
	y.has("api", "image: mirror.example.com/ib/api:2", "namespace: elsewhere", "replicas: 8")
	y.has("d", "namespace: elsewhere")

	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "docker.io/other/web:9", Comment: "fix"}))
	y.has("web", "image: mirror.example.com/ib/web:9")

	after, err := y.s.Patches(y.ctx, "web")
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != 3 || len(before) != 3 {
		t.Fatalf("got %d patches, then %d", len(before), len(after))
	}
	shown := after[0].Body + after[1].Body + after[2].Body
	for i := range after {
		if after[i].Version != before[i].Version {
			t.Errorf("patch %d became %d", before[i].Version, after[i].Version)
		}
	}
	if !strings.Contains(shown, "web:9") || !strings.Contains(shown, "replicas: 6") {
		t.Errorf("patches are shown as they were:\n%s", shown)
	}

	y.must(y.s.SetSize(y.ctx, ann, "standard", false))
	y.upload("3", sized("web", "3", 5), sized("new", "3", 2))
	y.has("web", "replicas: 5", "image: mirror.example.com/ib/web:3")
	y.has("new", "replicas: 2", "image: mirror.example.com/ib/new:3")
	y.agree()
}

func TestARewriteReachesWhatItHadNothingToDoFor(t *testing.T) {
	y := newYard(t)
	y.must(y.s.SetRegistry(y.ctx, ann, "registry.example.com/team", "", false)) // of a platform without objects
	y.upload("1", deployment("web"), binding("web"))
	if patches, err := y.s.Patches(y.ctx, "web"); err != nil || len(patches) != 0 {
		t.Errorf("got %+v, %v", patches, err)
	}
	y.upload("2", strings.Replace(deployment("web"), "registry.example.com/team", "docker.io/team", 1), binding("web"))
	y.has("web", "image: registry.example.com/team/web:1")

	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	y.upload("3", binding("api", "web"))
	if got := y.config("may-read").Config; strings.Count(got, "namespace: elsewhere") != 3 {
		t.Errorf("one who came with the release stays behind:\n%s", got)
	}
	y.agree()
}

// binding grants a role to service accounts in the namespace of the platform.
func binding(accounts ...string) string {
	out := "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: may-read\n" +
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}\nsubjects:\n"
	for _, name := range accounts {
		out += "- {kind: ServiceAccount, name: " + name + ", namespace: plat}\n"
	}
	return out
}

func TestAPatchThatComesAfterARewriteHasTheLastWord(t *testing.T) {
	y := newYard(t)
	y.upload("1", sized("web", "1", 2))
	_, below := y.patch("# target: web\nspec:\n  replicas: 3\n")
	y.must(y.s.SetSize(y.ctx, ann, "large", false))
	y.has("web", "replicas: 6")
	_, above := y.patch("# target: web\nspec:\n  replicas: 5\n")
	y.upload("2", sized("web", "2", 4))
	y.has("web", "replicas: 5")
	for _, version := range []int64{above[0], below[0]} {
		c, err := y.s.DeletePatch(y.ctx, ann, version, false)
		y.must(c, err)
	}
	y.has("web", "replicas: 8")

	y.patch("# target: late\nspec:\n  replicas: 7\n") // waits, and comes after the rewrite too
	y.upload("3", sized("late", "3", 2))
	y.has("late", "replicas: 7")
	y.agree()
}

func TestAnObjectWhoseRewriteIsTakenBackIsSparedUntilTheNext(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"))
	y.must(y.s.SetRegistry(y.ctx, ann, "mirror.example.com", "", false))
	patches, err := y.s.Patches(y.ctx, "web")
	if err != nil || len(patches) != 1 {
		t.Fatalf("got %v, %v", patches, err)
	}
	y.must(y.s.DeletePatch(y.ctx, ann, patches[0].Version, false))
	y.upload("2", deployment("web"), deployment("api"))
	y.patch(level("web", "debug"))
	y.has("web", "image: registry.example.com/team/web:1")
	y.has("api", "image: mirror.example.com/api:1")
	y.must(y.s.SetRegistry(y.ctx, ann, "mirror.example.com", "", false))
	y.has("web", "image: mirror.example.com/web:1")
	y.agree()
}

func TestGoingBackBeforeARewriteUndoesItThere(t *testing.T) {
	y := newYard(t)
	y.upload("1", sized("web", "1", 2))
	y.rewriteAll()
	y.upload("2", sized("web", "2", 3))
	history, err := y.s.History(y.ctx, "web")
	if err != nil || len(history) != 5 {
		t.Fatalf("got %d, %v", len(history), err)
	}
	for _, want := range history {
		y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: want.Number}))
		y.must(y.s.Push(y.ctx, ann, "", false))
		if got := y.config("web"); got.Config != want.Config || !slices.Equal(got.Patches, want.Patches) {
			t.Errorf("back at %d: got %v %s\nwant %v %s", want.Number, got.Patches, got.Config, want.Patches, want.Config)
		}
	}
	y.patch(level("web", "debug"))
	y.has("web", "image: registry.example.com/team/web:1", "replicas: 2", "value: debug")
	y.upload("3", sized("web", "3", 4))
	y.has("web", "image: mirror.example.com/ib/web:3", "namespace: elsewhere", "replicas: 8")
	y.agree()
}

func TestRewritesOfAnEarlierBuildHold(t *testing.T) {
	y := newYard(t)
	y.upload("1", sized("web", "1", 2), sized("api", "1", 2), binding("web"))
	y.rewriteAll()
	spared, err := y.s.Patches(y.ctx, "api")
	if err != nil || len(spared) != 3 {
		t.Fatalf("got %v, %v", spared, err)
	}
	y.must(y.s.DeletePatch(y.ctx, ann, spared[0].Version, false))
	err = y.db.Update(y.ctx, func(tx *store.Tx) error { // as it was written then
		var all []store.ConfigPatch
		for p, err := range store.AllPatches(tx) {
			if err != nil {
				return err
			}
			p.To, p.Place = "", 0
			all = append(all, p)
		}
		for i := range all {
			if err := store.PutPatch(tx, &all[i]); err != nil {
				return err
			}
		}
		return store.Settings.Delete(tx, "configs rewrites")
	})
	if err != nil {
		t.Fatal(err)
	}
	y.upload("2", sized("first", "2", 4))
	y.upload("2", sized("web", "2", 3), sized("api", "2", 3), sized("new", "2", 4), binding("api", "web"))
	y.has("web", "image: mirror.example.com/ib/web:2", "namespace: elsewhere", "replicas: 6")
	y.has("new", "image: mirror.example.com/ib/new:2", "namespace: elsewhere", "replicas: 8")
	y.has("api", "image: registry.example.com/team/api:2", "namespace: elsewhere", "replicas: 6")
	if got := y.config("may-read").Config; strings.Count(got, "namespace: elsewhere") != 3 {
		t.Errorf("got\n%s", got)
	}
	y.agree()
}
