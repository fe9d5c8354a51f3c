package heketi

import (
	"errors"
	"fmt"
	"net/http"

	"yardmaster/server/rest"
	"yardmaster/store"
)

// tableCheck is what a look at one table found.
type tableCheck struct {
	Total           int      `json:"total"`
	Pending         int      `json:"pending"`
	OK              int      `json:"ok"`
	NotOK           int      `json:"notok"`
	Inconsistencies []string `json:"inconsistencies"`
}

// add counts a record, what is wrong with it, and whether an operation holds it.
func (t *tableCheck) add(pending string, faults ...string) {
	t.Total++
	if pending != "" {
		t.Pending++
	}
	if len(faults) == 0 {
		t.OK++
		return
	}
	t.NotOK++
	t.Inconsistencies = append(t.Inconsistencies, faults...)
}

type storeCheck struct {
	Clusters     tableCheck `json:"clusters"`
	Volumes      tableCheck `json:"volumes"`
	Bricks       tableCheck `json:"bricks"`
	Nodes        tableCheck `json:"nodes"`
	Devices      tableCheck `json:"devices"`
	BlockVolumes tableCheck `json:"blockvolumes"`
	Attributes   tableCheck `json:"dbattributes"`
	Operations   tableCheck `json:"pendingoperations"`
	Total        int        `json:"totalinconsistencies"`
}

func (c *storeCheck) tables() map[string]*tableCheck {
	return map[string]*tableCheck{"clusters": &c.Clusters, "volumes": &c.Volumes, "bricks": &c.Bricks, "nodes": &c.Nodes, "devices": &c.Devices,
		"blockvolumes": &c.BlockVolumes, "settings": &c.Attributes, "operations": &c.Operations}
}

// dbCheck looks twice: at the file and its indexes, and at whether the records name each other rightly.
func (a *API) dbCheck(r *http.Request) (rest.Response, error) {
	problems, err := a.db.Check(r.Context())
	if err != nil {
		return rest.Response{}, err
	}
	var c storeCheck
	if err := a.db.View(r.Context(), c.look); err != nil {
		return rest.Response{}, err
	}
	tables := c.tables()
	for _, p := range problems {
		t := tables[p.Table]
		if t == nil {
			t = &c.Attributes
		}
		t.NotOK++
		t.Inconsistencies = append(t.Inconsistencies, p.String())
	}
	for _, t := range tables {
		t.Inconsistencies = list(t.Inconsistencies)
		c.Total += len(t.Inconsistencies)
	}
	resp := rest.JSON(http.StatusOK, c)
	resp.Indent = dumpIndent
	return resp, nil
}

// links says which of the ids that a record names are not there.
type links struct {
	tx     *store.Tx
	of     string
	faults []string
	err    error
}

func from(tx *store.Tx, table, id string) *links { return &links{tx: tx, of: table + " " + id} }

func refers[V any](l *links, t store.Table[V], noun, id string) {
	_, err := t.Get(l.tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		l.faults = append(l.faults, fmt.Sprintf("%s: %s %q is not there", l.of, noun, id))
	case err != nil && l.err == nil:
		l.err = err
	}
}

// held checks that the operation which holds a record has not ended.
func (l *links) held(pending string) {
	if pending == "" {
		return
	}
	op, err := store.Operations.Get(l.tx, pending)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !op.State.Live():
		l.faults = append(l.faults, fmt.Sprintf("%s: is held by operation %q, which has ended", l.of, pending))
	case err != nil && l.err == nil:
		l.err = err
	}
}

func (l *links) expect(ok bool, format string, args ...any) {
	if !ok {
		l.faults = append(l.faults, l.of+": "+fmt.Sprintf(format, args...))
	}
}

func (c *storeCheck) look(tx *store.Tx) error {
	var broken error
	settle := func(t *tableCheck, l *links, pending string) {
		t.add(pending, l.faults...)
		broken = errors.Join(broken, l.err)
	}
	err := errors.Join(
		each(tx, store.Clusters, func(v store.Cluster) { settle(&c.Clusters, from(tx, "cluster", v.ID), "") }),
		each(tx, store.Nodes, func(v store.Node) { settle(&c.Nodes, nodeLinks(tx, v), v.Pending) }),
		each(tx, store.Devices, func(v store.Device) { settle(&c.Devices, deviceLinks(tx, v), v.Pending) }),
		each(tx, store.Volumes, func(v store.Volume) { settle(&c.Volumes, volumeLinks(tx, v), v.Pending) }),
		each(tx, store.Bricks, func(v store.Brick) { settle(&c.Bricks, brickLinks(tx, v), v.Pending) }),
		each(tx, store.BlockVolumes, func(v store.BlockVolume) { settle(&c.BlockVolumes, blockLinks(tx, v), v.Pending) }),
		each(tx, store.Settings, func(v store.Setting) { settle(&c.Attributes, from(tx, "setting", v.Name), "") }),
	)
	for op, lerr := range store.LiveOperations(tx) {
		if lerr != nil {
			return lerr
		}
		settle(&c.Operations, from(tx, "operation", op.ID), op.ID)
	}
	return errors.Join(err, broken)
}
