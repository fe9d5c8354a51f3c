package hmapi

import (
	"context"
	"net/http"

	"yardmaster/server/rest"
)

// awaited does what ends with its operation, and answers. The wait ends with the request, the server or the dialect's patience; the
// operation does not.
func (a *API) awaited(r *http.Request, do func(ctx context.Context) error) (rest.Response, error) {
	ctx, end := rest.UntilStop(r.Context(), a.patience)
	defer end()
	err := do(ctx)
	switch {
	case err == nil:
		return success(), nil
	case ctx.Err() != nil:
		a.log.WarnContext(r.Context(), "change outlives its request", "err", err, "request", rest.RequestID(r.Context()))
		return refusal(http.StatusServiceUnavailable, "it has not ended yet; GET /jobs tells whether it goes on"), nil
	}
	return rest.Response{}, err
}
