package native

import (
	"errors"
	"net/http"
	"time"

	"yardmaster/auth"
	"yardmaster/jobs/accounts"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// errSelf keeps the yard from losing its last admin: whoever takes the role from another one keeps it, and nobody takes it from
// themselves.
var errSelf = errors.New("an admin cannot delete itself or give up its role; another admin can")

// bodyMost is enough for a password and a role.
const bodyMost = 4 << 10

func (a api) userRoutes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: "/users", Need: auth.Reader, Handle: a.listUsers, Summary: "all users; for others than admins, oneself"},
		{Method: http.MethodPut, Path: "/users/{name}", Need: auth.Reader, Limit: bodyMost, Handle: a.putUser,
			Summary: "make or change a user (admin); change one's own password"},
		{Method: http.MethodDelete, Path: "/users/{name}", Need: auth.Reader, Handle: a.deleteUser,
			Summary: "delete a user and all tokens of theirs (admin, or oneself)"},
	}
}

// user is what may be seen of a user.
type user struct {
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Created time.Time `json:"created"`
}

func shapeUser(u store.User) user { return user{Name: u.Name, Role: u.Role, Created: u.Created} }

// bySignIn: the caller gave this user's password just now. A token is not enough to take an account over.
func bySignIn(p auth.Principal, name string) bool {
	return p.Issuer == auth.IssuerLocal && p.Name == name
}

func (a api) listUsers(r *http.Request) (rest.Response, error) {
	var all []store.User
	var err error
	switch p := auth.From(r.Context()); {
	case p.Role == auth.RoleAdmin:
		all, err = a.accounts.ListUsers(r.Context())
	case p.IsUser():
		var self store.User
		if self, err = a.accounts.User(r.Context(), p.Name); err == nil {
			all = append(all, self)
		} else if errors.Is(err, accounts.ErrNoUser) { // one of the configuration, or of a directory
			err = nil
		}
	}
	if err != nil {
		return rest.Response{}, err
	}
	out := make([]user, len(all))
	for i, u := range all {
		out[i] = shapeUser(u)
	}
	return rest.JSON(http.StatusOK, map[string]any{"users": out}), nil
}

func (a api) putUser(r *http.Request) (rest.Response, error) {
	var in struct {
		Password *string `json:"password"`
		Role     *string `json:"role"`
	}
	if err := rest.Decode(r, &in); err != nil {
		return rest.Response{}, err
	}
	p, name := auth.From(r.Context()), rest.Var(r, "name")
	switch {
	case p.Role != auth.RoleAdmin:
		if !bySignIn(p, name) || in.Role != nil {
			return rest.Response{}, errOther
		}
		if in.Password == nil {
			return rest.Response{}, &accounts.InputError{Field: "password", Reason: "is missing"}
		}
		if err := a.accounts.SetPassword(r.Context(), name, *in.Password); err != nil {
			return rest.Response{}, err
		}
		return rest.Empty(http.StatusNoContent), nil
	case p.IsUser() && p.Name == name && in.Role != nil && *in.Role != accounts.RoleAdmin:
		return rest.Response{}, errSelf
	}
	u, created, err := a.accounts.SetUser(r.Context(), name, accounts.UserChange{Password: in.Password, Role: in.Role})
	switch {
	case err != nil:
		return rest.Response{}, err
	case created:
		return rest.JSON(http.StatusCreated, shapeUser(u)), nil
	}
	return rest.JSON(http.StatusOK, shapeUser(u)), nil
}

func (a api) deleteUser(r *http.Request) (rest.Response, error) {
	p, name := auth.From(r.Context()), rest.Var(r, "name")
	switch {
	case p.Role == auth.RoleAdmin && p.IsUser() && p.Name == name:
		return rest.Response{}, errSelf
	case p.Role != auth.RoleAdmin && !bySignIn(p, name):
		return rest.Response{}, errOther
	}
	if err := a.accounts.DeleteUser(r.Context(), name); err != nil {
		return rest.Response{}, err
	}
	return rest.Empty(http.StatusNoContent), nil
}
