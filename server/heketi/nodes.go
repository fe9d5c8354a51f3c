package heketi

import (
	"net/http"
	"slices"
	"time"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

type nodeAddRequest struct {
	Zone      int               `json:"zone"`
	Hostnames hostnames         `json:"hostnames"`
	Cluster   string            `json:"cluster"`
	Tags      map[string]string `json:"tags"`
}

func (q *nodeAddRequest) check() error {
	names := checks{}
	names.note("manage", hosts(q.Hostnames.Manage, "manage"))
	names.note("storage", hosts(q.Hostnames.Storage, "storage"))
	c := checks{}
	c.note("zone", positive(q.Zone))
	c.note("hostnames", names.nested())
	c.note("cluster", uuid(q.Cluster))
	c.note("tags", tags(q.Tags))
	return c.err()
}

// addTime is longer than the service waits for a machine's first word.
const addTime = 2 * time.Minute

// nodeAdd answers when the machine was found to run glusterd, or to be silent.
func (a *API) nodeAdd(r *http.Request) (rest.Response, error) {
	var q nodeAddRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	ctx, end := patience(r, addTime)
	defer end()
	op, err := a.service.AddNode(ctx, caller(r), volumes.NodeSpec{
		Cluster: q.Cluster, Zone: q.Zone, Manage: q.Hostnames.Manage, Storage: q.Hostnames.Storage, Tags: q.Tags,
	})
	return start(r, op, err)
}

func (a *API) nodeList(r *http.Request) (rest.Response, error) {
	ids, err := idsIn(a, r, store.Nodes, func(n store.Node) (string, bool) { return n.ID, n.Pending == "" })
	return rest.JSON(http.StatusOK, idsOf{Nodes: ids}), err
}

func (a *API) nodeInfo(r *http.Request) (rest.Response, error) {
	var info nodeInfo
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		n, err := volumes.VisibleNode(tx, rest.Var(r, "id"))
		if err != nil {
			return err
		}
		info, err = nodeInfoOf(tx, n)
		return err
	})
	return rest.JSON(http.StatusOK, info), err
}

func nodeInfoOf(tx *store.Tx, n store.Node) (nodeInfo, error) {
	info := nodeInfo{nodeRecord: nodeRecordOf(n), State: n.State, Devices: []deviceInfo{}}
	for d, err := range store.Devices.By(tx, store.ByNode, n.ID) {
		if err != nil {
			return info, err
		}
		if coming(d) {
			continue
		}
		device, err := deviceInfoOf(tx, d)
		if err != nil {
			return info, err
		}
		info.Devices = append(info.Devices, device)
	}
	return info, nil
}

func (a *API) nodeDelete(r *http.Request) (rest.Response, error) {
	op, err := a.service.DeleteNode(r.Context(), caller(r), rest.Var(r, "id"))
	return start(r, op, err)
}

type stateRequest struct {
	State     store.EntryState `json:"state"`
	HealCheck string           `json:"healcheck"`
	heal      bool
}

var entryStates = []store.EntryState{store.Online, store.Offline, store.FailedGone}

func (q *stateRequest) check() error {
	c := checks{}
	switch {
	case q.State == "":
		c.note("state", isBlank)
	case !slices.Contains(entryStates, q.State):
		c.note("state", string(q.State)+" is not valid state")
	}
	var fault string
	q.heal, fault = healCheck(q.HealCheck)
	c.note("healcheck", fault)
	return c.err()
}

func (a *API) nodeState(r *http.Request) (rest.Response, error) {
	var q stateRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.SetNodeState(r.Context(), caller(r), rest.Var(r, "id"), q.State, q.heal)
	return start(r, op, err)
}

type tagsRequest struct {
	Change volumes.TagChange `json:"change_type"`
	Tags   map[string]string `json:"tags"`
}

func (q *tagsRequest) check() error {
	c := checks{}
	switch q.Change {
	case "":
		c.note("change_type", isBlank)
	case volumes.TagsSet, volumes.TagsUpdate, volumes.TagsDelete:
	default:
		c.note("change_type", isValue)
	}
	c.note("tags", tags(q.Tags))
	return c.err()
}

func (a *API) nodeTags(r *http.Request) (rest.Response, error) {
	var q tagsRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	all, err := a.service.SetNodeTags(r.Context(), rest.Var(r, "id"), q.Change, q.Tags)
	return rest.JSON(http.StatusOK, all), err
}
