package gluster

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// ErrName refuses a name, a host or a path that no script may carry. Nothing can be on a machine under it.
var ErrName = errors.New("invalid name")

// Every script is made of dozens of words, each of which is looked at: so no regular expressions, which took longer than all
// else about a script.

// alphabet is a set of bytes.
type alphabet [256]bool

func letters(more string) *alphabet {
	var a alphabet
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + more) {
		a[c] = true
	}
	return &a
}

var (
	plainLetters = letters("_@%+=:,./-")
	nameBegins   = letters("_")
	nameLetters  = letters("_.-")
	hostEnds     = letters("")
	pathLetters  = letters("_.:+@=-")
)

// spells reports whether s is made of a alone, and is not empty.
func (a *alphabet) spells(s string) bool {
	for i := range len(s) {
		if !a[s[i]] {
			return false
		}
	}
	return s != ""
}

const longestName = 255

func nameShape(s string) bool {
	return nameLetters.spells(s) && len(s) <= longestName && nameBegins[s[0]]
}

func hostShape(s string) bool {
	return nameLetters.spells(s) && len(s) <= longestName && hostEnds[s[0]] && hostEnds[s[len(s)-1]]
}

func pathShape(s string) bool {
	parts, rooted := strings.CutPrefix(s, "/")
	for part := range strings.SplitSeq(parts, "/") {
		if !pathLetters.spells(part) {
			return false
		}
	}
	return rooted
}

// quote makes s one word of a shell command, whatever it holds.
func quote(s string) string {
	if plainLetters.spells(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteAll makes each item one word.
func quoteAll(items []string) string {
	words := make([]string, len(items))
	for i, s := range items {
		words[i] = quote(s)
	}
	return strings.Join(words, " ")
}

// checkName refuses what is not a plain name of a volume, a volume group, a logical volume or a snapshot.
func checkName(what, s string) error {
	if !nameShape(s) {
		return fmt.Errorf("%s %q: %w", what, s, ErrName)
	}
	return nil
}

// checkHost refuses what is neither a DNS name nor an IP address.
func checkHost(s string) error {
	if !hostShape(s) && net.ParseIP(s) == nil {
		return fmt.Errorf("host %q: %w", s, ErrName)
	}
	return nil
}

// checkPath refuses what is not an absolute path of plain parts.
func checkPath(what, s string) error {
	if !pathShape(s) || strings.Contains(s+"/", "/../") {
		return fmt.Errorf("%s %q: %w", what, s, ErrName)
	}
	return nil
}

// checkText refuses text that cannot be a single argument or a single line.
func checkText(what, s string) error {
	if strings.ContainsAny(s, "\x00\n\r") {
		return fmt.Errorf("%s %q: %w", what, s, ErrName)
	}
	return nil
}
