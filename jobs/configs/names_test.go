package configs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"yardmaster/jobs/configs"
)

const service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n"

// annotated is a JSON patch that is meant for no kind.
func annotated(target, value string) string {
	return `{"target": "` + target + `", "patch": [{"op": "add", "path": "/metadata/annotations", "value": {"by": "` + value + `"}}]}`
}

func TestTheLabelOfAKindMeansNoOtherKindOfThatName(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), service)
	y.patch(annotated("Deployment", "label"))
	if !strings.Contains(y.config("Deployment.web").Config, "by: label") {
		t.Error("the label means it")
	}
	if strings.Contains(y.config("Service.web").Config, "by: label") {
		t.Error("the label of another kind means it")
	}
	labels, err := y.s.LabelsOf(y.ctx, "Service.web")
	if err != nil || !slices.Equal(labels, []string{"Service"}) {
		t.Errorf("got %v, %v", labels, err)
	}
}

func TestLabelsOfOneAreNotTakenFromItsNamesake(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), service)
	c, err := y.s.Bind(y.ctx, ann, []string{"team"}, []string{"web"}, false)
	y.must(c, err)
	y.patch(annotated("team", "label"))
	c, err = y.s.Unbind(y.ctx, ann, "Deployment.web")
	y.must(c, err)
	y.must(y.s.Push(y.ctx, ann, "", false))
	if strings.Contains(y.config("Deployment.web").Config, "by: label") {
		t.Error("it has lost its labels")
	}
	if !strings.Contains(y.config("Service.web").Config, "by: label") {
		t.Error("it was not asked to lose its labels")
	}
	if labels, err := y.s.LabelsOf(y.ctx, "Service.web"); err != nil || !slices.Equal(labels, []string{"Service", "team"}) {
		t.Errorf("got %v, %v", labels, err)
	}
}

func TestAFinishedReleaseIsNewerThanItsCandidates(t *testing.T) {
	y := newYard(t)
	y.upload("23.1-rc1", configMap("c", "candidate"))
	y.upload("23.1", configMap("c", "finished"))
	if got := y.config("c"); got.Release != "23.1" || !strings.Contains(got.Config, "finished") {
		t.Errorf("got %s:\n%s", got.Release, got.Config)
	}
}

func TestAnImageThatWouldNotTakeEffectIsRefused(t *testing.T) {
	y := newYard(t)
	y.upload("23.1", deployment("web"))
	_, err := y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:2", Comment: "rc1"})
	if !errors.Is(err, configs.ErrInvalid) || !strings.Contains(err.Error(), "comment") {
		t.Errorf("got %v", err)
	}
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:2", Comment: "fix"}))
	if got := y.config("web").Config; !strings.Contains(got, "image: x:2") {
		t.Errorf("got\n%s", got)
	}
}

func TestASettingReachesWhatWentBackToAConfigThatNamesIt(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("c", `"${ib.settings.obsAlertSlackChannel}"`))
	y.upload("2", configMap("c", "plain"))
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "c", Number: 1}))
	settings, err := y.s.Settings(y.ctx)
	if err != nil {
		t.Fatal(err)
	}
	settings["obsAlertSlackChannel"] = "harbour"
	c, err := y.s.UpdateSettings(y.ctx, ann, settings)
	y.must(c, err)
	if got := y.config("c").Config; !strings.Contains(got, "harbour") {
		t.Errorf("got\n%s", got)
	}
}

func TestAPatchOfNoKindForTwoObjectsOfOneNameIsRefused(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), configMap("web", "x"))
	_, err := y.s.ApplyPatches(y.ctx, ann, configs.PatchUpload{Files: files("# target: web\ndata: {x: \"1\"}\n")})
	if !errors.Is(err, configs.ErrInvalid) || !strings.Contains(err.Error(), "ConfigMap.web, Deployment.web") {
		t.Errorf("got %v", err)
	}
	y.patch("# target: ConfigMap.web\ndata: {x: \"1\"}\n")
	y.agree()
}

func TestLabelsMayHaveADomain(t *testing.T) {
	y := newYard(t)
	y.upload("1", configMap("c", "x"))
	y.must(y.s.Bind(y.ctx, ann, []string{"example.com/tier"}, []string{"c"}, false))
	y.patch("# target: example.com/tier\nkind: ConfigMap\ndata: {tier: one}\n")
	if c := y.config("c"); !strings.Contains(c.Config, "tier: one") {
		t.Errorf("got %s", c.Config)
	}
	for _, label := range []string{"/tier", "example.com/", "a/b/c", "example.com//tier"} {
		if _, err := y.s.Bind(y.ctx, ann, []string{label}, []string{"c"}, false); !errors.Is(err, configs.ErrInvalid) {
			t.Errorf("%s: got %v", label, err)
		}
	}
}

func TestAnImageOfWhatWentBackStaysThere(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	y.patch(level("web", "debug"))
	y.upload("2", strings.Replace(deployment("web", "        - name: BAD\n          value: in-release-2\n"), "/web:1", "/web:2", 1))
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Release: "1"}))
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:9", Comment: "fix"}))
	back := func(release string) {
		t.Helper()
		c := y.config("web")
		if c.Release != release || !strings.Contains(c.Config, "image: x:9") || !strings.Contains(c.Config, "debug") || strings.Contains(c.Config, "BAD") {
			t.Errorf("got release %s:\n%s", c.Release, c.Config)
		}
	}
	back("1-fix")
	if all, err := y.s.BaseConfigs(y.ctx, "1-fix", "web"); err != nil || len(all) != 1 || all[0].Previous != "1" || !all[0].Golden {
		t.Errorf("got %+v, %v", all, err)
	}
	y.patch("# target: web\nspec:\n  replicas: 7\n")
	y.must(y.s.Push(y.ctx, ann, "", false))
	back("1-fix")
	y.upload("3", strings.Replace(deployment("web"), "/web:1", "/web:3", 1))
	y.has("web", "/web:3", "replicas: 7")
	y.agree()
}

func TestAnImageOfWhatIsHeldToItsTextLeavesTheRestOfIt(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web", "        - name: FIRST\n          value: kept\n"))
	y.must(y.s.SetRegistry(y.ctx, ann, "mirror.example.com", "", false))
	y.upload("1", deployment("web")) // again, so that nothing but its text makes the first one
	y.upload("2", strings.Replace(deployment("web"), "/web:1", "/web:2", 1))
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: 2}))
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:9", Comment: "fix"}))
	y.must(y.s.Push(y.ctx, ann, "", false))
	y.has("web", "image: mirror.example.com/x:9", "FIRST")
	if got := y.config("web").Release; got != "1-fix" {
		t.Errorf("got %s", got)
	}
	y.agree()
}

func TestAPatchInATextThatAnObjectIsHeldToIsNotTakenBackInSilence(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web", "        - name: FIRST\n          value: kept\n"))
	_, debug := y.patch(level("web", "debug"))
	y.must(y.s.SetSize(y.ctx, ann, "large", false))
	y.upload("1", deployment("web")) // again, so that nothing but its text makes the first one
	y.must(y.s.Rollback(y.ctx, ann, configs.Rollback{Object: "web", Number: 3}))
	held := y.config("web").Config
	_, onDelete := y.s.DeletePatch(y.ctx, ann, debug[0], false)
	_, onSize := y.s.SetSize(y.ctx, ann, "x-large", false)
	for _, err := range []error{onDelete, onSize} {
		if !errors.Is(err, configs.ErrConflict) || !strings.Contains(err.Error(), "object web") || !strings.Contains(err.Error(), "upload") {
			t.Errorf("got %v", err)
		}
	}
	if got := y.config("web").Config; got != held {
		t.Errorf("got\n%s", got)
	}
	y.upload("2", deployment("web"))
	c, err := y.s.DeletePatch(y.ctx, ann, debug[0], false)
	y.must(c, err)
	y.must(y.s.SetSize(y.ctx, ann, "x-large", false))
	y.has("web", "value: info", "replicas: 8")
	y.agree()
}

func TestALabelThatWasTakenAwayStaysAway(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"))
	y.patch(level("Deployment", "debug"))
	y.must(y.s.Unbind(y.ctx, ann, "web"))
	y.upload("2", deployment("web"), deployment("api"))
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:9", Comment: "fix"}))
	y.has("web", "value: info")
	y.has("api", "value: debug")
	if labels, err := y.s.LabelsOf(y.ctx, "web"); err != nil || len(labels) > 0 {
		t.Errorf("got %v, %v", labels, err)
	}
	y.agree()
}

func TestAnImageIsNoReleaseOfThePlatform(t *testing.T) {
	y := newYard(t)
	y.upload("1", deployment("web"), deployment("api"))
	y.must(y.s.Image(y.ctx, ann, configs.Image{Object: "web", Image: "x:9", Comment: "fix"}))
	if got, err := y.s.ReleaseVersion(y.ctx); err != nil || got != "1" {
		t.Errorf("got %q, %v", got, err)
	}
	y.upload("2", deployment("web"), deployment("api"))
	if got, err := y.s.ReleaseVersion(y.ctx); err != nil || got != "2" {
		t.Errorf("got %q, %v", got, err)
	}
}
