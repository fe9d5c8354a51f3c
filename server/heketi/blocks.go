package heketi

import (
	"net/http"

	"yardmaster/auth"
	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

type blockRequest struct {
	Size     int      `json:"size"`
	Clusters []string `json:"clusters"`
	Name     string   `json:"name"`
	HA       int      `json:"hacount"`
	Auth     bool     `json:"auth"`
}

func (q *blockRequest) check() error {
	c := checks{}
	c.note("size", positive(q.Size))
	c.note("name", optionalName(q.Name))
	if q.HA < 0 {
		c.note("hacount", isSmall)
	}
	return c.err()
}

func (a *API) blockCreate(r *http.Request) (rest.Response, error) {
	var q blockRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.CreateBlock(r.Context(), caller(r), volumes.BlockSpec{SizeGiB: q.Size, Name: q.Name, HA: q.HA, Auth: q.Auth, Clusters: q.Clusters})
	return start(r, op, err)
}

func (a *API) blockList(r *http.Request) (rest.Response, error) {
	ids, err := idsIn(a, r, store.BlockVolumes, func(b store.BlockVolume) (string, bool) { return b.ID, !b.Hidden })
	return rest.JSON(http.StatusOK, idsOf{BlockVolumes: ids}), err
}

// blockInfo shows the password of the target to administrators only.
func (a *API) blockInfo(r *http.Request) (rest.Response, error) {
	var b store.BlockVolume
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		var err error
		b, err = volumes.VisibleBlock(tx, rest.Var(r, "id"))
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	if !auth.Admin.Allows(auth.From(r.Context())) {
		return rest.JSON(http.StatusOK, blockInfoOf(b)), nil
	}
	info, err := withSecret(a.service, b)
	return rest.JSON(http.StatusOK, info), err
}

type blockExpandRequest struct {
	Size int `json:"new_size"`
}

func (q *blockExpandRequest) check() error {
	c := checks{}
	c.note("new_size", positive(q.Size))
	return c.err()
}

func (a *API) blockExpand(r *http.Request) (rest.Response, error) {
	var q blockExpandRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.ExpandBlock(r.Context(), caller(r), rest.Var(r, "id"), q.Size)
	return start(r, op, err)
}

func (a *API) blockDelete(r *http.Request) (rest.Response, error) {
	op, err := a.service.DeleteBlock(r.Context(), caller(r), rest.Var(r, "id"))
	return start(r, op, err)
}
