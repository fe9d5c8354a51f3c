package configs_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yardmaster/executors/kube"
	"yardmaster/jobs/configs"
	"yardmaster/store"
)

func TestAnUploadIsMaterializedAndAppliedAndGolden(t *testing.T) {
	y := newYard(t)
	o := y.upload("23.01", deployment("web"), configMap("settings", "a"))
	if got := strings.Join(o.Applied, " "); got != "settings web" {
		t.Errorf("applied %q", got)
	}
	c := y.config("web")
	if c.Release != "23.01" || !c.Golden || c.PatchVersion != 0 || c.Creator != "ann" || !strings.Contains(c.Config, "replicas: 2") {
		t.Errorf("got %+v", c)
	}
	if v, err := y.s.ReleaseVersion(y.ctx); v != "23.01" || err != nil {
		t.Errorf("release %q, %v", v, err)
	}
	labels, err := y.s.LabelsOf(y.ctx, "web")
	if err != nil || !slices.Equal(labels, []string{"Deployment"}) {
		t.Errorf("labels %v, %v", labels, err)
	}
	y.agree()
}

func TestWhatIsUnchangedIsNotSentAgain(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("a", "x"), configMap("b", "x"))
	before := y.cluster.Calls()["apply"]
	o := y.must(y.s.Push(y.ctx, ann, "", false))
	if len(o.Applied) != 3 {
		t.Errorf("applied %v", o.Applied)
	}
	if sent := y.cluster.Calls()["apply"] - before; sent != 0 {
		t.Errorf("%d objects were sent", sent)
	}
	if err := y.cluster.Edit(ref("ConfigMap", "a"), func(o map[string]any) { o["data"].(map[string]any)["key"] = "y" }); err != nil {
		t.Fatal(err)
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	y.agree()
}

func TestPatchesByNameAndByLabel(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"), configMap("c", "x"))
	o, versions := y.patch(level("web", "debug"))
	if !slices.Equal(o.Applied, []string{"web"}) || len(versions) != 1 {
		t.Errorf("applied %v, versions %v", o.Applied, versions)
	}
	o, more := y.patch(level("Deployment", "warn"))
	if !slices.Equal(o.Applied, []string{"api", "web"}) || more[0] <= versions[0] {
		t.Errorf("applied %v, versions %v after %v", o.Applied, more, versions)
	}
	if c := y.config("web"); !strings.Contains(c.Config, "value: warn") || c.PatchVersion != more[0] || c.PreviousVersion != versions[0] {
		t.Errorf("got %+v", c)
	}
	y.must(y.s.DeletePatch(y.ctx, ann, more[0], false))
	if web, api := y.config("web"), y.config("api"); !strings.Contains(web.Config, "value: debug") || !strings.Contains(api.Config, "value: info") {
		t.Errorf("got %s\n%s", web.Config, api.Config)
	}
	if _, err := y.s.DeletePatch(y.ctx, ann, more[0], false); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("the second deletion: %v", err)
	}
	before, after, err := y.s.Around(y.ctx, "web", versions[0])
	if err != nil || !strings.Contains(before, "value: info") || !strings.Contains(after, "value: debug") {
		t.Errorf("got %v\n%s\n%s", err, before, after)
	}
	y.agree()
}

func TestVersionsOfPatchesRiseWithinOneMillisecond(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	var all []string
	for range 20 {
		all = append(all, level("web", "debug"))
	}
	_, versions := y.patch(all...)
	for i := 1; i < len(versions); i++ {
		if versions[i] <= versions[i-1] {
			t.Fatalf("got %v", versions)
		}
	}
}

func TestAPatchWaitsForItsTarget(t *testing.T) {
	y := newYard(t)
	c, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("web", "debug"))})
	if err != nil || c.Op.ID != "" || len(c.Objects) != 0 {
		t.Fatalf("got %+v, %v", c, err)
	}
	dry, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("nobody", "x")), Dry: true})
	if err != nil || len(dry.Previews) != 1 || !strings.Contains(dry.Previews[0].Message, "nobody") {
		t.Errorf("got %+v, %v", dry, err)
	}
	y.upload("1", deployment("web"))
	if c := y.config("web"); !strings.Contains(c.Config, "value: debug") {
		t.Errorf("got %s", c.Config)
	}
	y.agree()
}

func TestWhatCannotBeMadeChangesNothing(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"))
	for name, change := range map[string]func() (configs.Change, error){
		"a patch that renames": func() (configs.Change, error) {
			return y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("api", "x"), "# target: web\nmetadata:\n  name: other\n")})
		},
		"a patch that is no YAML": func() (configs.Change, error) {
			return y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("api", "x"), "# target: web\na: [")})
		},
		"a JSON patch that does not fit": func() (configs.Change, error) {
			return y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(
				`{"kind":"Deployment","target":"web","patch":[{"op":"remove","path":"/spec/none"}]}`)})
		},
		"an upload with a fault in one document": func() (configs.Change, error) {
			return y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(deployment("web"), "kind: Deployment\n")})
		},
		"an upload that a patch does not fit": func() (configs.Change, error) {
			if _, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(
				`{"kind":"Deployment","target":"later","patch":[{"op":"replace","path":"/spec/replicas","value":1}]}`)}); err != nil {
				return configs.Change{}, err
			}
			return y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(strings.Replace(deployment("later"), "  replicas: 2\n", "", 1))})
		},
		"a release without a name": func() (configs.Change, error) {
			return y.s.Upload(y.ctx, ann, configs.Upload{Files: files(deployment("x"))})
		},
		"a namespace that is none": func() (configs.Change, error) { return y.s.MoveNamespace(y.ctx, ann, "No_Good", "", false) },
		"a registry that is none":  func() (configs.Change, error) { return y.s.SetRegistry(y.ctx, ann, "bad registry", "", false) },
		"a size that is unknown":   func() (configs.Change, error) { return y.s.SetSize(y.ctx, ann, "huge", false) },
		"an image without a name": func() (configs.Change, error) {
			return y.s.Image(y.ctx, ann, configs.Image{Object: "web", Comment: "c"})
		},
		"a rollback without an aim": func() (configs.Change, error) { return y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web"}) },
		"a name of the API": func() (configs.Change, error) {
			return y.s.Upload(y.ctx, ann, configs.Upload{Release: "2", Files: files(configMap("versions", "x"))})
		},
	} {
		if _, err := change(); !errors.Is(err, configs.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	all, err := y.s.Configs(y.ctx)
	if err != nil || len(all) != 2 || all[0].Number != 1 || all[1].Number != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	y.agree()
}

func TestPartOfAPushMayFail(t *testing.T) {
	y := newYard(t)
	refused := errors.Join(kube.ErrInvalid, errors.New("spec.replicas: too many"))
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if verb == "apply" && r.Name == "api" {
			return refused
		}
		return nil
	})
	c, err := y.s.Upload(y.ctx, ann, configs.Upload{Release: "1", Files: files(deployment("web"), deployment("api"), configMap("c", "x"))})
	if err != nil {
		t.Fatal(err)
	}
	o := y.outcome(c)
	if !slices.Equal(o.Applied, []string{"c", "web"}) || len(o.Failed) != 1 || o.Failed[0].Object != "api" || !strings.Contains(o.Error, "1 of 3") {
		t.Errorf("got %v, %v, %q", o.Applied, o.Failed, o.Error)
	}
	if y.config("api").Golden || !y.config("web").Golden {
		t.Error("golden is what the cluster took")
	}
	if v, err := y.s.ReleaseVersion(y.ctx); v != "" || err != nil {
		t.Errorf("release %q, %v", v, err)
	}
	y.cluster.Fail(nil)
	y.must(y.s.Push(y.ctx, ann, "api", false))
	y.agree()
}

func TestAClusterThatIsAwayForAWhileIsWaitedFor(t *testing.T) {
	y := newYard(t)
	fails := 3
	y.cluster.Fail(func(verb string, r kube.Ref) error {
		if fails > 0 && verb == "apply" {
			fails--
			return kube.ErrUnavailable
		}
		return nil
	})
	y.upload("1", configMap("c", "x"))
	y.agree()
}

func TestTwoObjectsOfOneName(t *testing.T) {
	y := newYard(t)
	o := y.upload("1", deployment("web"), configMap("web", "x"), configMap("other", "x"))
	if !slices.Equal(o.Applied, []string{"ConfigMap.web", "Deployment.web", "other"}) {
		t.Errorf("applied %v", o.Applied)
	}
	if _, err := y.s.Config(y.ctx, "web"); !errors.Is(err, configs.ErrInvalid) || !strings.Contains(err.Error(), "ConfigMap.web, Deployment.web") {
		t.Errorf("got %v", err)
	}
	y.patch(level("web", "debug")) // is of one kind, so it means one of them
	if c := y.config("Deployment.web"); !strings.Contains(c.Config, "debug") {
		t.Errorf("got %s", c.Config)
	}
	y.agree()
}

func TestRollbackIsExactAndLaterChangesComeOnTop(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	_, first := y.patch(level("web", "debug"))
	y.patch(level("web", "warn"))
	if _, err := y.s.DeletePatch(y.ctx, ann, first[0], false); err != nil {
		t.Fatal(err)
	}
	y.upload("2", strings.Replace(deployment("web"), ":1\n", ":2\n", 1))
	history, err := y.s.History(y.ctx, "web")
	if err != nil || len(history) != 5 {
		t.Fatalf("got %d, %v", len(history), err)
	}
	for _, want := range history[1:] {
		y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: want.Number}))
		if got := y.config("web"); got.Config != want.Config || got.Release != want.Release {
			t.Errorf("back at %d: got %s\nwant %s", want.Number, got.Config, want.Config)
		}
	}
	y.patch("# target: web\nspec:\n  replicas: 7\n")
	if got := y.config("web"); !strings.Contains(got.Config, "replicas: 7") || got.Release != "1" {
		t.Errorf("got %+v", got)
	}
	y.upload("3", strings.Replace(deployment("web"), ":1\n", ":3\n", 1))
	if got := y.config("web"); !strings.Contains(got.Config, "replicas: 7") || !strings.Contains(got.Config, "/web:3") || !strings.Contains(got.Config, "warn") {
		t.Errorf("got %s", got.Config)
	}
	if _, err := y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: 99}); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	y.agree()
}

func TestRewritesReplaceEachOther(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("c", "x"))
	for _, registry := range []string{"one.example.com", "two.example.com/deep"} {
		y.must(y.s.SetRegistry(y.ctx, ann, registry, "", false))
		if c := y.config("web"); !strings.Contains(c.Config, "image: "+registry+"/web:1") {
			t.Errorf("got %s", c.Config)
		}
	}
	for _, size := range []string{"large", "standard"} {
		y.must(y.s.SetSize(y.ctx, ann, size, false))
	}
	if c := y.config("web"); !strings.Contains(c.Config, "replicas: 2") {
		t.Errorf("got %s", c.Config)
	}
	y.must(y.s.MoveNamespace(y.ctx, ann, "elsewhere", "", false))
	if _, err := y.cluster.Get(y.ctx, kube.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: "elsewhere", Name: "c"}); err != nil {
		t.Error(err)
	}
	gone, err := y.s.Prunable(y.ctx)
	if err != nil || len(gone) != 2 {
		t.Errorf("left behind: %v, %v", gone, err)
	}
	y.must(y.s.Prune(y.ctx, ann, false))
	if gone, err = y.s.Prunable(y.ctx); err != nil || len(gone) != 0 {
		t.Errorf("left behind: %v, %v", gone, err)
	}
	patches, err := y.s.Patches(y.ctx, "web")
	if err != nil || len(patches) != 2 {
		t.Errorf("got %+v, %v", patches, err)
	}
	y.agree()
}

func TestBindingsBringAndTakePatches(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"))
	y.patch(level("chatty", "debug"))
	y.must(y.s.Bind(y.ctx, ann, []string{"chatty", "grpc"}, []string{"web", "not-there"}, false))
	if c := y.config("web"); !strings.Contains(c.Config, "debug") {
		t.Errorf("got %s", c.Config)
	}
	if objects, err := y.s.ObjectsOf(y.ctx, "chatty", false); err != nil || !slices.Equal(objects, []string{"not-there", "web"}) {
		t.Errorf("got %v, %v", objects, err)
	}
	if objects, err := y.s.ObjectsOf(y.ctx, "chatty", true); err != nil || !slices.Equal(objects, []string{"web"}) {
		t.Errorf("got %v, %v", objects, err)
	}
	y.must(y.s.Unbind(y.ctx, ann, "web"))
	if c := y.config("web"); strings.Contains(c.Config, "debug") {
		t.Errorf("got %s", c.Config)
	}
	if err := y.s.UpdateDefaults(y.ctx); err != nil {
		t.Fatal(err)
	}
	if labels, err := y.s.LabelsOf(y.ctx, "web"); err != nil || !slices.Equal(labels, []string{"Deployment"}) {
		t.Errorf("got %v, %v", labels, err)
	}
	y.agree()
}

func TestAnImageIsANewRelease(t *testing.T) {
	y := newYard(t)
	y.upload("1.2", deployment("web"), deployment("api"))
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "other/web:9", Comment: "fix-1"}))
	if c := y.config("web"); c.Release != "1.2-fix-1" || !strings.Contains(c.Config, "image: other/web:9") {
		t.Errorf("got %+v", c)
	}
	versions, err := y.s.VersionsOf(y.ctx, "web")
	if err != nil || !slices.Equal(versions, []string{"1.2", "1.2-fix-1"}) {
		t.Errorf("got %v, %v", versions, err)
	}
	if _, err := y.s.Image(y.ctx, ann, configs.Image{Object: "nobody", Image: "a:1", Comment: "c"}); !errors.Is(err, configs.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	y.agree()
}

func TestSettingsReachTheConfigsThatNameThem(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("mail", `"${ib.settings.obsAlertSmtpServer}"`), configMap("other", "x"))
	values, err := y.s.Settings(y.ctx)
	if err != nil {
		t.Fatal(err)
	}
	values["obsAlertSmtpServer"], values["obsAlertEmailAppPassword"] = "smtp.example.com:25", "hunter2hunter2"
	o := y.must(y.s.UpdateSettings(y.ctx, ann, values))
	if !slices.Equal(o.Applied, []string{"mail"}) || !strings.Contains(y.config("mail").Config, "key: smtp.example.com:25") {
		t.Errorf("got %+v, %s", o.Applied, y.config("mail").Config)
	}
	again, err := y.s.Settings(y.ctx)
	if err != nil || again["obsAlertEmailAppPassword"] != "***" {
		t.Errorf("got %v, %v", again, err)
	}
	y.must(y.s.UpdateSettings(y.ctx, ann, again)) // as it was read: the password stays
	delete(again, "isProdEnvironment")
	if _, err := y.s.UpdateSettings(y.ctx, ann, again); !errors.Is(err, configs.ErrInvalid) || !strings.Contains(err.Error(), "isProdEnvironment") {
		t.Errorf("got %v", err)
	}
	y.agree()
}

func TestSecretsAreNotInTheStoreTheLogOrTheOperations(t *testing.T) {
	y := newYard(t)
	y.upload("1", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: "+canary+"\n", deployment("web"))
	y.patch("# target: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: CONTAINER_NAME\n        env:\n        - name: AWS_SECRET_ACCESS_KEY\n          value: " + canary + "\n")
	if err := y.cluster.Edit(ref("Secret", "s"), func(o map[string]any) { o["data"] = map[string]any{"password": "Y2FuYXJ5LTRmMWQyYw=="} }); err != nil {
		t.Fatal(err)
	}
	found, err := y.s.Inconsistencies(y.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range found.Resources {
		for _, row := range r.Rows {
			if strings.Contains(row.Expected+row.Got, canary) {
				t.Errorf("drift shows %+v", row)
			}
		}
	}
	patches, err := y.s.SearchPatches(y.ctx, canary, false, 10)
	if err != nil || len(patches) != 0 {
		t.Errorf("search found %+v, %v", patches, err)
	}
	if masked, err := y.s.SearchPatches(y.ctx, "aws_secret", false, 10); err != nil || len(masked) != 1 || strings.Contains(masked[0].Body, canary) {
		t.Errorf("search found %+v, %v", masked, err)
	}
	if strings.Contains(y.log.String(), canary) {
		t.Error("it is in the log")
	}
	ops, _, err := y.runner.List(y.ctx, store.OperationFilter{Limit: 100})
	if err != nil || len(ops) == 0 {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(y.dir, "control.db"))
	if err != nil || strings.Contains(string(raw), canary) {
		t.Errorf("it is in the store, %v", err)
	}
}

func TestWhoIsLateWaitsForTheChangeBefore(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"))
	thaw := y.cluster.Freeze()
	c, err := y.s.Push(y.ctx, ann, "", false)
	if err != nil {
		t.Fatal(err)
	}
	second := make(chan error, 1)
	go func() {
		_, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files(level("web", "debug"))})
		second <- err
	}()
	short, cancel := context.WithTimeout(y.ctx, 50e6)
	defer cancel()
	if _, err := y.s.Push(short, ann, "", false); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	thaw()
	y.must(c, nil)
	if err := <-second; err != nil {
		t.Error(err)
	}
	y.must(y.s.Push(y.ctx, ann, "", false))
	y.agree()
}
