package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingTouchesTheRealMachine tries every way out of the simulated shell that bash would take.
func TestNothingTouchesTheRealMachine(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("real\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := trio(t, Options{})
	for _, script := range []string{
		"cat " + secret, "echo $(<" + secret + ")", "read x < " + secret + "; echo $x", "echo " + dir + "/*et", "ls " + dir,
		"test -e " + secret + " && echo real", "[ -r " + secret + " ] && echo real", "[[ -f " + secret + " ]] && echo real", "cd " + dir + " && echo real",
		"type " + secret + " && echo real", "command -v " + secret, "command " + secret, ". " + secret, "source " + secret, "exec " + secret,
		"builtin source " + secret, "eval '. " + secret + "'", secret, "bash " + secret, "bash -c '. " + secret + "'", "mapfile x < " + secret + "; echo $x",
		"test -O " + secret + " && echo real", "sed p " + secret, "awk '{print $1}' " + secret, "find " + dir + " -name '*et'", "cp " + secret + " /tmp/x && cat /tmp/x",
		"xargs cat <<< " + secret, "env cat " + secret, "timeout 5 cat " + secret, "sudo -n cat " + secret, "grep real " + secret,
	} {
		out, _, _ := play(t, c, "node1", script)
		if strings.Contains(out, "real") || strings.Contains(out, secret) {
			t.Errorf("%s: %q", script, out)
		}
	}
	made := filepath.Join(dir, "made")
	fifo := filepath.Join(os.TempDir(), "sh-interp-yardmaster-test")
	for _, script := range []string{
		"echo x > " + made, "mkdir -p " + made, "touch " + made, "echo x | tee " + made, "mkdir -p " + dir + "; echo x > " + made,
		`awk 'BEGIN {print "x" >> "` + made + `"}'`, "echo x > " + fifo, "TMPDIR=/tmp; echo x > " + fifo, "rm -rf " + secret, "mv " + secret + " " + made,
	} {
		play(t, c, "node1", script)
	}
	for _, name := range []string{made, fifo} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was made", name)
			os.Remove(name)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

func TestRunawayScriptsEnd(t *testing.T) {
	c := trio(t, Options{})
	for name, script := range map[string]string{
		"recursion":        "f() { f; }; f",
		"endless commands": "while true; do :; done",
		"nested shells":    `s='bash -c "$s"'; export s; bash -c "$s"`,
		"nested eval":      `e='eval "$e"'; eval "$e"`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, exit := play(t, c, "node1", script); exit == 0 {
				t.Error("it ended well")
			}
		})
	}
}
