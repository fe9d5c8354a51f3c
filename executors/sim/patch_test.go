package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeptTextPutsTheNewOneTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ä", "€", "line\n", strings.Repeat("x", 1100)}), 0, 6)
		old, text := strings.Join(words.Draw(t, "old"), ""), strings.Join(words.Draw(t, "new"), "")
		front, behind := kept(old, text)
		between := text[front : len(text)-behind]
		if got := old[:front] + between + old[len(old)-behind:]; got != text {
			t.Fatalf("got %q", got)
		}
		if strings.ToValidUTF8(between, "") != between {
			t.Fatalf("a character is cut: %q", between)
		}
	})
}

// journalSize is the length of a world's journal.
func journalSize(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestLongFileIsJournaledByItsChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "world")
	c := trio(t, Options{File: file})
	for n := range 300 {
		must(t, c, "node1", fmt.Sprintf("echo '/dev/mapper/vg_a-brick_%d /mnt/%d xfs rw,inode64,noatime,nouuid 1 2' >> /etc/fstab", n, n))
	}
	before := journalSize(t, file)
	must(t, c, "node1", "sed -i '/brick_150 /d' /etc/fstab")
	must(t, c, "node1", "echo 'ü at the end' >> /etc/fstab")
	if grown := journalSize(t, file) - before; grown > 1000 {
		t.Errorf("two changed lines took %d bytes", grown)
	}
	want := c.Inventory()
	text, _, _ := play(t, c, "node1", "cat /etc/fstab")
	c.Close()
	again, err := New(Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if diff := diffWorld(want, again.Inventory()); diff != "" {
		t.Error(diff)
	}
	if got, _, _ := play(t, again, "node1", "cat /etc/fstab"); got != text {
		t.Errorf("got %d bytes, want %d", len(got), len(text))
	}
}

func TestChangeOfAMissingTextIsRefused(t *testing.T) {
	for name, line := range map[string]string{
		"no such file": `[{"t":"file","g":"root/node1","n":"/etc/x","f":3,"v":{"Data":"x"}}]`,
		"no file":      `[{"t":"node","g":"","n":"node1","f":3,"v":{"Host":"x"}}]`,
		"too long":     `[{"t":"file","g":"g","n":"/f","v":{"Data":"abc"}},{"t":"file","g":"g","n":"/f","f":2,"b":2,"v":{"Data":"x"}}]`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "world")
			if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := New(Options{File: file}); err == nil || !strings.Contains(err.Error(), "line 1") {
				t.Errorf("got %v", err)
			}
		})
	}
}
