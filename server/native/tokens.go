package native

import (
	"net/http"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/server/rest"
)

func (a api) tokenRoutes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: "/tokens", Need: auth.Reader, Handle: a.listTokens,
			Summary: "one's own tokens; of another with ?user= (admin)"},
		{Method: http.MethodDelete, Path: "/tokens/{id:[a-f0-9]{16}}", Need: auth.Reader, Handle: a.deleteToken,
			Summary: "end a token of one's own, or any (admin)"},
	}
}

// token is what may be seen of a token: never its text.
type token struct {
	ID      string     `json:"id"`
	User    string     `json:"user"`
	Created time.Time  `json:"created"`
	Last    *time.Time `json:"last,omitempty"` // use
	Expires *time.Time `json:"expires,omitempty"`
}

func (a api) listTokens(r *http.Request) (rest.Response, error) {
	p := auth.From(r.Context())
	name := r.URL.Query().Get("user")
	switch {
	case name == "" && p.IsUser():
		name = p.Name
	case name != "" && p.Role != auth.RoleAdmin && !(p.IsUser() && p.Name == name):
		return rest.Response{}, errOther
	}
	var all []accounts.Token
	if name != "" { // the bearer of a key has none
		var err error
		if all, err = a.accounts.TokensOf(r.Context(), name); err != nil {
			return rest.Response{}, err
		}
	}
	out := make([]token, len(all))
	for i, t := range all {
		out[i] = token{ID: t.ID(), User: t.User, Created: t.Created, Last: moment(t.Last), Expires: moment(t.Expires)}
	}
	return rest.JSON(http.StatusOK, map[string]any{"tokens": out}), nil
}

func (a api) deleteToken(r *http.Request) (rest.Response, error) {
	p := auth.From(r.Context())
	owner := p.Name
	switch {
	case p.Role == auth.RoleAdmin:
		owner = ""
	case !p.IsUser():
		return rest.Response{}, accounts.ErrNoToken
	}
	if err := a.accounts.DeleteTokenID(r.Context(), owner, rest.Var(r, "id")); err != nil {
		return rest.Response{}, err
	}
	return rest.Empty(http.StatusNoContent), nil
}
