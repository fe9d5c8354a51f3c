package vmpoolerclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Tokens is go-vmpooler's client for tokens.
type Tokens struct{ *Client }

// NewTokens is a client whose endpoint is base.
func NewTokens(base, user, password string) *Tokens { return &Tokens{New(base, Go).As(user, password)} }

// errInsecure is its own refusal to show a password around.
var errInsecure = errors.New("basic auth goes over https alone")

func (t *Tokens) send(ctx context.Context, method, path string) (hash, error) {
	if !strings.HasPrefix(t.Base, "https:") {
		return nil, errInsecure
	}
	return send(ctx, t.Client, method, path, nil)
}

// Generate makes a token.
func (t *Tokens) Generate(ctx context.Context) (string, error) {
	h, err := t.send(ctx, http.MethodPost, "/token")
	if err != nil {
		return "", err
	}
	text, isText := h["token"].(string)
	if !isText {
		return "", fmt.Errorf("token is %v", h["token"])
	}
	return text, nil
}

// Get tells of a token.
func (t *Tokens) Get(ctx context.Context, token string) (Token, error) {
	h, err := t.send(ctx, http.MethodGet, "/token/"+token)
	if err != nil {
		return Token{}, err
	}
	return tokenOf(h, token)
}

// GetAll are the user's tokens.
func (t *Tokens) GetAll(ctx context.Context) (map[string]Token, error) {
	h, err := t.send(ctx, http.MethodGet, "/token")
	if err != nil {
		return nil, err
	}
	all := map[string]Token{}
	for key := range h {
		if key == "ok" {
			continue
		}
		if all[key], err = tokenOf(h, key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Delete ends a token.
func (t *Tokens) Delete(ctx context.Context, token string) error {
	_, err := t.send(ctx, http.MethodDelete, "/token/"+token)
	return err
}
