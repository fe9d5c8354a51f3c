// Package harness runs the real program for black-box tests: it builds the binary, starts it in a folder of its own, talks
// only HTTP and signals to it, and stops all it started when the test ends. It imports nothing of the server's, so that a
// test can know only what a user can know.
package harness

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Main is the body of a TestMain: it runs the tests, looks for goroutines that nobody waited for, ends what the tests shared and removes
// the binaries.
func Main(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		endControlPlane()
		for _, b := range built() {
			os.RemoveAll(filepath.Dir(b.path))
		}
		os.Exit(code)
	}))
}

// binary is the program, built once for all tests of a process.
type binary struct {
	path string
	err  error
}

// binaries are those that were built, by their build tags.
var binaries struct {
	sync.Mutex
	of map[string]binary
}

// built gives the binaries that there are, and makes none.
func built() []binary {
	binaries.Lock()
	defer binaries.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(binaries.of)), func(b binary) bool { return b.path == "" })
}

// AsShipped has the program built without the race detector, whatever the tests have: for those that are about what it does under
// load, which the detector multiplies. To be called before the first test.
func AsShipped() { asShipped = true }

var asShipped bool

// Binary is the path of the program, built once for all tests of this process, with the race detector if they have it.
func Binary(t testing.TB) string {
	t.Helper()
	return tagged(t, "")
}

// tagged is the program built with build tags.
func tagged(t testing.TB, tags string) string {
	t.Helper()
	binaries.Lock()
	defer binaries.Unlock()
	b, ok := binaries.of[tags]
	if !ok {
		b.path, b.err = build(tags)
		if binaries.of == nil {
			binaries.of = map[string]binary{}
		}
		binaries.of[tags] = b
	}
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

func build(tags string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := touchSources(root); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "yardmaster-tests-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "yardmaster")
	args := []string{"build", "-tags", tags, "-o", path}
	if Race && !asShipped {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

// Root is the folder of go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the working folder")
		}
		dir = up
	}
	return "", err
}

// touchSources looks at every source of the program: go test takes a result from its cache unless a file that the test looked at
// has changed, and does not see what a build looks at.
func touchSources(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			_, err = os.Stat(path)
		}
		return err
	})
}
