package heketi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"yardmaster/jobs/volumes"
	"yardmaster/server/rest"
	"yardmaster/store"
)

// pendingOperation is an unfinished operation as Heketi's clients list it.
type pendingOperation struct {
	ID        string           `json:"id"`
	TypeName  string           `json:"type_name"`
	Status    volumes.Standing `json:"status"`
	SubStatus string           `json:"sub_status"`
}

type pendingChange struct {
	ID          string `json:"id"`
	Description string `json:"description"`
}

type pendingDetail struct {
	pendingOperation
	Changes []pendingChange `json:"changes"`
}

type pendingOperations struct {
	All []pendingOperation `json:"pendingoperations"`
}

// typeNames are Heketi's words for the kinds. It has none for a brick left on a silent machine; what waits there is a delete.
var typeNames = map[string]string{
	"volume.create": "create-volume", "volume.delete": "delete-volume", "volume.expand": "expand-volume", "volume.clone": "clone-volume",
	"block.create": "create-block-volume", "block.delete": "delete-block-volume", "block.expand": "expand-block-volume",
	"device.evacuate": "remove-device", "brick.evict": "evict-brick", "brick.clean": "delete-volume",
}

func pendingOf(op store.Operation) pendingOperation {
	standing, inFlight := volumes.StandingOf(op)
	out := pendingOperation{ID: op.ID, TypeName: typeNames[op.Kind], Status: standing}
	if inFlight {
		out.SubStatus = "in-flight"
	}
	return out
}

func (a *API) pendingList(r *http.Request) (rest.Response, error) {
	out := pendingOperations{All: []pendingOperation{}}
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		_, ops, err := volumes.Pending(tx)
		for _, op := range ops {
			out.All = append(out.All, pendingOf(op))
		}
		return err
	})
	slices.SortFunc(out.All, func(x, y pendingOperation) int { return strings.Compare(x.ID, y.ID) })
	return rest.JSON(http.StatusOK, out), err
}

func (a *API) pendingInfo(r *http.Request) (rest.Response, error) {
	id := rest.Var(r, "id")
	var out pendingDetail
	err := a.db.View(r.Context(), func(tx *store.Tx) error {
		op, err := volumes.PendingOperation(tx, id)
		if err != nil {
			return err
		}
		bricks, err := store.Bricks.List(tx, store.ByPending, op.ID)
		out = pendingDetail{pendingOf(op), changesOf(op, bricks)}
		return err
	})
	if errors.Is(err, volumes.ErrNotFound) {
		err = &unknownOperation{id}
	}
	return rest.JSON(http.StatusOK, out), err
}

// targetWords say what an operation does to its targets, in their order; the last word counts for all that follow.
var targetWords = map[string][]string{
	"volume.create":   {"Add volume"},
	"volume.delete":   {"Delete volume"},
	"volume.expand":   {"Expand volume"},
	"volume.clone":    {"Add volume", "Clone volume from"},
	"block.create":    {"Add block volume"},
	"block.delete":    {"Delete block volume"},
	"block.expand":    {"Expand block volume"},
	"device.evacuate": {"Remove device", ""},
	"brick.evict":     {"Evict brick", ""},
	"brick.clean":     {"Delete brick"},
}

// brickWords say what it does to the bricks that it holds.
var brickWords = map[string]string{
	"volume.create": "Add brick", "volume.expand": "Add brick", "block.create": "Add brick", "volume.delete": "Delete brick",
}

// changesOf lists what an operation changes: its targets, and the bricks that it holds. An evacuation moves bricks: those
// that have no volume yet are the successors.
func changesOf(op store.Operation, bricks []store.Brick) []pendingChange {
	out := []pendingChange{}
	words := targetWords[op.Kind]
	for i, t := range op.Targets {
		if len(words) == 0 {
			break
		}
		if word := words[min(i, len(words)-1)]; word != "" {
			out = append(out, pendingChange{t.ID, word})
		}
	}
	for _, b := range bricks {
		word := brickWords[op.Kind]
		if op.Kind == "device.evacuate" || op.Kind == "brick.evict" {
			word = "Evict brick"
			if b.Volume == "" {
				word = "Add brick"
			}
		}
		change := pendingChange{b.ID, word}
		if word != "" && !slices.ContainsFunc(out, func(c pendingChange) bool { return c.ID == b.ID }) {
			out = append(out, change)
		}
	}
	return out
}

// maxCleanup is how many operations one cleanup may name.
const maxCleanup = 32

type cleanupRequest struct {
	Operations []string `json:"operations"`
}

func (q *cleanupRequest) check() error {
	c := checks{}
	if n := len(q.Operations); n > maxCleanup {
		c.note("operations", fmt.Sprintf("too many ids specified (%d), up to %d supported", n, maxCleanup))
	}
	for _, id := range q.Operations {
		if !uuidPattern.MatchString(id) {
			c.note("operations", id+" is not a valid UUID")
		}
	}
	return c.err()
}

func (a *API) pendingCleanup(r *http.Request) (rest.Response, error) {
	var q cleanupRequest
	if err := decode(r, &q); err != nil {
		return rest.Response{}, err
	}
	op, err := a.service.Cleanup(r.Context(), caller(r), q.Operations)
	return start(r, op, err)
}
