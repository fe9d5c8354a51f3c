package configs

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// releaseForm is what a release may be called.
var releaseForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)

// compareReleases orders releases by their numbers, part by part. What has a part more is newer, as a release with another image is;
// only what is called a candidate of a release, 23.1-rc1, is older than it. A number is newer than a word.
func compareReleases(a, b string) int {
	as, bs := parts(a), parts(b)
	for i := range max(len(as), len(bs)) {
		if n := comparePart(partAt(as, i), partAt(bs, i)); n != 0 {
			return n
		}
	}
	return strings.Compare(a, b)
}

var partForm = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)

func parts(release string) []string { return partForm.FindAllString(release, -1) }

// partAt is a part in lower case; "" behind the last one.
func partAt(parts []string, i int) string {
	if i >= len(parts) {
		return ""
	}
	return strings.ToLower(parts[i])
}

// candidates are what releases are called before they are finished.
var candidates = []string{"dev", "snapshot", "nightly", "alpha", "beta", "pre", "preview", "rc"}

// The ranks of parts: a candidate is older than no part at all.
const (
	rankCandidate = iota
	rankNone
	rankWord
	rankNumber
)

func rank(part string) int {
	switch {
	case part == "":
		return rankNone
	case part[0] <= '9':
		return rankNumber
	case slices.Contains(candidates, part):
		return rankCandidate
	}
	return rankWord
}

func comparePart(a, b string) int {
	of := rank(a)
	if n := cmp.Compare(of, rank(b)); n != 0 || of != rankNumber {
		return cmp.Or(n, strings.Compare(a, b))
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// newest is the newest of releases; "" of none.
func newest(releases []string) string {
	if len(releases) == 0 {
		return ""
	}
	return slices.MaxFunc(releases, compareReleases)
}
