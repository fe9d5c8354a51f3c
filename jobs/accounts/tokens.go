package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"yardmaster/store"
)

// Token is a token's record, with the time of its last use up to now.
type Token struct {
	store.Token
	Text string // only in its user's list; "" if it was sealed with another key
}

// idLength is how many digits of its hash name a token where its text must not be shown.
const idLength = 16

// ID names the token without telling its text.
func (t Token) ID() string { return shortID(t.Hash) }

func shortID(hash string) string { return hash[:min(idLength, len(hash))] }

// NewToken makes a token that lets its bearer in as user, for ttl or, if that is 0, until it is deleted. It gives the text.
func (s *Service) NewToken(ctx context.Context, user string, ttl time.Duration) (text string, err error) {
	if ttl < 0 {
		return "", &InputError{"ttl", "is below 0"}
	}
	text, err = s.random.next()
	if err != nil {
		return "", err
	}
	t, err := s.record(text, user)
	if err != nil {
		return "", err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := store.Tokens.Get(tx, t.Hash); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a new token: %w", errors.Join(err, store.ErrExists))
		}
		t.Created = tx.Now()
		if ttl > 0 {
			t.Expires = t.Created.Add(ttl)
		}
		return store.Tokens.Put(tx, &t)
	})
	if err != nil {
		return "", err
	}
	return text, nil
}

// userMost is how long a name from a directory may be, in bytes.
const userMost = 256

// record is how a token with this text is kept.
func (s *Service) record(text, user string) (store.Token, error) {
	if user == "" || len(user) > userMost || strings.ContainsFunc(user, unicode.IsControl) {
		return store.Token{}, &InputError{"user", "is empty, too long, or has control characters"}
	}
	sealed, err := s.sealer.Seal(text)
	if err != nil {
		return store.Token{}, fmt.Errorf("seal a token: %w", err)
	}
	return store.Token{Hash: Hash(text), Sealed: sealed, User: user}, nil
}

// Find looks a token up by its text, or fails with ErrNoToken. It is not a use of the token.
func (s *Service) Find(ctx context.Context, text string) (Token, error) {
	return s.token(ctx, Hash(text))
}

// Use is Find, and remembers that the token was used now. It writes nothing: what is remembered shows at once in all that this
// Service tells, and comes to the disk within seconds.
func (s *Service) Use(ctx context.Context, text string) (Token, error) {
	t, err := s.token(ctx, Hash(text))
	if err == nil {
		t.Last = s.db.Now()
		s.uses.note(t.Hash, t.Last)
	}
	return t, err
}

func (s *Service) token(ctx context.Context, hash string) (Token, error) {
	var t Token
	memory := s.uses.memory()
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		t.Token, err = store.Tokens.Get(tx, hash)
		if err == nil && expired(t.Token, tx.Now()) {
			err = store.ErrNotFound
		}
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Token{}, ErrNoToken
	case err != nil:
		return Token{}, err
	}
	t.Last = s.uses.last(memory, t.Token)
	return t, nil
}

func expired(t store.Token, now time.Time) bool { return !t.Expires.IsZero() && !t.Expires.After(now) }

// TokensOf lists the tokens of a user with their texts, the oldest first.
func (s *Service) TokensOf(ctx context.Context, user string) ([]Token, error) {
	var out []Token
	memory := s.uses.memory()
	err := s.db.View(ctx, func(tx *store.Tx) error {
		kept, err := store.TokensOf(tx, user)
		for _, t := range kept {
			if !expired(t, tx.Now()) {
				out = append(out, Token{Token: t})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		t := &out[i]
		t.Last = s.uses.last(memory, t.Token)
		if t.Text, err = s.sealer.Open(t.Sealed); err != nil {
			s.log.Warn("token sealed with another key", "id", t.ID(), "user", t.User, "err", err)
		}
	}
	slices.SortStableFunc(out, func(a, b Token) int { return a.Created.Compare(b.Created) })
	return out, nil
}

// DeleteToken ends a token at once. ErrNoToken if there is none with this text.
func (s *Service) DeleteToken(ctx context.Context, text string) error {
	return s.deleteToken(ctx, func(tx *store.Tx) (store.Token, error) { return store.Tokens.Get(tx, Hash(text)) })
}

// DeleteTokenID is DeleteToken for one who knows only the ID. With a user it deletes no other user's token.
func (s *Service) DeleteTokenID(ctx context.Context, user, id string) error {
	return s.deleteToken(ctx, func(tx *store.Tx) (store.Token, error) {
		all := store.Tokens.All(tx)
		if user != "" {
			all = store.Tokens.By(tx, store.ByOwner, user)
		}
		for t, err := range all {
			if err != nil || shortID(t.Hash) == id {
				return t, err
			}
		}
		return store.Token{}, store.ErrNotFound
	})
}

func (s *Service) deleteToken(ctx context.Context, find func(*store.Tx) (store.Token, error)) error {
	var gone store.Token
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if gone, err = find(tx); err != nil {
			return err
		}
		if expired(gone, tx.Now()) {
			return store.ErrNotFound
		}
		return store.Tokens.Delete(tx, gone.Hash)
	})
	if errors.Is(err, store.ErrNotFound) {
		return ErrNoToken
	}
	return err
}

// sweepMost is how many expired tokens one transaction deletes.
const sweepMost = 1000

// sweep deletes expired tokens. Nobody waits for it: they let nobody in as it is.
func (s *Service) sweep(ctx context.Context) error {
	for {
		var old []string
		err := s.db.View(ctx, func(tx *store.Tx) error {
			for t, err := range store.Tokens.All(tx) {
				if err != nil || len(old) == sweepMost {
					return err
				}
				if expired(t, tx.Now()) {
					old = append(old, t.Hash)
				}
			}
			return nil
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			for _, hash := range old {
				if err := store.Tokens.Delete(tx, hash); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(old) < sweepMost {
			return err
		}
	}
}
