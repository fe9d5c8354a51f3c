//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// mounted is a volume on this machine, over FUSE.
type mounted struct {
	t   *testing.T
	dir string
}

const mountLimit = 2 * time.Minute

// mount mounts a volume from a node, as the server tells clients to.
func (s *site) mount(volume string) mounted {
	s.t.Helper()
	m := mounted{s.t, s.t.TempDir()}
	begin := time.Now()
	if out, err := command("mount", "-t", "glusterfs", s.nodes.Nodes[0].Name+":/"+volume, m.dir); err != nil {
		s.t.Fatalf("mount %s: %v\n%s", volume, err, out)
	}
	s.times.add("mount over FUSE", time.Since(begin))
	s.t.Cleanup(m.unmount)
	return m
}

// unmount may be called again.
func (m mounted) unmount() {
	if _, err := command("mountpoint", "-q", m.dir); err != nil {
		return
	}
	if out, err := command("umount", m.dir); err != nil {
		m.t.Errorf("unmount: %v\n%s", err, out)
		_, _ = command("umount", "-l", m.dir) // so that the folder can be removed
	}
}

func command(name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), mountLimit)
	defer cancel()
	return exec.CommandContext(ctx, name, args...).CombinedOutput()
}

// write puts a file of 16 MiB there and gives its sum, once it is on the bricks.
func (m mounted) write(name string) [sha256.Size]byte {
	m.t.Helper()
	content := make([]byte, 16<<20)
	rand.Read(content)
	f, err := os.Create(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		m.t.Fatalf("write: %v", err)
	}
	if err := f.Close(); err != nil {
		m.t.Fatalf("write: %v", err)
	}
	return sha256.Sum256(content)
}

// holds requires that the file is there with that content.
func (m mounted) holds(name string, sum [sha256.Size]byte) {
	m.t.Helper()
	content, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Errorf("read: %v", err)
		return
	}
	if got := sha256.Sum256(content); !bytes.Equal(got[:], sum[:]) {
		m.t.Errorf("%s has changed", name)
	}
}
