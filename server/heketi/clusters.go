package heketi

import (
	"errors"
	"net/http"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// flagsRequest has no defaults: what is left out is false.
type flagsRequest struct{ clusterFlags }

func (*flagsRequest) check() error { return nil }

func (a *API) clusterCreate(r *http.Request) (rest.Response, error) {
	var q flagsRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	c, err := a.service.CreateCluster(r.Context(), q.File, q.Block)
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusCreated, emptyCluster(c)), nil
}

func (a *API) clusterFlags(r *http.Request) (rest.Response, error) {
	var q flagsRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	err := a.service.SetClusterFlags(r.Context(), rest.Var(r, "id"), q.File, q.Block)
	return rest.Empty(http.StatusOK), err
}

func (a *API) clusterDelete(r *http.Request) (rest.Response, error) {
	return rest.Empty(http.StatusOK), a.service.DeleteCluster(r.Context(), rest.Var(r, "id"))
}

func (a *API) clusterList(r *http.Request) (rest.Response, error) {
	ids, err := idsIn(a, r, store.Clusters, func(c store.Cluster) (string, bool) { return c.ID, true })
	return rest.JSON(http.StatusOK, idsOf{Clusters: ids}), err
}

func (a *API) clusterInfo(r *http.Request) (rest.Response, error) {
	var info clusterInfo
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		c, err := known(store.Clusters.Get(tx, rest.Var(r, "id")))
		if err != nil {
			return err
		}
		info, err = clusterInfoOf(tx, c)
		return err
	})
	return rest.JSON(http.StatusOK, info), err
}

func emptyCluster(c store.Cluster) clusterInfo {
	return clusterInfo{ID: c.ID, clusterFlags: clusterFlags{Block: c.Block, File: c.File}, Nodes: []string{}, Volumes: []string{}, BlockVolumes: []string{}}
}

// clusterInfoOf names what the cluster holds; what is only coming or already going is left out.
func clusterInfoOf(tx *store.Tx, c store.Cluster) (clusterInfo, error) {
	info := emptyCluster(c)
	for n, err := range store.Nodes.By(tx, store.ByCluster, c.ID) {
		if err != nil {
			return info, err
		}
		if n.Pending == "" {
			info.Nodes = append(info.Nodes, n.ID)
		}
	}
	for v, err := range store.Volumes.By(tx, store.ByCluster, c.ID) {
		if err != nil {
			return info, err
		}
		if !v.Hidden {
			info.Volumes = append(info.Volumes, v.ID)
		}
	}
	for b, err := range store.BlockVolumes.By(tx, store.ByCluster, c.ID) {
		if err != nil {
			return info, err
		}
		if !b.Hidden {
			info.BlockVolumes = append(info.BlockVolumes, b.ID)
		}
	}
	return info, nil
}

// idsIn lists the ids of a table's records, sorted, less those that pick leaves out.
func idsIn[V any](a *API, r *http.Request, t store.Table[V], pick func(V) (id string, ok bool)) ([]string, error) {
	ids := []string{}
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		for v, err := range t.All(tx) {
			if err != nil {
				return err
			}
			if id, ok := pick(v); ok {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

// known gives the store's "not found" the word that clients know.
func known[V any](v V, err error) (V, error) {
	if errors.Is(err, store.ErrNotFound) {
		return v, volumes.ErrNotFound
	}
	return v, err
}
