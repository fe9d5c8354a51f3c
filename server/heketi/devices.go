package heketi

import (
	"net/http"
	"path"
	"slices"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

type deviceAddRequest struct {
	Node        string            `json:"node"`
	Name        string            `json:"name"`
	DestroyData bool              `json:"destroydata"`
	Tags        map[string]string `json:"tags"`
}

func (q *deviceAddRequest) check() error {
	c := checks{}
	c.note("node", uuid(q.Node))
	switch {
	case q.Name == "":
		c.note("name", isBlank)
	case !devicePattern.MatchString(q.Name) || path.Clean(q.Name) != q.Name:
		c.note("name", isFormat)
	}
	c.note("tags", tags(q.Tags))
	return c.err()
}

func (a *API) deviceAdd(r *http.Request) (rest.Response, error) {
	var q deviceAddRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.AddDevice(r.Context(), caller(r), volumes.DeviceSpec{Node: q.Node, Name: q.Name, Destroy: q.DestroyData, Tags: q.Tags})
	return start(r, op, err)
}

func (a *API) deviceList(r *http.Request) (rest.Response, error) {
	ids, err := idsIn(a, r, store.Devices, func(d store.Device) (string, bool) { return d.ID, !coming(d) })
	return rest.JSON(http.StatusOK, idsOf{Devices: ids}), err
}

// coming says that the device is still being added; one that is being removed is there until it is gone.
func coming(d store.Device) bool { return d.Pending != "" && d.TotalKiB == 0 }

func (a *API) deviceInfo(r *http.Request) (rest.Response, error) {
	var info deviceInfo
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		d, err := volumes.VisibleDevice(tx, rest.Var(r, "id"))
		if err != nil {
			return err
		}
		info, err = deviceInfoOf(tx, d)
		return err
	})
	return rest.JSON(http.StatusOK, info), err
}

// deviceInfoOf lists every brick that takes space, those that are coming or going included.
func deviceInfoOf(tx *store.Tx, d store.Device) (deviceInfo, error) {
	info := deviceInfo{deviceRecord: deviceRecordOf(d), State: d.State, Bricks: []brickInfo{}}
	for b, err := range store.Bricks.By(tx, store.ByDevice, d.ID) {
		if err != nil {
			return info, err
		}
		info.Bricks = append(info.Bricks, brickInfoOf(b))
	}
	slices.SortFunc(info.Bricks, byBrickID)
	return info, nil
}

type deviceDeleteRequest struct {
	ForceForget bool `json:"forceforget"`
}

func (*deviceDeleteRequest) check() error { return nil }

func (a *API) deviceDelete(r *http.Request) (rest.Response, error) {
	var q deviceDeleteRequest
	if err := decodeOptional(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.DeleteDevice(r.Context(), caller(r), rest.Var(r, "id"), q.ForceForget)
	return start(r, op, err)
}

func (a *API) deviceState(r *http.Request) (rest.Response, error) {
	var q stateRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.SetDeviceState(r.Context(), caller(r), rest.Var(r, "id"), q.State, q.heal)
	return start(r, op, err)
}

func (a *API) deviceResync(r *http.Request) (rest.Response, error) {
	op, err := a.service.ResyncDevice(r.Context(), caller(r), rest.Var(r, "id"))
	return start(r, op, err)
}

func (a *API) deviceTags(r *http.Request) (rest.Response, error) {
	var q tagsRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	all, err := a.service.SetDeviceTags(r.Context(), rest.Var(r, "id"), q.Change, q.Tags)
	return rest.JSON(http.StatusOK, all), err
}
