package gluster

import (
	"regexp"
	"strings"
	"testing"
)

// shapes are what a script may carry, said in another way.
var shapes = []struct {
	name string
	want *regexp.Regexp
	is   func(string) bool
}{
	{"plain word", regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`), plainLetters.spells},
	{"name", regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`), nameShape},
	{"host", regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9])?$`), hostShape},
	{"path", regexp.MustCompile(`^(/[A-Za-z0-9_.:+@=-]+)+$`), pathShape},
}

func FuzzShapes(f *testing.F) {
	long := strings.Repeat("a", 254)
	for _, s := range []string{"", "a", "-", ".", "_", "_a", "a-", "a_", "a b", "a\n", "\xff", "é", "node-1.example", "10.0.0.1", "/", "//", "/a", "/a/", "a/b",
		"/a//b", "/a/b.c", "/a:b@c=d+e", "/a%b", "a,b", "'", long + "a", long + "aa", long + "-", "/" + long + "aa"} {
		f.Add(s)
	}
	for c := range 256 {
		f.Add(string([]byte{'/', byte(c)}))
		f.Add(string([]byte{'a', byte(c), 'a'}))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, shape := range shapes {
			if got, want := shape.is(s), shape.want.MatchString(s); got != want {
				t.Errorf("%q is a %s: %v, want %v", s, shape.name, got, want)
			}
		}
	})
}

func TestIndent(t *testing.T) {
	for in, want := range map[string]string{"": "", "a": "  a", "a\n": "  a\n", "a\nb\n": "  a\n  b\n", "\n": "  \n", "a\n\nb": "  a\n  \n  b"} {
		if got := indent(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
