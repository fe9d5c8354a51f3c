package materialize

import (
	"slices"
	"strings"
	"unicode"
)

var (
	secretWords = []string{
		"password", "passwords", "passwd", "passphrase", "pass", "pwd", "secret", "secrets", "token", "tokens", "credential",
		"credentials", "creds", "apikey", "accesskey", "privatekey", "secretkey", "authorization",
	}
	// secretParts are looked for within words: PGPASSWORD, clientsecret.
	secretParts = []string{"password", "passwd", "secret", "credential", "apikey", "accesskey", "privatekey"}
	// plainEnds make a name one of something that is no secret itself.
	plainEnds = []string{"name", "names", "namespace", "ref", "path", "file", "dir", "seconds", "minutes", "hours",
		"enabled", "ttl", "expiry", "policy"}
)

// looksSecret says whether a name is that of a secret: PASSWORD, aws_secret_access_key, clientSecret, tls.key; not secretName or
// TOKEN_FILE.
func looksSecret(name string) bool {
	words := wordsOf(name)
	if len(words) == 0 || slices.Contains(plainEnds, words[len(words)-1]) {
		return false
	}
	for i, w := range words {
		if slices.Contains(secretWords, w) || (w == "key" || w == "keys") && (i > 0 || len(words) > 1) {
			return true
		}
		if slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(w, part) }) {
			return true
		}
	}
	return false
}

// wordsOf takes a name apart where its writing does, in lower case.
func wordsOf(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	before := ' '
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
		} else if unicode.IsUpper(r) && unicode.IsLower(before) {
			flush()
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			word = append(word, r)
		}
		before = r
	}
	flush()
	return words
}
