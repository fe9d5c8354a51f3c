package auth_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"yardmaster/auth"
)

// owners are the tokens that users made.
var owners = map[string]string{"adas-token": "ada", "eves.old.token": "bob", "lost": "gone"}

func ownerOf(_ context.Context, token string) (string, error) {
	if token == "broken" {
		return "", errBroken
	}
	owner, ok := owners[token]
	if !ok {
		return "", auth.ErrNoToken
	}
	return owner, nil
}

func TestOpaque(t *testing.T) {
	users := kept{"ada": {Name: "ada", Role: auth.RoleAdmin}, "bob": {Name: "bob", Role: auth.RoleReader}}
	local, err := auth.NewLocal(nil, users.find)
	if err != nil {
		t.Fatal(err)
	}
	lookups := []auth.TokenLookup{mustTokens(t).Find, auth.UserTokens(ownerOf, local)}
	pooler := auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-AUTH-TOKEN"}, Challenge: `Basic realm="Authentication required"`, Lookups: lookups})
	native := auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-Auth-Token"}, Bearer: true, Lookups: lookups})
	ada := auth.Principal{Name: "ada", Role: auth.RoleAdmin, Issuer: auth.IssuerUserToken, Token: sum("adas-token")}
	bobs := auth.Principal{Name: "bob", Role: auth.RoleReader, Issuer: auth.IssuerUserToken, Token: sum("eves.old.token")}
	ci := auth.Principal{Name: "ci", Role: auth.RoleUser, Issuer: auth.IssuerToken, Token: sum("opaque-ci")}
	tests := []struct {
		name    string
		door    auth.Authenticator
		request *http.Request
		want    auth.Principal
		err     string
		kind    error
	}{
		{"a user's token", pooler, request("x-auth-token", "adas-token"), ada, "", nil},
		{"a configured token", pooler, request("X-Auth-Token", "opaque-ci"), ci, "", nil},
		{"unknown", pooler, request("X-Auth-Token", "nope"), auth.Principal{}, "Unknown token", nil},
		{"its hash is no token", pooler, request("X-Auth-Token", sum("adas-token")), auth.Principal{}, "Unknown token", nil},
		{"nothing", pooler, request(), auth.Principal{}, "Token required", auth.ErrNoCredentials},
		{"a password is the business of others", pooler, basic("ada", "x"), auth.Principal{}, "Token required", auth.ErrNoCredentials},
		{"so is a bearer", pooler, request("Authorization", "Bearer adas-token"), auth.Principal{}, "Token required", auth.ErrNoCredentials},
		{"bearer", native, request("Authorization", "Bearer adas-token"), ada, "", nil},
		{"header of the same door", native, request("X-Auth-Token", "adas-token"), ada, "", nil},
		{"unknown bearer", native, request("Authorization", "Bearer nope"), auth.Principal{}, "Unknown token", nil},
		{"a password at the native door", native, basic("ada", "x"), auth.Principal{}, "Token required", auth.ErrNotMine},
		{"looks signed, is known", native, request("Authorization", "Bearer eves.old.token"), bobs, "", nil},
		{"looks signed, is not", native, request("Authorization", "Bearer a.b.c"), auth.Principal{}, "Unknown token", auth.ErrNotMine},
		{"its user is gone", pooler, request("X-Auth-Token", "lost"), auth.Principal{}, "Unknown token", nil},
		{"nobody can tell", pooler, request("X-Auth-Token", "broken"), auth.Principal{}, errBroken.Error(), errBroken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := tt.door.Authenticate(tt.request)
			if p != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err || tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("got %+v, %v", p, err)
			}
			var refusal *auth.Refusal
			if errors.As(err, &refusal) && tt.door == pooler && (refusal.Status != 401 || refusal.Challenge != `Basic realm="Authentication required"`) {
				t.Errorf("got %#v", refusal)
			}
		})
	}
}

func TestOnlyUsersAreUsers(t *testing.T) {
	for issuer, want := range map[string]bool{
		auth.IssuerLocal: true, auth.IssuerLDAP: true, auth.IssuerDummy: true, auth.IssuerUserToken: true,
		auth.IssuerToken: false, auth.IssuerHeketiAdmin: false, auth.IssuerHeketiUser: false, auth.IssuerNone: false, "": false,
	} {
		if got := (auth.Principal{Name: "ada", Issuer: issuer}).IsUser(); got != want {
			t.Errorf("%q: got %v", issuer, got)
		}
	}
}
