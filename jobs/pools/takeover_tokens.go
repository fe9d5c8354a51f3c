package pools

import (
	"context"
	"fmt"
	"strings"

	"yardmaster/store"
)

// readTokens translates the tokens. One without a user was given back and used at the same moment: it lets nobody in here.
func (t *takeover) readTokens(ctx context.Context) error {
	t.tokens = map[string]*store.Token{}
	return t.src.Hashes(ctx, t.keys.tokens, func(key string, fields map[string]string, err error) error {
		r := t.record(key, fields)
		text := strings.TrimPrefix(key, tokenKey)
		user := r.text("user")
		switch {
		case err != nil:
			r.complain("", "%v", err)
		case text == "":
			r.complain("", "names no token")
		case user == "":
			r.complain("user", "is missing: the token is nobody's")
		default:
			return t.token(text, user, r)
		}
		t.report.Tokens.Out++
		return nil
	})
}

func (t *takeover) token(text, user string, r record) error {
	token := &store.Token{Hash: hashToken(text), User: user, Created: r.time("created"), Last: r.time("last")}
	if token.Created.IsZero() {
		token.Created = earliest(t.now, token.Last)
	}
	if t.o.TokenTTL > 0 {
		token.Expires = t.now.Add(t.o.TokenTTL)
	}
	if t.o.Apply {
		sealed, err := t.o.Seal(text)
		if err != nil {
			return fmt.Errorf("token: %w", err)
		}
		token.Sealed = sealed
	}
	t.tokens[token.Hash] = token
	return nil
}
