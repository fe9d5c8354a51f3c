package tests

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"yardmaster/tests/harness"
)

// object is one object of the release, by its name.
func object(name string) string {
	for doc := range strings.SplitSeq(release, "---\n") {
		if strings.Contains(doc, "\n  name: "+name+"\n") {
			return doc
		}
	}
	panic("the release has no " + name)
}

type baseConfig struct {
	Object   string `json:"object_name"`
	Version  string `json:"version"`
	Previous string `json:"previous_version"`
	State    string `json:"state"`
	Config   string `json:"config"`
	Metadata string `json:"metadata"`
}

func (s *site) bases(query string) []baseConfig {
	s.Helper()
	var data struct{ BaseConfigs []baseConfig }
	s.ok(query, s.enveloped("GET /base_configs"+query, s.get("/base_configs"+query), http.StatusOK).Into(&data))
	return data.BaseConfigs
}

func deployReleases(t *testing.T, on place) {
	s := on(t)
	expect(t, "nothing yet", strings.TrimSpace(s.get("/base_configs/versions").Body), `{"baseConfigVersions":[]}`)
	files := []archived{{"web/deployment.yaml", object("deployment-web")}, {"web/service.yml", object("service-web")}, {"README.md", "read me"}}
	e := s.enveloped("zip", s.file("/base_configs", "configs.zip", zipped(t, files...), map[string]string{"release_version": "23.01.0"}), 200)
	s.applied("zip", e, "deployment-web", "service-web")
	files[0].text = strings.ReplaceAll(files[0].text, "web:1", "web:2")
	e = s.enveloped("tar.gz", s.file("/base_configs", "configs.tar.gz", tarred(t, files[:1]...), map[string]string{"release_version": "23.01.10"}), 200)
	s.applied("tar.gz", e, "deployment-web")
	e = s.enveloped("form", s.form("/base_configs", "release_version", "23.01.2", "base_config", object("hot-configs")+"---\n"+object("secret-store")), 200)
	s.applied("form", e, "hot-configs", "secret-store")

	var versions struct {
		All []struct {
			Object   string   `json:"objectName"`
			Versions []string `json:"Versions"`
		} `json:"baseConfigVersions"`
	}
	s.ok("versions", s.get("/base_configs/versions").JSON(&versions))
	got := map[string]string{}
	for _, v := range versions.All {
		got[v.Object] = fmt.Sprint(v.Versions)
	}
	expect(t, "versions of all", fmt.Sprint(got), "map[deployment-web:[23.01.0 23.01.10] hot-configs:[23.01.2] secret-store:[23.01.2] service-web:[23.01.0]]")
	expect(t, "versions of one", strings.TrimSpace(s.get("/base_configs/deployment-web/versions").Body), `{"versions":["23.01.0","23.01.10"]}`)
	s.inWords("versions of none", s.get("/base_configs/nobody/versions"), 404, "nobody")

	expect(t, "all base configs", len(s.bases("")), 5)
	expect(t, "those of a version", len(s.bases("?version=23.01.0")), 2)
	one := s.bases("?version=23.01.10&object=deployment-web")
	if len(one) != 1 {
		t.Fatalf("%+v", one)
	}
	expect(t, "object", one[0].Object, "deployment-web")
	expect(t, "version", one[0].Version, "23.01.10")
	expect(t, "previous version", one[0].Previous, "23.01.0")
	expect(t, "state", one[0].State, "IS_GOLDEN")
	expect(t, "type", typeOf(t, one[0].Metadata), "Deployment")
	expectThat(t, "config", strings.Contains(one[0].Config, "gcr.io/vendor/web:2"), one[0].Config)

	var data struct {
		Upgrades []struct {
			Version          string
			Creators         []string
			Updated, Created int64
		}
	}
	s.ok("history", s.enveloped("history", s.get("/base_configs/history"), 200).Into(&data))
	var order []string
	for _, u := range data.Upgrades {
		order = append(order, u.Version)
		expect(t, "creators of "+u.Version, fmt.Sprint(u.Creators), "[the-admin]")
	}
	expect(t, "newest release first", fmt.Sprint(order), "[23.01.10 23.01.2 23.01.0]")
	s.ok("page", s.enveloped("page", s.get("/base_configs/history?limit=1&offset=1"), 200).Into(&data))
	expectThat(t, "page", len(data.Upgrades) == 1 && data.Upgrades[0].Version == "23.01.2", data.Upgrades)
	for _, bad := range []string{"limit=ten", "limit=-1", "offset=x", "limit=0"} {
		s.refusedWith(bad, s.get("/base_configs/history?"+bad), 400, strings.SplitN(bad, "=", 2)[0])
	}
	again := s.enveloped("the same once more", s.form("/base_configs", "release_version", "23.01.2", "base_config", object("hot-configs")), 200)
	s.applied("the same once more", again, "hot-configs")
}

func deployRefusals(t *testing.T, on place) {
	s := on(t)
	upload := func(pairs ...string) func() (int, string) {
		return func() (int, string) { a := s.form("/base_configs", pairs...); return a.Status, a.Body }
	}
	web := object("deployment-web")
	for what, tt := range map[string]struct {
		send func() (int, string)
		told string
	}{
		"no release":       {upload("base_config", web), "release_version"},
		"no config":        {upload("release_version", "1"), "base_config"},
		"an odd release":   {upload("release_version", "a b", "base_config", web), "release_version"},
		"broken YAML":      {upload("release_version", "1", "base_config", web+"---\na: [\n"), "line"},
		"no kind":          {upload("release_version", "1", "base_config", "apiVersion: v1\nmetadata: {name: x}\n"), "kind"},
		"no name":          {upload("release_version", "1", "base_config", "apiVersion: v1\nkind: ConfigMap\n"), "name"},
		"an unknown value": {upload("release_version", "1", "base_config", strings.ReplaceAll(web, "web:1", "{{TAG}}")), "TAG"},
		"a reserved name":  {upload("release_version", "1", "base_config", strings.ReplaceAll(object("hot-configs"), "hot-configs", "search")), "search"},
		"one object twice": {upload("release_version", "1", "base_config", web+"---\n"+web), "twice"},
		"a body without form": {func() (int, string) {
			a := s.dumps("/base_configs", "application/json", []string{"x"})
			return a.Status, a.Body
		}, "object"},
	} {
		status, body := tt.send()
		expect(t, what, status, 400)
		expectThat(t, what, strings.Contains(body, tt.told), body)
	}
	for name, content := range map[string][]byte{"broken.zip": []byte("PK\x03\x04 and no more"), "empty.zip": zipped(t), "outside.zip": zipped(t, archived{"../../etc/web.yaml", web})} {
		s.refusedWith(name, s.file("/base_configs", name, content, map[string]string{"release_version": "1"}), 400, "invalid: ")
	}
	expect(t, "nothing was stored", strings.TrimSpace(s.get("/configs").Body), `{"configs":[]}`)
	expect(t, "nor noted", len(s.bases("")), 0)
}

func deployAsync(t *testing.T, on place) {
	s := on(t)
	a := s.file("/base_configs/upload", "configs.zip", zipped(t, archived{"web.yaml", object("deployment-web")}), map[string]string{"release_version": "21.x.0"})
	var begun struct {
		Data       struct{ RequestID string }
		StatusCode int `json:"status_code"`
	}
	expect(t, "upload", a.Status, 200)
	s.ok("upload", a.JSON(&begun))
	expect(t, "status_code", begun.StatusCode, 200)
	expectThat(t, "RequestID", begun.Data.RequestID != "", a.Body)
	harness.Eventually(t, pushWithin, "the upload is over", func() bool {
		a = s.get("/base_configs/upload/" + begun.Data.RequestID)
		expectThat(t, "status", a.Status == 200 || a.Status == 202, a.Body)
		return a.Status == 200
	})
	s.applied("its end", s.enveloped("its end", a, 200), "deployment-web")
	s.refusedWith("no such upload", s.get("/base_configs/upload/1a2b3c"), 404, "1a2b3c")
	s.inWords("refused", s.form("/base_configs/upload", "base_config", object("deployment-web")), 400, "release_version")
	s.inWords("refused", s.form("/base_configs/upload", "release_version", "1", "base_config", "kind: ["), 400, "base_config")
}

func deployImages(t *testing.T, on place) {
	s := installed(t, on)
	expect(t, "containers", string(s.enveloped("containers", s.get("/base_configs/deployment-web/containers"), 200).Data), `["web","stats-collector"]`)
	s.refusedWith("containers of no workload", s.get("/base_configs/service-web/containers"), 400, "service-web")
	s.refusedWith("containers of nothing", s.get("/base_configs/nobody/containers"), 404, "nobody")

	e := s.enveloped("image", s.form("/base_configs/image", "image", "gcr.io/vendor/web:1-fix", "object", "deployment-web", "comment", "numpy-package-update"), 200)
	s.applied("image", e, "deployment-web")
	expect(t, "release", s.config("deployment-web").Release, "23.01.0-numpy-package-update")
	expectThat(t, "image", strings.Contains(s.config("deployment-web").Config, "gcr.io/vendor/web:1-fix"), s.config("deployment-web").Config)
	e = s.enveloped("other container", s.dumps("/base_configs/image", "application/x-www-form-urlencoded",
		map[string]string{"image": "gcr.io/vendor/stats:9", "object": "deployment-web", "comment": "b", "container": "stats-collector"}), 200)
	s.applied("other container", e, "deployment-web")
	c := s.config("deployment-web").Config
	expectThat(t, "both images", strings.Contains(c, "stats:9") && strings.Contains(c, "web:1-fix"), c)
	for what, pairs := range map[string][]string{
		"comment":   {"image", "x:1", "object", "deployment-web", "comment", "no blanks"},
		"too long":  {"image", "x:1", "object", "deployment-web", "comment", strings.Repeat("c", 41)},
		"image":     {"object", "deployment-web", "comment", "c"},
		"object":    {"image", "x:1", "comment", "c"},
		"container": {"image", "x:1", "object", "deployment-web", "comment", "c", "container", "nobody"},
	} {
		s.refusedWith("image without good "+what, s.form("/base_configs/image", pairs...), 400)
	}
	s.refusedWith("image of nothing", s.form("/base_configs/image", "image", "x:1", "object", "nobody", "comment", "c"), 404, "nobody")
	expectThat(t, "time is told", s.config("deployment-web").TimestampMS > time.Now().Add(-time.Hour).UnixMilli(), s.config("deployment-web").TimestampMS)
}
