package accounts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// Texts of tokens have the form that vmpooler's clients know.
const (
	textLength = 32
	letters    = "abcdefghijklmnopqrstuvwxyz"
	alphabet   = letters + "0123456789"
)

// Hash is what finds a token.
func Hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// texts makes texts of tokens, each character as likely as any other.
type texts struct {
	mu   sync.Mutex
	from io.Reader
}

func (t *texts) next() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]byte, 0, textLength)
	for len(out) < textLength {
		among := alphabet
		if len(out) == 0 {
			among = letters
		}
		c, err := t.pick(among)
		if err != nil {
			return "", fmt.Errorf("text of a token: %w", err)
		}
		out = append(out, c)
	}
	return string(out), nil
}

// pick throws bytes away that would make the first characters likelier than the last.
func (t *texts) pick(among string) (byte, error) {
	fair := 256 - 256%len(among)
	for {
		var b [1]byte
		if _, err := io.ReadFull(t.from, b[:]); err != nil {
			return 0, err
		}
		if int(b[0]) < fair {
			return among[int(b[0])%len(among)], nil
		}
	}
}
