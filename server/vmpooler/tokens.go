package vmpooler

import (
	"errors"
	"net/http"
	"strings"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/server/rest"
)

// user is who sent a name and a password. Where there are no users, nothing is there.
func (a *API) user(r *http.Request) (auth.Principal, error) {
	if a.passwords == nil {
		return auth.Principal{}, errNotThere
	}
	return a.passwords.Authenticate(r)
}

// tokenList is GET /token: the caller's own. It answers 404 if there are none.
func (e edition) tokenList(r *http.Request) (rest.Response, error) {
	p, err := e.user(r)
	if err != nil {
		return rest.Response{}, err
	}
	all, err := e.accounts.TokensOf(r.Context(), p.Name)
	if err != nil {
		return rest.Response{}, err
	}
	answer := ok()
	for _, t := range all {
		if t.Text == "" {
			continue // sealed with a key that is gone: nobody can use it as it is shown here
		}
		answer.set(t.Text, e.dates(t, true))
	}
	if len(answer) == 1 {
		return rest.Response{}, errNotThere
	}
	return reply(http.StatusOK, answer), nil
}

// dates are when a token was made, used, and will end. A list has a word for one that was never used.
func (e edition) dates(t accounts.Token, listed bool) object {
	o := object{{"created", e.stamp(t.Created)}}
	switch {
	case !t.Last.IsZero():
		o.set("last", e.stamp(t.Last))
	case listed:
		o.set("last", "never")
	}
	if !t.Expires.IsZero() {
		o.set("expires", e.stamp(t.Expires))
	}
	return o
}

// tokenNew is POST /token, which alone of all routes has never had a slash at its end.
func (e edition) tokenNew(r *http.Request) (rest.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/") {
		return rest.Response{}, errNotThere
	}
	p, err := e.user(r)
	if err != nil {
		return rest.Response{}, err
	}
	text, err := e.accounts.NewToken(r.Context(), p.Name, e.tokenTTL)
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, ok(member{"token", text})), nil
}

// tokenInfo is GET /token/{token}, for whoever has it.
func (e edition) tokenInfo(r *http.Request) (rest.Response, error) {
	if e.passwords == nil {
		return rest.Response{}, errNotThere
	}
	text := rest.Var(r, "token")
	t, err := e.accounts.Find(r.Context(), text)
	if err != nil {
		return rest.Response{}, err
	}
	held, err := e.service.HeldByToken(r.Context(), t.Hash)
	if err != nil {
		return rest.Response{}, err
	}
	info := append(object{{"user", t.User}}, e.dates(t, false)...)
	if len(held) > 0 {
		info.set("vms", object{{"running", held}})
	}
	return reply(http.StatusOK, ok(member{text, info})), nil
}

// tokenDelete is DELETE /token/{token}. A token of somebody else is as good as none, and one that is not there is 401, as ever.
func (e edition) tokenDelete(r *http.Request) (rest.Response, error) {
	p, err := e.user(r)
	if err != nil {
		return rest.Response{}, err
	}
	text := rest.Var(r, "token")
	t, err := e.accounts.Find(r.Context(), text)
	if err == nil && t.User != p.Name && p.Role != auth.RoleAdmin {
		err = accounts.ErrNoToken
	}
	if err == nil {
		err = e.accounts.DeleteToken(r.Context(), text)
	}
	if errors.Is(err, accounts.ErrNoToken) {
		err = errNobody
	}
	if err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusOK, ok()), nil
}
