package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// sealMark begins every sealed text, so that one in clear is never taken for one.
const sealMark = "sealed:v1:"

// ErrSealed marks a text that this key did not seal.
var ErrSealed = errors.New("not sealed with this key")

// Sealer keeps short secrets unreadable where they are stored and on their way over a queue.
type Sealer struct {
	aead   cipher.AEAD
	random io.Reader
	id     string
	sums   []byte // key of Sum
}

// NewSealer derives its key from at least 32 bytes; random gives nonces.
func NewSealer(key []byte, random io.Reader) (*Sealer, error) {
	if len(key) < 32 {
		return nil, fmt.Errorf("secret key: %d bytes, at least 32 are needed", len(key))
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "yardmaster record secrets", 32)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	id, err := hkdf.Key(sha256.New, key, nil, "yardmaster name of the key", 8)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	sums, err := hkdf.Key(sha256.New, key, nil, "yardmaster sums of texts", 32)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return &Sealer{aead: aead, random: random, id: hex.EncodeToString(id), sums: sums}, nil
}

// ID names the key without telling anything of it, so that two processes can see whether theirs is the same.
func (s *Sealer) ID() string { return s.id }

// Seal gives a text that only this key opens; the empty text stays empty.
func (s *Sealer) Seal(plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return "", fmt.Errorf("nonce: %w", err)
	}
	return sealMark + base64.RawStdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(plain), nil)), nil
}

// Open gives back what Seal was given, or ErrSealed.
func (s *Sealer) Open(sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(sealed, sealMark))
	if err != nil || !strings.HasPrefix(sealed, sealMark) || len(raw) < s.aead.NonceSize() {
		return "", ErrSealed
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], nil)
	if err != nil {
		return "", ErrSealed
	}
	return string(plain), nil
}

// Sum names a text without telling anything of it to those who have no key: equal texts have equal sums.
func (s *Sealer) Sum(text string) string {
	mac := hmac.New(sha256.New, s.sums)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
