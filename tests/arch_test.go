package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wall says which packages of ours a package may import. Names are import paths below the module, "main" for its root, in the
// form of path.Match; the first row that matches a package counts, and a package that no row matches is refused.
type wall struct {
	pkg string
	may []string
}

var walls = []wall{
	{"main", []string{"*", "*/*", "*/*/*"}},
	{"client", nil},
	{"auth", nil},
	{"server", []string{"auth", "server/rest"}},
	{"server/rest", []string{"auth"}},
	{"server/config", nil},
	{"server/*", []string{"auth", "server/rest", "jobs", "jobs/volumes", "jobs/pools", "jobs/accounts", "jobs/events", "jobs/configs", "jobs/instances", "store", "store/events"}},
	{"jobs", []string{"jobs/queue", "store"}},
	{"jobs/queue", nil},
	{"jobs/volumes", []string{"jobs", "jobs/volumes/placement", "store", "store/events", "executors", "executors/*"}},
	{"jobs/pools", []string{"jobs", "jobs/pools/plan", "store", "executors", "executors/vm"}},
	{"jobs/accounts", []string{"store"}},
	{"jobs/events", []string{"jobs", "jobs/events/notice", "jobs/events/lifecycle", "jobs/events/report", "store", "store/events", "executors/amqp"}},
	{"jobs/configs", []string{"jobs", "jobs/configs/materialize", "jobs/configs/bundle", "store", "executors/kube"}},
	{"jobs/instances", []string{"jobs", "jobs/instances/expand", "store", "executors/kube", "executors/backend"}},
	{"jobs/*/*", nil},
	{"store", []string{"store/kv"}},
	{"store/kv", nil},
	{"store/events", []string{"store/kv"}},
	{"executors", nil},
	{"executors/kafka", []string{"executors", "executors/backend"}},
	{"executors/cassandra", []string{"executors", "executors/backend"}},
	{"executors/*", []string{"executors"}},
	{"executors/sim/rabbit", []string{"executors", "executors/sim/standstill", "executors/sim/ports"}},
	{"executors/sim/*", []string{"executors", "executors/sim"}},
	{"executors/backend/*", []string{"executors", "executors/backend", "executors/backend/backendtest"}},
	{"executors/kube/*", []string{"executors", "executors/kube", "executors/kube/kubetest"}},
	{"executors/vm/*", []string{"executors", "executors/vm", "executors/vm/vmtest"}},
	// The black box: it builds the program and talks to it, and brings the machines that the program works on.
	{"tests", []string{"client", "executors", "executors/sim", "executors/sim/*", "tests/*"}},
	{"tests/*", []string{"client", "executors", "executors/sim", "executors/sim/*", "tests/*"}},
}

// testsMay is what the tests of any package may import beside what it may itself: machines to test against, and what main
// would have wired a domain with.
var testsMay = []string{"executors", "executors/*", "executors/sim/*", "executors/vm/*", "executors/kube/*", "executors/backend/*", "jobs/queue", "jobs/volumes/placement", "jobs/pools/plan"}

// doors names, for every module of others, the packages of ours that may import it. A module that has no row may not be used.
var doors = map[string][]string{
	"go.etcd.io/bbolt":                            {"store/kv"},
	"github.com/gorilla/mux":                      {"server/rest"},
	"github.com/hibiken/asynq":                    {"jobs/queue"},
	"github.com/redis/go-redis/v9":                {"jobs/queue", "executors/redis"}, // the yard's own; a predecessor's, to be read once
	"github.com/alicebob/miniredis/v2":            {"jobs/queue"},
	"github.com/yuin/gopher-lua":                  {"jobs/queue"},
	"golang.org/x/crypto/ssh":                     {"executors/ssh", "executors/sim/simsshd"},
	"golang.org/x/crypto/bcrypt":                  {"auth"},
	"github.com/go-ldap/ldap/v3":                  {"auth"},
	"github.com/vmware/govmomi":                   {"executors/vm/vsphere"},
	"github.com/golang-jwt/jwt/v5":                {"auth"},
	"github.com/rabbitmq/amqp091-go":              {"executors/amqp"},
	"github.com/klauspost/compress":               {"store/events"},
	"github.com/robfig/cron/v3":                   {"jobs/events"},
	"go.yaml.in/yaml/v3":                          {"server/config"},
	"k8s.io/client-go":                            {"executors/kube", "executors/kube/*"},
	"k8s.io/api":                                  {"executors/kube", "executors/kube/*"},
	"k8s.io/apimachinery":                         {"executors/kube", "executors/kube/*"},
	"sigs.k8s.io/structured-merge-diff":           {"executors/kube", "executors/kube/*"},
	"sigs.k8s.io/yaml":                            {"jobs/configs/materialize", "jobs/instances/expand", "executors/kube"},
	"sigs.k8s.io/kustomize/kyaml":                 {"jobs/configs/materialize"},
	"github.com/evanphx/json-patch/v5":            {"jobs/configs/materialize"},
	"github.com/aymanbagabas/go-udiff":            {"jobs/configs/materialize"},
	"github.com/twmb/franz-go":                    {"executors/kafka"},
	"github.com/apache/cassandra-gocql-driver/v2": {"executors/cassandra"},
	"mvdan.cc/sh/v3":                              {"executors/sim"},
	"github.com/prometheus/client_golang":         {"main", "server", "server/heketi", "server/vmpooler"},
	"golang.org/x/sync":                           {"*", "*/*", "*/*/*"},
	"golang.org/x/time":                           {"*", "*/*", "*/*/*"},
}

// testDoors are the modules for tests alone.
var testDoors = map[string][]string{
	"go.uber.org/goleak":             {"*", "*/*", "*/*/*"},
	"pgregory.net/rapid":             {"*", "*/*", "*/*/*"},
	"github.com/google/go-cmp":       {"*", "*/*", "*/*/*"},
	"golang.org/x/crypto/ssh":        {"tests/*", "executors/ssh", "executors/sim/simsshd"},
	"github.com/redis/go-redis/v9":   {"tests", "tests/*"},
	"github.com/rabbitmq/amqp091-go": {"tests", "tests/*"},
	"go.yaml.in/yaml/v3":             {"tests", "tests/*", "server/heketi", "server/vmpooler"},
}

// pure packages are given time, ids and files by their callers. What they draw by lot they draw with a seed.
var pure = []string{"store", "store/kv", "store/events", "jobs/*/*"}

// opensFiles are the pure packages that exist to open one.
var opensFiles = []string{"store/kv"}

var forbidden = map[string][]string{
	"time":         {"Now", "Since", "Until"},
	"math/rand":    {"*"},
	"math/rand/v2": {"Int", "IntN", "Int32", "Int32N", "Int64", "Int64N", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN", "Uint", "N", "Float32", "Float64", "ExpFloat64", "NormFloat64", "Perm", "Shuffle"},
	"crypto/rand":  {"*"},
	"os":           {"*"},
}

// top is everything that the root of the repository may hold beside dot files.
var top = []string{"main.go", "serve.go", "wiring.go", "commands.go", "pools.go", "users.go", "import.go", "events.go", "cloud.go", "report.go", "platform.go", "platform_test.go", "instances.go", "demo.go", "instant.go", "server", "store", "jobs", "executors", "auth", "client", "docs", "tests", "go.mod", "go.sum",
	"Dockerfile", "compose.yaml", "README.md", "LICENSE", "yardmaster.example.yaml"}

const module = "yardmaster"

type goPackage struct {
	ImportPath, Dir                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

func (p goPackage) name() string { return short(p.ImportPath) }

// short is an import path of ours as the tables write it; "" if it is of others.
func short(importPath string) string {
	if importPath == module {
		return "main"
	}
	name, ours := strings.CutPrefix(importPath, module+"/")
	if !ours {
		return ""
	}
	return name
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-tags", "e2e", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}

func TestPackagesImportOnlyWhatTheirWallLetsThrough(t *testing.T) {
	for _, p := range listPackages(t) {
		i := slices.IndexFunc(walls, func(w wall) bool { return matches([]string{w.pkg}, p.name()) })
		if i < 0 {
			t.Errorf("%s: no wall is drawn for this package; say in the table what it may import", p.name())
			continue
		}
		may := walls[i].may
		for _, imported := range ours(p.Imports) {
			if !matches(may, imported) {
				t.Errorf("%s imports %s", p.name(), imported)
			}
		}
		for _, imported := range ours(append(p.TestImports, p.XTestImports...)) {
			if imported != p.name() && !matches(may, imported) && !matches(testsMay, imported) {
				t.Errorf("the tests of %s import %s", p.name(), imported)
			}
		}
	}
}

func ours(imports []string) []string {
	var out []string
	for _, i := range imports {
		if name := short(i); name != "" {
			out = append(out, name)
		}
	}
	return out
}

func TestEveryForeignModuleHasOneDoor(t *testing.T) {
	for _, p := range listPackages(t) {
		if matches([]string{"tests", "tests/*"}, p.name()) {
			p.TestImports, p.Imports = append(p.TestImports, p.Imports...), nil
		}
		for _, imported := range p.Imports {
			if foreign(imported) && !open(doors, imported, p.name()) {
				t.Errorf("%s imports %s, which is not its door", p.name(), imported)
			}
		}
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			if foreign(imported) && !open(doors, imported, p.name()) && !open(testDoors, imported, p.name()) {
				t.Errorf("the tests of %s import %s, which is not their door", p.name(), imported)
			}
		}
	}
}

// foreign: of neither ours nor the standard library.
func foreign(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return strings.Contains(first, ".")
}

func open(table map[string][]string, importPath, pkg string) bool {
	for of, through := range table {
		if (importPath == of || strings.HasPrefix(importPath, of+"/")) && matches(through, pkg) {
			return true
		}
	}
	return false
}

func TestPurePackagesAreGivenTimeChanceAndFiles(t *testing.T) {
	for _, p := range listPackages(t) {
		if !matches(pure, p.name()) {
			continue
		}
		for _, file := range p.GoFiles {
			for _, use := range impureUses(t, filepath.Join(p.Dir, file), matches(opensFiles, p.name())) {
				t.Errorf("%s/%s uses %s", p.name(), file, use)
			}
		}
	}
}

func impureUses(t *testing.T, file string, mayOpen bool) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	local := map[string]string{} // name in this file -> import path
	var found []string
	for _, spec := range tree.Imports {
		importPath, _ := strconv.Unquote(spec.Path.Value)
		names, watched := forbidden[importPath]
		if !watched || importPath == "os" && mayOpen {
			continue
		}
		if names[0] == "*" {
			found = append(found, importPath)
			continue
		}
		name := path.Base(strings.TrimSuffix(importPath, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		local[name] = importPath
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(forbidden[local[x.Name]], sel.Sel.Name) {
				found = append(found, x.Name+"."+sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

func TestTheTopLevelHoldsNothingElse(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(top, e.Name()) && !ignored(t, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}

// ignored: what a build left there, and git knows of. Outside a checkout nothing is.
func ignored(t *testing.T, name string) bool {
	t.Helper()
	cmd := exec.Command("git", "check-ignore", "-q", name)
	cmd.Dir = ".."
	return cmd.Run() == nil
}
