package deploymanager

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"yardmaster/jobs/configs"
	"yardmaster/server/rest"
)

var status = map[string]string{"status": "OK"}

func (a *API) setup(r *http.Request) (rest.Response, error) {
	if err := a.service.Setup(r.Context()); err != nil {
		return rest.Response{}, err
	}
	return bare(status), nil
}

// setupStatus tells a truth as a text, as the example has it.
func (a *API) setupStatus(r *http.Request) (rest.Response, error) {
	is, err := a.service.IsSetup(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	return bare(map[string]string{"isSetup": strconv.FormatBool(is)}), nil
}

// account is the administrator whom a setup makes.
type account struct {
	wanted      bool
	name, email string
}

// features are tables of the old product; whether they are wanted changes nothing here, where all records have one store.
var features = []string{"enable_control_plane", "enable_key_service", "enable_ml_studio", "enable_model_registry_pv", "enable_repo_projects"}

func readAccount(r *http.Request) (account, error) {
	f, err := readForm(r)
	if err != nil {
		return account{}, err
	}
	f.never()
	acc := account{wanted: f.needFlag("create_admin_account"), name: f.text("admin_username")}
	if acc.name == "" {
		acc.name = "admin"
	}
	if acc.email = f.text("admin_email"); acc.wanted {
		acc.email = f.need("admin_email")
	}
	for _, name := range features {
		f.flag(name)
	}
	return acc, f.fault()
}

// invalidParameters is told in the document's words, with the reason beside them.
func invalidParameters(err error) rest.Response {
	return rest.JSON(http.StatusBadRequest, map[string]string{"error": "Invalid parameters", "reason": err.Error()})
}

const alreadySetUp = "Tables have already been set up"

func (a *API) databaseSetup(r *http.Request) (rest.Response, error) {
	acc, err := readAccount(r)
	switch {
	case errors.Is(err, configs.ErrInvalid), errors.Is(err, rest.ErrBody):
		return invalidParameters(err), nil
	case err != nil:
		return rest.Response{}, err
	}
	switch err := a.setUpOnce(r, acc); {
	case errors.Is(err, configs.ErrConflict):
		return rest.JSON(http.StatusConflict, map[string]string{"error": alreadySetUp}), nil
	case errors.Is(err, configs.ErrInvalid):
		return invalidParameters(err), nil
	case err != nil:
		return rest.Response{}, err
	}
	return bare(status), nil
}

// setUpOnce makes the account first: if that cannot be, nothing has happened and the caller may try again.
func (a *API) setUpOnce(r *http.Request, acc account) error {
	is, err := a.service.IsSetup(r.Context())
	switch {
	case err != nil:
		return err
	case is:
		return configs.ErrConflict
	case acc.wanted && a.createAdmin == nil:
		return fmt.Errorf("%w: create_admin_account: this server keeps no users", configs.ErrInvalid)
	case acc.wanted:
		if err := a.createAdmin(r.Context(), acc.name, acc.email); err != nil {
			return err
		}
	}
	return a.service.Setup(r.Context())
}

func (a *API) mockDDL(r *http.Request) (rest.Response, error) {
	_, err := readAccount(r)
	switch {
	case errors.Is(err, configs.ErrInvalid), errors.Is(err, rest.ErrBody):
		return invalidParameters(err), nil
	case err != nil:
		return rest.Response{}, err
	}
	return bare(map[string][]string{"ddls": list(a.service.Tables())}), nil
}

// databaseConnection is a failure of the server's own, whatever kind it is.
func (a *API) databaseConnection(r *http.Request) (rest.Response, error) {
	if err := a.service.Writable(r.Context()); err != nil {
		resp := failed(http.StatusInternalServerError, nil, "records cannot be written, request "+rest.RequestID(r.Context()))
		resp.Cause = err
		return resp, nil
	}
	return bare(struct{}{}), nil
}
