package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// quoted values and keys longer than this are cut: errors stay one short line.
const clipAt = 60

// partAt bounds each part of a whole message, paths included.
const partAt = 400

func clip(s string) string { return cut(s, clipAt) }

func cut(s string, at int) string {
	s = oneLine(s)
	if r := []rune(s); len(r) > at {
		return string(r[:at]) + "..."
	}
	return s
}

func quote(s string) string { return strconv.Quote(clip(s)) }

// oneLine keeps foreign text from breaking a message into lines.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u2028' || r == '\u2029' || r == '\u0085' || isControl(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func unknownKey(key string, known []string) string {
	if like := closest(key, known); like != "" {
		return "unknown key (did you mean " + like + "?)"
	}
	return "unknown key"
}

// closest finds the one known word that was probably meant, or "".
func closest(word string, known []string) string {
	if len(word) > clipAt {
		return ""
	}
	flat := flatten(word)
	best, least := "", max(1, len(flat)/4)+1
	for _, k := range known {
		if flatten(k) == flat {
			return k
		}
		if d := distance(flat, flatten(k)); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	return bySuffix(word, known)
}

// bySuffix finds the one key that ends in the word, for a key in the wrong group.
func bySuffix(word string, known []string) string {
	last := word[strings.LastIndex(word, ".")+1:]
	var found []string
	for _, k := range known {
		if last != "" && strings.HasSuffix(k, "."+last) {
			found = append(found, k)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func flatten(s string) string {
	return strings.NewReplacer(".", "", "_", "", "-", "").Replace(strings.ToLower(s))
}

// distance is the number of single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
