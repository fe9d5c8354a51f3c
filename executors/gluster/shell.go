package gluster

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

// ErrName refuses a name, a host or a path that no script may carry. Nothing can be on a machine under it.
var ErrName = errors.New("invalid name")

var (
	plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)
	nameShape = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$`)
	hostShape = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,253}[A-Za-z0-9])?$`)
	pathShape = regexp.MustCompile(`^(/[A-Za-z0-9_.:+@=-]+)+$`)
)

// quote makes s one word of a shell command, whatever it holds.
func quote(s string) string {
	if plainWord.MatchString(s) {
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
	if !nameShape.MatchString(s) {
		return fmt.Errorf("%s %q: %w", what, s, ErrName)
	}
	return nil
}

// checkHost refuses what is neither a DNS name nor an IP address.
func checkHost(s string) error {
	if !hostShape.MatchString(s) && net.ParseIP(s) == nil {
		return fmt.Errorf("host %q: %w", s, ErrName)
	}
	return nil
}

// checkPath refuses what is not an absolute path of plain parts.
func checkPath(what, s string) error {
	if !pathShape.MatchString(s) || strings.Contains(s+"/", "/../") {
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
