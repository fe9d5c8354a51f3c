package vmpooler

import (
	"net/http"
	"regexp"

	"yardmaster/server/rest"
)

// snapshotNew is POST /vm/{name}/snapshot, which may bring a name for it in the query or in a body.
func (e edition) snapshotNew(r *http.Request) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return rest.Response{}, err
	}
	label, err := snapshotName(r)
	if err != nil {
		return rest.Response{}, err
	}
	id, err := e.service.Snapshot(r.Context(), who(r), name, label)
	if err != nil {
		return rest.Response{}, err
	}
	made := object{{"snapshot", id}}
	if label != "" {
		made.set("name", label)
	}
	return reply(http.StatusAccepted, ok(member{name, made})), nil
}

// A name stands in paths, as an id does.
var snapshotNameForm = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)

func snapshotName(r *http.Request) (string, error) {
	label := r.URL.Query().Get("name")
	raw, err := rest.ReadBody(r)
	if err != nil {
		return "", err
	}
	if len(raw) > 0 {
		body, err := parse(raw)
		if err != nil {
			return "", &syntaxError{err}
		}
		o, isHash := body.(object)
		if !isHash {
			return "", errNotObject
		}
		if v, named := o.get("name"); named && v != nil {
			label, named = v.(string)
			if !named {
				return "", badRequest("name: is not a string")
			}
		}
	}
	switch {
	case dots(label):
		return "", badRequest("name: is a folder in every path")
	case label != "" && !snapshotNameForm.MatchString(label):
		return "", badRequest("name: is not 1 to 64 of letters, digits, '.', '_' and '-'")
	}
	return label, nil
}

// snapshotRevert is POST /vm/{name}/snapshot/{snapshot}, by id or by name.
func (e edition) snapshotRevert(r *http.Request) (rest.Response, error) {
	return e.onSnapshot(r, func(name, snapshot string) error {
		return e.service.Revert(r.Context(), who(r), name, snapshot)
	})
}

// snapshotDelete is DELETE of the same.
func (e edition) snapshotDelete(r *http.Request) (rest.Response, error) {
	return e.onSnapshot(r, func(name, snapshot string) error {
		return e.service.DropSnapshot(r.Context(), who(r), name, snapshot)
	})
}

func (e edition) onSnapshot(r *http.Request, do func(name, snapshot string) error) (rest.Response, error) {
	if err := e.needCaller(r); err != nil {
		return rest.Response{}, err
	}
	name, err := e.machine(rest.Var(r, "name"))
	if err != nil {
		return rest.Response{}, err
	}
	if err := do(name, rest.Var(r, "snapshot")); err != nil {
		return rest.Response{}, err
	}
	return reply(http.StatusAccepted, ok()), nil
}
