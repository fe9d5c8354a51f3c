package tests

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"yardmaster/tests/deployclient"
)

const replicasPatch = "# target: deployment-web\napiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3\n"

// The document's example of a JSON patch.
const jsonPatch = `{
  "comment": "Open new egress port for external service",
  "kind": "NetworkPolicy",
  "target": "some-network-policy",
  "patch": [{"op": "add", "path": "/spec/egress/1/ports/-", "value": {"protocol": "TCP", "port": 9999}}]
}`

// envPatch is meant for a label; it names no container.
const envPatch = `# target: Deployment
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: CONTAINER_NAME
          env:
            - {name: S3_SERVER_IS_SECURE, value: "true"}
            - {name: AWS_SECRET_ACCESS_KEY, value: "s3cr3t-value"}
`

func versionOf(t testing.TB, p deployclient.Patch) string {
	t.Helper()
	_, err := strconv.ParseInt(string(p.Version), 10, 64)
	expectThat(t, "the version is a number", err == nil, string(p.Version))
	return string(p.Version)
}

func deployPatches(t *testing.T, on place) {
	s := installed(t, on)
	e := s.enveloped("text", s.form("/patches/apply", "patch", replicasPatch, "description", "Bumping up replica count"), 200)
	s.applied("text", e, "deployment-web")
	stored, err := e.Applied()
	expectThat(t, "its version is told", err == nil && len(stored.Versions) == 1, string(e.Data))
	s.applied("JSON", s.enveloped("JSON", s.form("/patches/apply", "patch", jsonPatch), 200), "some-network-policy")
	s.applied("file", s.enveloped("file", s.file("/patches/apply", "patch.yml", []byte(envPatch), map[string]string{"description": "s3_storage_patch"}), 200), "deployment-web")
	both := zipped(t, archived{"a.yml", strings.ReplaceAll(replicasPatch, "3", "4")}, archived{"b.json", strings.ReplaceAll(jsonPatch, "9999", "9998")})
	s.applied("archive", s.enveloped("archive", s.file("/patches/apply", "patches.zip", both, nil), 200), "deployment-web", "some-network-policy")

	c := s.config("deployment-web")
	for _, want := range []string{"replicas: 4", "S3_SERVER_IS_SECURE", "gcr.io/vendor/web:1", "stats-collector"} {
		expectThat(t, "materialized", strings.Contains(c.Config, want), c.Config)
	}
	expectThat(t, "placeholder of the container", !strings.Contains(c.Config, "CONTAINER_NAME"), c.Config)
	expect(t, "state", c.State, "IS_GOLDEN")
	expect(t, "release", c.Release, "23.01.0")
	expectThat(t, "patch", c.Patch > c.PreviousPatch && c.PreviousPatch > 0, fmt.Sprint(c.Patch, c.PreviousPatch))
	expectThat(t, "JSON patches", strings.Contains(s.config("some-network-policy").Config, "9999"), s.config("some-network-policy").Config)

	all := s.patches("/patches")
	expect(t, "all patches", len(all), 5)
	mine := s.patches("/patches/deployment-web")
	expect(t, "those of an object and of its labels", len(mine), 3)
	expect(t, "description", mine[0].Description, "Bumping up replica count")
	expect(t, "target", mine[0].Target, "deployment-web")
	expect(t, "target of the label", mine[1].Target, "Deployment")
	expect(t, "type", typeOf(t, mine[0].Metadata), "Deployment")
	expect(t, "next of the same target", string(mine[0].Next), versionOf(t, mine[2]))
	expect(t, "the last has none", string(mine[2].Next), "null")
	expect(t, "state of a patch", mine[0].State, "IS_GOLDEN")
	expectThat(t, "the body as it came", strings.Contains(mine[0].Patch, "# target: deployment-web"), mine[0].Patch)
	list := s.patches("/patches/deployment-web/list")
	expect(t, "list", len(list), 3)
	expect(t, "a list has no bodies", list[0].Patch+list[0].Metadata+string(list[0].Next), "")
	s.refusedWith("patches of nothing", s.get("/patches/nobody"), 404, "nobody")

	var found struct{ Patches []deployclient.Patch }
	s.ok("search", s.get("/patches/search?query=s3_SERVER&caseSensitive=false&limit=80").JSON(&found))
	expect(t, "search", len(found.Patches), 1)
	expect(t, "versions are texts here", string(found.Patches[0].Version), `"`+versionOf(t, mine[1])+`"`)
	expectThat(t, "secrets are masked", !strings.Contains(found.Patches[0].Patch, "s3cr3t-value"), found.Patches[0].Patch)
	s.ok("search", s.get("/patches/search?query=s3_SERVER&caseSensitive=true&limit=80").JSON(&found))
	expect(t, "search by case", len(found.Patches), 0)
	for _, query := range []string{"", "query=a", "query=a&limit=1", "query=a&caseSensitive=true", "query=a&caseSensitive=x&limit=1", "query=a&caseSensitive=true&limit=x"} {
		s.refusedWith("search with "+query, s.get("/patches/search?"+query), 400)
	}
	reader := s.must(s.client(eye, deployclient.Curl).Get(s.ctx, "/patches"))
	expectThat(t, "a reader sees no secrets", reader.Status == 200 && !strings.Contains(reader.Body, "s3cr3t-value"), reader.Body)

	s.applied("deletion", s.enveloped("deletion", s.del("/patches/"+versionOf(t, mine[2])), 200), "deployment-web")
	expectThat(t, "the one before is in force", strings.Contains(s.config("deployment-web").Config, "replicas: 3"), s.config("deployment-web").Config)
	s.refusedWith("deleted twice", s.del("/patches/"+versionOf(t, mine[2])), 404)
	s.refusedWith("no such patch", s.del("/patches/12"), 404, "12")
	s.refusedWith("no number", s.del("/patches/deployment-web"), 400)

	var around struct {
		Prev string `json:"prev_config"`
		New  string `json:"new_config"`
	}
	s.ok("around", s.enveloped("around", s.get("/configs/previous/deployment-web/"+versionOf(t, mine[0])), 200).Into(&around))
	expectThat(t, "before", strings.Contains(around.Prev, "replicas: 2"), around.Prev)
	expectThat(t, "after", strings.Contains(around.New, "replicas: 3"), around.New)
	s.refusedWith("around nothing", s.get("/configs/previous/deployment-web/12"), 404)
	s.refusedWith("around no number", s.get("/configs/previous/deployment-web/x"), 400)
}

func (s *site) tried(what string, a deployclient.Answer) []deployclient.Preview {
	s.Helper()
	var data struct{ DryRuns []deployclient.Preview }
	s.ok(what, s.enveloped(what, a, http.StatusOK).Into(&data))
	return data.DryRuns
}

func deployDryRuns(t *testing.T, on place) {
	s := installed(t, on)
	before := s.config("deployment-web")
	runs := s.tried("two targets", s.form("/patches/apply", "dry_run", "true",
		"patch", replicasPatch+"---\n"+strings.ReplaceAll(replicasPatch, "deployment-web", "object-2")))
	if len(runs) != 2 || runs[0].DryRun == nil {
		t.Fatalf("%+v", runs)
	}
	d := runs[0].DryRun
	expect(t, "object", d.Object, "deployment-web")
	expect(t, "release", d.Release, "23.01.0")
	expectThat(t, "what nobody stored is null", d.Patch == nil && d.PreviousRelease == nil && d.PreviousPatch == nil && d.State == nil, fmt.Sprintf("%+v", d))
	expect(t, "type", typeOf(t, d.Metadata), "Deployment")
	expectThat(t, "config", strings.Contains(d.Config, "replicas: 3"), d.Config)
	expectThat(t, "diff", strings.Contains(d.Diff, "-  replicas: 2") && strings.Contains(d.Diff, "+  replicas: 3"), d.Diff)
	expectThat(t, "no message", runs[0].Message == nil, "a message")
	expectThat(t, "the other has no config", runs[1].DryRun == nil && runs[1].Message != nil && strings.Contains(*runs[1].Message, "object-2"), fmt.Sprintf("%+v", runs[1]))

	for what, a := range map[string]deployclient.Answer{
		"upload":    s.form("/base_configs", "release_version", "24", "base_config", strings.ReplaceAll(object("deployment-web"), "web:1", "web:9"), "dry_run", "true"),
		"image":     s.dumps("/base_configs/image", "", map[string]any{"image": "x:1", "object": "deployment-web", "comment": "c", "dry_run": true}),
		"namespace": s.dumps("/patches/namespace", "", map[string]any{"namespace": "elsewhere", "dry_run": "true"}),
		"registry":  s.dumps("/patches/registry?dry_run=true", "", map[string]any{"registry": "registry.example.com/x"}),
		"size":      s.post("/resourcing/cluster/large?dry_run=true"),
		"label":     s.form("/resource_labels/binding?dry_run=true", "label", "x", "object_name", "deployment-web"),
		"push":      s.post("/deployment/update?dry_run=true"),
	} {
		expectThat(t, what+" is tried", len(s.tried(what, a)) > 0, a.Body)
	}
	expect(t, "nothing has changed", s.config("deployment-web"), before)
	expect(t, "nothing was stored", len(s.patches("/patches")), 0)
	for _, path := range []string{"/deployment/hibernate", "/deployment/revive", "/autoscaling/controllers/pause", "/kube/pod/delete"} {
		s.refusedWith(path, s.form(path, "dry_run", "true", "pod", "x"), 400, "dry_run")
	}
}

func deployBadPatches(t *testing.T, on place) {
	s := installed(t, on)
	before := s.config("deployment-web")
	for what, tt := range map[string]struct{ patch, told string }{
		"nothing":            {"", "patch"},
		"no target":          {"kind: Deployment\nspec: {replicas: 1}\n", "target"},
		"another name":       {"# target: deployment-web\nmetadata: {name: other}\n", "name"},
		"another kind":       {"# target: deployment-web\nkind: StatefulSet\n", "StatefulSet"},
		"broken YAML":        {"# target: deployment-web\na: [\n", "line"},
		"a path not there":   {strings.ReplaceAll(jsonPatch, "/spec/egress/1", "/spec/egress/7"), "some-network-policy"},
		"an unknown op":      {strings.ReplaceAll(jsonPatch, `"add"`, `"append"`), "op must be"},
		"a test that fails":  {strings.ReplaceAll(jsonPatch, `"op": "add", "path": "/spec/egress/1/ports/-"`, `"op": "test", "path": "/spec/egress/1/ports/0"`), "some-network-policy"},
		"a kustomize phrase": {"# target: deployment-web\nspec: {template: {$retainKeys: [x]}}\n", "retainKeys"},
	} {
		s.refusedWith(what, s.form("/patches/apply", "patch", tt.patch), 400, tt.told)
	}
	one := archived{"a.yml", replicasPatch}
	s.refusedWith("one of two", s.file("/patches/apply", "p.zip", zipped(t, one, archived{"b.yml", "# target: deployment-web\nkind: StatefulSet\n"}), nil), 400)
	expect(t, "nothing has changed", s.config("deployment-web"), before)
	expect(t, "nothing was stored", len(s.patches("/patches")), 0)

	s.applied("a target that is nothing yet", s.enveloped("stored", s.form("/patches/apply", "patch", strings.ReplaceAll(replicasPatch, "deployment-web", "deployment-late")), 200))
	expect(t, "is stored", len(s.patches("/patches")), 1)
	late := strings.ReplaceAll(object("deployment-web"), "deployment-web", "deployment-late")
	s.applied("and bites", s.enveloped("upload", s.form("/base_configs", "release_version", "23.01.1", "base_config", late), 200), "deployment-late")
	expectThat(t, "and bites", strings.Contains(s.config("deployment-late").Config, "replicas: 3"), s.config("deployment-late").Config)
}

func deployLabels(t *testing.T, on place) {
	s := installed(t, on)
	e := s.enveloped("labels", s.get("/resource_labels"), 200)
	expect(t, "default labels are kinds", string(e.Data), `{"labels":["ConfigMap","Deployment","Job","NetworkPolicy","Secret","Service","StatefulSet"]}`)
	expect(t, "as the example asks", s.dumps("/resource_labels", "", map[string]string{}).Body, s.get("/resource_labels").Body)
	words := func(path, want string) {
		t.Helper()
		a := s.get(path)
		expect(t, path, a.Status, 200)
		expect(t, path, strings.TrimSpace(a.Body), want)
	}
	words("/resource_labels/objects/Deployment", `{"objects":["deployment-web"]}`)
	words("/resource_labels/labels/deployment-web", `{"labels":["Deployment"]}`)
	words("/resource_labels/objects/nobody", `{"objects":[]}`)
	words("/resource_labels/labels/nobody", `{"labels":[]}`)

	s.applied("a patch of a label that nothing has", s.enveloped("patch", s.form("/patches/apply", "patch",
		"# target: database\nmetadata: {labels: {tier: data}}\n"), 200))
	a := s.must(s.py.Do(s.ctx, http.MethodPost, "/resource_labels/binding", deployclient.Form,
		"label=database&label=grpc&object_name=deployment-web&object_name=statefulset-db&object_name=deployment-c-service"))
	e = s.enveloped("binding", a, 200)
	s.applied("binding", e, "deployment-web", "statefulset-db")
	got, err := e.Applied()
	s.ok("lists", err)
	failed, err := got.FailedList()
	expectThat(t, "both lists are there", err == nil && len(got.Failed) > 0 && len(failed) == 0, string(e.Data))
	words("/resource_labels/objects/grpc", `{"objects":["deployment-c-service","deployment-web","statefulset-db"]}`)
	words("/resource_labels/objects/grpc?must_exist=true", `{"objects":["deployment-web","statefulset-db"]}`)
	words("/resource_labels/labels/statefulset-db", `{"labels":["StatefulSet","database","grpc"]}`)
	expectThat(t, "the label's patch bites", strings.Contains(s.config("statefulset-db").Config, "tier: data"), s.config("statefulset-db").Config)
	s.applied("unbinding", s.enveloped("unbinding", s.del("/resource_labels/binding/statefulset-db"), 200), "statefulset-db")
	words("/resource_labels/labels/statefulset-db", `{"labels":[]}`)
	expectThat(t, "and lets go", !strings.Contains(s.config("statefulset-db").Config, "tier: data"), s.config("statefulset-db").Config)
	s.enveloped("defaults", s.post("/resource_labels/update-defaults"), 200)
	words("/resource_labels/labels/statefulset-db", `{"labels":["StatefulSet"]}`)
	s.refusedWith("no label", s.form("/resource_labels/binding", "object_name", "deployment-web"), 400, "label")
	s.refusedWith("no object", s.form("/resource_labels/binding", "label", "x"), 400, "object_name")
	s.refusedWith("what truth", s.get("/resource_labels/objects/grpc?must_exist=perhaps"), 400, "must_exist")
}

func deployRewrites(t *testing.T, on place) {
	s := installed(t, on)
	e := s.enveloped("registry", s.dumps("/patches/registry", "", map[string]string{"registry": "registry.example.com/mirror"}), 500)
	got, err := e.Applied()
	s.ok("registry", err)
	failed, err := got.FailedList()
	expect(t, "applied", fmt.Sprint(got.Successful), "[deployment-web statefulset-db]")
	expectThat(t, "pods of a Job stay as they are", err == nil && fmt.Sprint(failed) == "[job-migrate]", string(e.Data))
	expectThat(t, "and it is said why", e.Error != nil && strings.Contains(*e.Error, "job-migrate") && strings.Contains(*e.Error, "immutable"), string(e.Data))
	expect(t, "the old config is in force", s.config("job-migrate").State, "NOT_GOLDEN")
	expect(t, "the new one where it could be applied", s.config("deployment-web").State, "IS_GOLDEN")
	for object, image := range map[string]string{"deployment-web": "registry.example.com/mirror/web:1", "job-migrate": "registry.example.com/mirror/migrate:1",
		"statefulset-db": "registry.example.com/mirror/db@sha256:0123"} {
		c := s.config(object).Config
		expectThat(t, "images of "+object, strings.Contains(c, image) && !strings.Contains(c, "gcr.io"), c)
	}
	s.refusedWith("no registry", s.dumps("/patches/registry", "", map[string]string{}), 400, "registry")
	s.refusedWith("no such registry", s.dumps("/patches/registry", "", map[string]string{"registry": "a b"}), 400, "registry")
	s.refusedWith("no namespace", s.dumps("/patches/namespace", "", map[string]string{}), 400, "namespace")
	s.refusedWith("no such namespace", s.dumps("/patches/namespace", "", map[string]string{"namespace": "Upper"}), 400, "namespace")

	s.applied("large", s.enveloped("large", s.post("/resourcing/cluster/large"), 200), "deployment-web", "statefulset-db")
	expectThat(t, "large", strings.Contains(s.config("deployment-web").Config, "replicas: 4"), s.config("deployment-web").Config)
	s.enveloped("x-large", s.post("/resourcing/cluster/x-large"), 200)
	expectThat(t, "x-large", strings.Contains(s.config("deployment-web").Config, "replicas: 8"), s.config("deployment-web").Config)
	s.enveloped("standard", s.post("/resourcing/cluster/standard"), 200)
	expectThat(t, "standard", strings.Contains(s.config("deployment-web").Config, "replicas: 2"), s.config("deployment-web").Config)
	s.refusedWith("no such size", s.post("/resourcing/cluster/tiny"), 400, "tiny")
}
