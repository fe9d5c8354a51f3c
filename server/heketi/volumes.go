package heketi

import (
	"net/http"
	"slices"

	"yardmaster/auth"
	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

func (a *API) volumeCreate(r *http.Request) (rest.Response, error) {
	var q volumeRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.CreateVolume(r.Context(), caller(r), q.spec())
	return start(r, op, err)
}

func (a *API) volumeList(r *http.Request) (rest.Response, error) {
	ids, err := idsIn(a, r, store.Volumes, func(v store.Volume) (string, bool) { return v.ID, !v.Hidden })
	return rest.JSON(http.StatusOK, idsOf{Volumes: ids}), err
}

func (a *API) volumeInfo(r *http.Request) (rest.Response, error) {
	var info volumeInfo
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		v, err := volumes.VisibleVolume(tx, rest.Var(r, "id"))
		if err != nil {
			return err
		}
		if err := mayRead(r, v.Owner); err != nil {
			return err
		}
		info, err = volumeInfoOf(tx, v)
		return err
	})
	return rest.JSON(http.StatusOK, info), err
}

func volumeInfoOf(tx *store.Tx, v store.Volume) (volumeInfo, error) {
	blocks, err := blocksOn(tx, v)
	if err != nil {
		return volumeInfo{}, err
	}
	info := volumeInfo{volumeRecord: volumeRecordOf(v, blocks), Bricks: []brickInfo{}}
	for b, err := range store.Bricks.By(tx, store.ByVolume, v.ID) {
		if err != nil {
			return info, err
		}
		if shown(v, b) {
			info.Bricks = append(info.Bricks, brickInfoOf(b))
		}
	}
	slices.SortFunc(info.Bricks, byBrickID)
	return info, nil
}

// blocksOn lists the block volumes that a hosting volume holds.
func blocksOn(tx *store.Tx, v store.Volume) ([]string, error) {
	if !v.Block {
		return nil, nil
	}
	var ids []string
	for b, err := range store.BlockVolumes.By(tx, store.ByHosting, v.ID) {
		if err != nil {
			return nil, err
		}
		if !b.Hidden {
			ids = append(ids, b.ID)
		}
	}
	return ids, nil
}

// ownVolume says whether the caller may change a volume; administrators are not asked.
func (a *API) ownVolume(r *http.Request) (id string, err error) {
	id = rest.Var(r, "id")
	if auth.Admin.Allows(auth.From(r.Context())) {
		return id, nil
	}
	return id, a.db.View(r.Context(), func(tx *store.Tx) error {
		v, err := volumes.VisibleVolume(tx, id)
		if err != nil {
			return err
		}
		return mayChange(r, v.Owner)
	})
}

func (a *API) volumeDelete(r *http.Request) (rest.Response, error) {
	id, err := a.ownVolume(r)
	if err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.DeleteVolume(r.Context(), caller(r), id)
	return start(r, op, err)
}

type volumeExpandRequest struct {
	Size int `json:"expand_size"`
}

func (q *volumeExpandRequest) check() error {
	c := checks{}
	c.note("expand_size", positive(q.Size))
	return c.err()
}

func (a *API) volumeExpand(r *http.Request) (rest.Response, error) {
	id, err := a.ownVolume(r)
	if err != nil {
		return rest.Response{}, err
	}
	var q volumeExpandRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.ExpandVolume(r.Context(), caller(r), id, q.Size)
	return start(r, op, err)
}

type volumeCloneRequest struct {
	Name string `json:"name"`
}

func (q *volumeCloneRequest) check() error {
	c := checks{}
	c.note("name", optionalName(q.Name))
	return c.err()
}

func (a *API) volumeClone(r *http.Request) (rest.Response, error) {
	id, err := a.ownVolume(r)
	if err != nil {
		return rest.Response{}, err
	}
	var q volumeCloneRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.CloneVolume(r.Context(), caller(r), id, q.Name)
	return start(r, op, err)
}

type restrictRequest struct {
	Restriction string `json:"restriction"`
}

func (q *restrictRequest) check() error {
	c := checks{}
	if q.Restriction != "" && q.Restriction != "locked" {
		c.note("restriction", isValue)
	}
	return c.err()
}

func (a *API) volumeRestrict(r *http.Request) (rest.Response, error) {
	var q restrictRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.SetRestriction(r.Context(), caller(r), rest.Var(r, "id"), q.Restriction)
	return start(r, op, err)
}
