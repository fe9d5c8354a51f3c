package kube_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"yardmaster/executors/kube"
)

const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: green}\n"

func parse(t testing.TB, text string) kube.Manifest {
	t.Helper()
	m, err := kube.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// user is the kubeconfig of one who may do nothing yet.
func (p *plane) user(t testing.TB, name string) string {
	t.Helper()
	text, err := exec.Command(p.cmd.Path, "kubeconfig", "--dir", p.dir, "--user", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAUserWithoutRightsIsTold(t *testing.T) {
	p := control(t)
	b := look(t, p)
	c := connect(t, kube.Options{Kubeconfig: p.user(t, "nobody-"+b.namespace), Namespace: b.namespace, Yard: "one", Timeout: requestTime})
	m := parse(t, settings)
	if _, err := c.Apply(t.Context(), m, kube.ApplyOptions{}); !errors.Is(err, kube.ErrForbidden) {
		t.Errorf("apply: %v", err)
	}
	found, err := c.Scan(t.Context(), []kube.Manifest{m}, nil)
	if err != nil || found[m.ID()].Skipped == "" {
		t.Errorf("scan: %+v, %v", found, err)
	}
	if refs, err := c.Owned(t.Context()); err != nil || len(refs) != 0 {
		t.Errorf("owned: %v, %v", refs, err)
	}
}

func TestAUserOfOneNamespaceSeesWhatIsHis(t *testing.T) {
	p := control(t)
	b := look(t, p)
	name := "keeper-" + b.namespace
	b.create(t, "kubectl-create", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: keeper}\n"+
		"rules:\n- {apiGroups: [\"\"], resources: [configmaps, secrets], verbs: [get, list, create, patch, delete]}\n")
	b.create(t, "kubectl-create", fmt.Sprintf("apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: keeper}\n"+
		"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: keeper}\n"+
		"subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: %s}]\n", name))
	c := connect(t, kube.Options{Kubeconfig: p.user(t, name), Namespace: b.namespace, Yard: "one", Timeout: requestTime})
	m := parse(t, settings)
	eventually(t, "the role is in force", func() bool {
		_, err := c.Apply(t.Context(), m, kube.ApplyOptions{})
		if err != nil && !errors.Is(err, kube.ErrForbidden) {
			t.Fatal(err)
		}
		return err == nil
	})
	found, err := c.Scan(t.Context(), []kube.Manifest{m}, nil)
	if err != nil || !found[m.ID()].Clean() {
		t.Errorf("scan: %+v, %v", found, err)
	}
	refs, err := c.Owned(t.Context())
	want := m.Ref
	want.Namespace = b.namespace
	if err != nil || !slices.Equal(refs, []kube.Ref{want}) {
		t.Errorf("owned: %v, %v", refs, err)
	}
}
