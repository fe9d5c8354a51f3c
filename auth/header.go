package auth

import (
	"net/http"
	"strings"
)

// scheme names what the Authorization header carries.
type scheme uint8

const (
	schemeNone   scheme = iota // no header, or an empty one
	schemeBearer               // "bearer" and one word
	schemeBasic                // "basic" and one word
	schemeOther                // anything else, well formed or not
)

// parseAuthorization splits an Authorization value into its scheme and its
// single word. White space between and around them does not count.
func parseAuthorization(value string) (scheme, string) {
	if value == "" {
		return schemeNone, ""
	}
	words := strings.Fields(value)
	if len(words) != 2 {
		return schemeOther, ""
	}
	switch {
	case strings.EqualFold(words[0], "bearer"):
		return schemeBearer, words[1]
	case strings.EqualFold(words[0], "basic"):
		return schemeBasic, words[1]
	}
	return schemeOther, ""
}

func authorization(r *http.Request) (scheme, string) {
	return parseAuthorization(r.Header.Get("Authorization"))
}

// looksSigned tells a signed token (three parts) from an opaque one (no dot).
func looksSigned(token string) bool { return strings.Count(token, ".") == 2 }
