package auth

import "context"

type principalKey struct{}

// With returns a context that knows its caller.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the caller of a request. Without one it is the zero Principal,
// which no Need but Public and Anyone lets in.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
