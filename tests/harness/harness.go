// Package harness runs the real program for black-box tests: it builds the binary, starts it in a folder of its own, talks
// only HTTP and signals to it, and stops all it started when the test ends. It imports nothing of the server's, so that a
// test can know only what a user can know.
package harness

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Main is the body of a TestMain: it runs the tests, looks for goroutines that nobody waited for and removes the binary.
func Main(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if dir, err := built(); err == nil && dir != "" {
			os.RemoveAll(filepath.Dir(dir))
		}
		os.Exit(code)
	}))
}

var binary struct {
	once sync.Once
	path string
	err  error
}

// built gives the binary if one was made, and makes none.
func built() (string, error) {
	binary.once.Do(func() {})
	return binary.path, binary.err
}

// Binary is the path of the program, built once for all tests of this process, with the race detector if they have it.
func Binary(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() { binary.path, binary.err = build() })
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

func build() (string, error) {
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
	args := []string{"build", "-o", path}
	if Race {
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
