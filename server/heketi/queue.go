package heketi

import (
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store"
)

const queuePath = "/queue/"

// accepted answers a request that became an operation. Location is a path: Heketi's clients put their own host in front.
func accepted(r *http.Request, op store.Operation) rest.Response {
	return rest.Redirect(r, http.StatusAccepted, queuePath+op.ID)
}

// queue answers a poll: at any time, any number of times, for as long as operations are kept.
func (a *API) queue(r *http.Request) (rest.Response, error) {
	op, err := a.runner.Get(r.Context(), rest.Var(r, "id"))
	if err != nil {
		return rest.Response{}, err
	}
	if err := mayRead(r, op.Owner); err != nil {
		return rest.Response{}, err
	}
	return renderOperation(r, op), nil
}

// renderOperation is an operation in Heketi's words.
func renderOperation(r *http.Request, op store.Operation) rest.Response {
	switch op.State {
	case store.Succeeded:
		if path := resultPath(op.Result); path != "" {
			return rest.Redirect(r, http.StatusSeeOther, path)
		}
		return rest.Empty(http.StatusNoContent)
	case store.Failed, store.Stuck, store.Canceled:
		return rest.TextError(http.StatusInternalServerError, failureText(op))
	default:
		return rest.Empty(http.StatusOK).With("X-Pending", "true")
	}
}

// resultPath is where a result can be read; "" is a result that Heketi's clients are not sent to.
func resultPath(result store.Ref) string {
	if result.ID == "" {
		return ""
	}
	switch result.Kind {
	case store.KindVolume:
		return "/volumes/" + result.ID
	case store.KindBlockVolume:
		return "/blockvolumes/" + result.ID
	case store.KindNode:
		return "/nodes/" + result.ID
	}
	return ""
}

func failureText(op store.Operation) string {
	switch {
	case op.State == store.Canceled:
		return "The operation was canceled"
	case op.Error != nil && op.Error.Text != "":
		return op.Error.Text
	}
	return "internal error, operation " + op.ID
}

// start answers for a Service call: the operation that it began, or its error.
func start(r *http.Request, op store.Operation, err error) (rest.Response, error) {
	if err != nil {
		return rest.Response{}, err
	}
	return accepted(r, op), nil
}
