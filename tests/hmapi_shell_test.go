package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"yardmaster/tests/harness"
)

// shell runs lines of a document as somebody who has a terminal would. Whatever is asked of localhost:8080 is asked of the server.
type shell struct {
	*metrics
	home string
	env  []string
}

// docNamespace is the one that the document's kubectl lines name.
const docNamespace = "metrictank"

// begin starts a server whose user and password are those of the document.
func (s *shell) begin(t testing.TB, plane *harness.Plane, more ...string) {
	t.Helper()
	way := "simulate: true"
	if plane != nil {
		way = "kubeconfig: " + plane.Kubeconfig
	}
	lines := append([]string{"  api_user: user", "  api_password: pass", "  yard: curls"}, more...)
	s.metrics = startMetricsAs(t, &metrics{namespace: docNamespace, plane: plane}, way, lines)
	s.hm = s.hm.As("user", "pass")
	s.home = t.TempDir()
	server, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.write(".curlrc", "connect-to = \"localhost:8080:"+server.Host+"\"\nnoproxy = \"*\"\nmax-time = 180\n", 0o600)
	s.env = []string{"HOME=" + s.home, "CURL_HOME=" + s.home, "PATH=" + s.home + "/bin:" + os.Getenv("PATH")}
	if plane != nil {
		s.env = append(s.env, "KUBECONFIG="+plane.Kubeconfig)
	}
}

func (s *shell) write(name, text string, mode os.FileMode) string {
	s.Helper()
	path := filepath.Join(s.home, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), mode)
	}
	if err != nil {
		s.Fatal(err)
	}
	return path
}

// editor is what "edit FILE" and "kubectl edit" do from now on: replace one text by another.
func (s *shell) editor(old, new string) {
	s.Helper()
	path := s.write("bin/edit", "#!/bin/sh\nexec sed -i 's|"+old+"|"+new+"|' \"$1\"\n", 0o700)
	s.env = append(s.env, "KUBE_EDITOR="+path)
}

// run gives what a line prints. Files of the document lie in the shell's own folder.
func (s *shell) run(line string) string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, jobWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -o pipefail\n"+strings.ReplaceAll(line, "/tmp/", s.home+"/"))
	cmd.Env, cmd.Dir = s.env, s.home
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		s.Fatalf("%s\n%v\n%s%s", line, err, out, problems.String())
	}
	return string(out)
}

// prints wants exactly this.
func (s *shell) prints(line, want string) {
	s.Helper()
	got := strings.TrimSuffix(s.run(line), "\n")
	expectThat(s, line, got == strings.TrimSuffix(want, "\n"), fmt.Sprintf("\n%s\nwant\n%s", got, want))
}

// printsJob wants the id of a job, and waits until it has succeeded.
func (s *shell) printsJob(line, id string) {
	s.Helper()
	s.prints(line, `"`+id+`"`)
	s.ends(1, id, "SUCCEEDED")
}

// printsJSON wants this value, whatever the order of keys.
func (s *shell) printsJSON(line, want string) {
	s.Helper()
	var x, y any
	got := s.run(line)
	if err := json.Unmarshal([]byte(got), &x); err != nil {
		s.Fatalf("%s: %v\n%s", line, err, got)
	}
	if err := json.Unmarshal([]byte(want), &y); err != nil {
		s.Fatal(err)
	}
	if o, is := x.(map[string]any); is {
		delete(o, "jobData")
		delete(y.(map[string]any), "jobData")
	}
	expectThat(s, line, reflect.DeepEqual(x, y), fmt.Sprintf("\n%s\nwant\n%s", got, want))
}

var spaces = regexp.MustCompile(` +`)

// printsBlocks wants all these blocks of a difference among those that are printed, however far they are indented.
func (s *shell) printsBlocks(line string, want ...string) {
	s.Helper()
	got := s.run(line)
	for _, block := range want {
		ok := strings.Contains(spaces.ReplaceAllString(got, " "), spaces.ReplaceAllString(block, " "))
		expectThat(s, line, ok, fmt.Sprintf("\n%s\nand not among it\n%s", got, block))
	}
}
