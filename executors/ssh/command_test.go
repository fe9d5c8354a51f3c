package ssh

import (
	"os/exec"
	"strings"
	"testing"
)

func TestALongScriptComesThroughTheInput(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		sudo   bool
		prefix string
		input  bool
	}{
		"short":              {script: "true", prefix: "/bin/bash -c 'true'"},
		"short, sudo":        {script: "true", sudo: true, prefix: "sudo -n /bin/bash -c 'true'"},
		"long":               {script: strings.Repeat("x", inline), prefix: "/bin/bash -s", input: true},
		"long, sudo":         {script: strings.Repeat("x", inline), sudo: true, prefix: "sudo -n /bin/bash -s", input: true},
		"long by its quotes": {script: strings.Repeat("'", inline/3), prefix: "/bin/bash -s", input: true},
	} {
		t.Run(name, func(t *testing.T) {
			command, input := compose(c.script, c.sudo)
			if !strings.HasPrefix(command, c.prefix) || (input != "") != c.input || len(command) > inline {
				t.Errorf("command of %d bytes %.40q, input of %d bytes", len(command), command, len(input))
			}
		})
	}
}

func TestOfAScriptThatWasCutOffNothingRuns(t *testing.T) {
	_, input := compose("echo begun\n"+strings.Repeat("#", inline), false)
	for _, cut := range []int{len("{\necho begun\n"), len(input) / 2, len(input) - len("}\n")} {
		c := exec.Command("/bin/bash", "-s")
		c.Stdin = strings.NewReader(input[:cut])
		if out, err := c.Output(); err == nil || len(out) > 0 {
			t.Errorf("cut at %d: %q, %v", cut, out, err)
		}
	}
}

func FuzzQuotedComesBackFromTheShell(f *testing.F) {
	for _, seed := range []string{"", "plain", "it's", "'", "''", `\'`, "$HOME `id` \"x\" !!", "two\nlines\n", "\xff\x01", "-n", "ü €"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) || len(text) > inline {
			t.Skip("no script")
		}
		got, err := exec.Command("/bin/bash", "-c", "printf %s "+quoted(text)).Output()
		if err != nil || string(got) != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	})
}
