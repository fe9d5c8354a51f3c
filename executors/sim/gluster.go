package sim

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// glusterCall is one gluster command: its words without the standing flags.
type glusterCall struct {
	*call
	n     *node
	words []string
	xml   bool
	force bool // the last word was "force"
}

// xmlErrno is the error number that gluster gives nearly every refusal.
const xmlErrno = 30800

func gluster(c *call) int {
	g := &glusterCall{call: c, n: c.node()}
	for _, a := range c.args {
		switch {
		case a == "--xml":
			g.xml = true
		case strings.HasPrefix(a, "--mode="), strings.HasPrefix(a, "--timeout="), a == "--wignore", a == "--nolog":
		case a == "--version":
			c.printf("glusterfs 10.3\n")
			return 0
		default:
			g.words = append(g.words, a)
		}
	}
	if !g.n.glusterd() {
		return c.fail(1, "Connection failed. Please check if gluster daemon is operational.")
	}
	if n := len(g.words); n > 0 && g.words[n-1] == "force" {
		g.words, g.force = g.words[:n-1], true
	}
	verb := g.word(0)
	switch verb {
	case "peer":
		return g.peer()
	case "pool":
		return g.poolList()
	case "volume", "vol", "v":
		return g.volume()
	case "snapshot":
		return g.snapshot()
	}
	return g.unknown()
}

func (g *glusterCall) word(i int) string {
	if i < len(g.words) {
		return g.words[i]
	}
	return ""
}

func (g *glusterCall) unknown() int {
	words := g.words
	return g.fail(1, "unrecognized word: %s (position 0)\n\n Usage: gluster [options] <help> <peer> <pool> <volume>", strings.Join(words, " "))
}

// refuse gives a reason as gluster does: on standard error with status 1, or as XML with status 0.
func (g *glusterCall) refuse(what, format string, args ...any) int {
	reason := fmt.Sprintf(format, args...)
	if g.xml {
		return g.answerXML(-1, xmlErrno, reason, "")
	}
	return g.fail(1, "%s: failed: %s", what, reason)
}

// done says that a command succeeded, in words or with an XML body.
func (g *glusterCall) done(words, body string) int {
	if g.xml {
		return g.answerXML(0, 0, "", body)
	}
	g.printf("%s\n", words)
	return 0
}

func (g *glusterCall) answerXML(ret, errno int, reason, body string) int {
	str := "<opErrstr/>"
	if reason != "" {
		str = element("opErrstr", reason)
	}
	g.printf("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<cliOutput>\n  <opRet>%d</opRet>\n  <opErrno>%d</opErrno>\n  %s\n", ret, errno, str)
	if body != "" {
		g.printf("  %s\n", body)
	}
	g.printf("</cliOutput>\n")
	return 0
}

func escape(s string) string {
	var out strings.Builder
	xml.EscapeText(&out, []byte(s)) // a strings.Builder takes everything
	return out.String()
}

func element(name, text string) string { return "<" + name + ">" + escape(text) + "</" + name + ">" }

// elements makes <a>1</a><b>2</b> of "a", 1, "b", 2.
func elements(pairs ...any) string {
	var out strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		out.WriteString(element(fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])))
	}
	return out.String()
}

// members gives the nodes of a trusted pool, ordered.
func (w *world) members(pool string) []*node {
	var out []*node
	for _, n := range w.nodes.all("") {
		if n.Pool == pool {
			out = append(out, n)
		}
	}
	return out
}

// peersDown tells whether any node of the caller's pool cannot answer.
func (g *glusterCall) peersDown() bool {
	for _, n := range g.w.nodes.groups[""] {
		if n.Pool == g.n.Pool && !n.glusterd() {
			return true
		}
	}
	return false
}
