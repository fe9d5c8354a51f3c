package configs

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// releaseForm is what a release may be called.
var releaseForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)

// compareReleases orders releases by their numbers, part by part; what has a part more is newer, and a number is newer than a word.
func compareReleases(a, b string) int {
	as, bs := parts(a), parts(b)
	for i := range min(len(as), len(bs)) {
		if n := comparePart(as[i], bs[i]); n != 0 {
			return n
		}
	}
	return cmp.Or(cmp.Compare(len(as), len(bs)), strings.Compare(a, b))
}

var partForm = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)

func parts(release string) []string { return partForm.FindAllString(release, -1) }

func comparePart(a, b string) int {
	aNumber, bNumber := a[0] <= '9', b[0] <= '9'
	switch {
	case aNumber && bNumber:
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	case aNumber:
		return 1
	case bNumber:
		return -1
	}
	return strings.Compare(a, b)
}

// newest is the newest of releases; "" of none.
func newest(releases []string) string {
	if len(releases) == 0 {
		return ""
	}
	return slices.MaxFunc(releases, compareReleases)
}
