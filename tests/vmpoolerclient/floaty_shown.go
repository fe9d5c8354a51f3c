package vmpoolerclient

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// List is "list FILTER": the kinds that match.
func (f *Floaty) List(ctx context.Context, filter string) ([]string, error) {
	a, err := f.bare().Do(ctx, http.MethodGet, "/vm", nil)
	if err != nil {
		return nil, err
	}
	var all []string
	if err := a.JSON(&all); err != nil {
		return nil, err
	}
	like, err := regexp.Compile(filter)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(kind string) bool { return !like.MatchString(kind) }), nil
}

// ListActive is "list --active": what the token holds, and the line that is printed for each.
func (f *Floaty) ListActive(ctx context.Context) (names, lines []string, err error) {
	t, err := f.TokenStatus(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range t.Running {
		v, err := f.Query(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		lines = append(lines, v.line(name))
	}
	return t.Running, lines, nil
}

// line is "- host.domain (state, template, 0.1/12 hours, tag: value)".
func (v VM) line(name string) string {
	full := v.FQDN
	if v.Domain != "" {
		full = name + "." + v.Domain
	}
	about := []string{v.State, v.Template, fmt.Sprintf("%v/%v hours", v.Running, v.Lifetime)}
	for _, tag := range sorted(v.Tags) {
		about = append(about, tag+": "+v.Tags[tag])
	}
	return "- " + full + " (" + strings.Join(about, ", ") + ")"
}

// PoolState is what "status" draws of a pool: ready, pending and missing machines.
type PoolState struct{ Ready, Pending, Missing int }

// Status is "status": the pools, the message, and whether it is printed as good news.
func (f *Floaty) Status(ctx context.Context) (pools map[string]PoolState, message string, fine bool, err error) {
	h, _, err := f.bare().call(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return nil, "", false, err
	}
	of, isHash := h["pools"].(hash)
	verdict, too := h["status"].(hash)
	message, isText := verdict["message"].(string)
	if !isHash || !too || !isText {
		return nil, "", false, fmt.Errorf("status without pools or message: %v", h)
	}
	pools = map[string]PoolState{}
	for name, v := range of {
		p, _ := v.(hash)
		n := map[string]int{}
		for _, key := range []string{"ready", "pending", "max"} {
			f, isNumber := p[key].(float64)
			if !isNumber {
				return nil, "", false, fmt.Errorf("%s of pool %s is %v", key, name, p[key])
			}
			n[key] = int(f)
		}
		pools[name] = PoolState{n["ready"], n["pending"], n["max"] - n["ready"] - n["pending"]}
	}
	return pools, message, verdict["ok"] == true, nil
}

// TokenGet is "token get --user USER".
func (f *Floaty) TokenGet(ctx context.Context, user, password string) (string, error) {
	g := Floaty{f.As(user, password), f.Poll}
	h, err := g.must(ctx, http.MethodPost, "/token", nil)
	if err != nil {
		return "", err
	}
	token, isText := h["token"].(string)
	if !isText {
		return "", fmt.Errorf("token is %v", h["token"])
	}
	return token, nil
}

// TokenDelete is "token delete --user USER" for its own token.
func (f *Floaty) TokenDelete(ctx context.Context, user, password string) error {
	g := Floaty{f.As(user, password), f.Poll}
	_, err := g.must(ctx, http.MethodDelete, "/token/"+f.Token, nil)
	return err
}

// TokenStatus is "token status" for its own token.
func (f *Floaty) TokenStatus(ctx context.Context) (Token, error) {
	h, err := f.bare().must(ctx, http.MethodGet, "/token/"+f.Token, nil)
	if err != nil {
		return Token{}, err
	}
	return tokenOf(h, f.Token)
}
