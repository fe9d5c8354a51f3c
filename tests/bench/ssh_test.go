package bench

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"yardmaster/executors/sim"
	"yardmaster/executors/sim/simsshd"
	"yardmaster/tests/harness"
)

// address is where the n-th machine behind SSH is reached.
func address(n int) string { return fmt.Sprintf("127.0.1.%d", n) }

// overSSH puts simulated machines, which live in this process, behind SSH listeners and gives the YAML of a server that works
// on them.
func overSSH(b *testing.B, latency time.Duration) string {
	b.Helper()
	world, err := sim.New(sim.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { world.Close() })
	keyFile := filepath.Join(b.TempDir(), "id_ed25519")
	key := newKey(b, keyFile)
	port := harness.FreePort(b)
	for n := 1; n <= nodes; n++ {
		disks := map[string]uint64{}
		for d := range devices {
			disks[device(d)] = deviceGiB << 20
		}
		world.AddNode(address(n), fmt.Sprintf("10.0.0.%d", n), disks)
		s, err := simsshd.Listen(net.JoinHostPort(address(n), fmt.Sprint(port)), world,
			simsshd.Options{Host: simsshd.OneHost(address(n)), Authorized: []ssh.PublicKey{key}, Latency: latency})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
	}
	return fmt.Sprintf("heketi: {max_volumes_per_cluster: -1}\nssh: {port: %d, key_file: %s, host_keys: insecure}", port, keyFile)
}

// newKey makes the server's SSH key.
func newKey(b *testing.B, file string) ssh.PublicKey {
	b.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		b.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		b.Fatal(err)
	}
	return signer.PublicKey()
}
