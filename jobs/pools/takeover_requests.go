package pools

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"yardmaster/store"
)

// How a vmpooler says that a request is complete; an open one has no such word.
const (
	requestReady   = "ready"
	requestFailed  = "failed"
	requestDeleted = "deleted"
)

var errNoID = errors.New("names no request")

// foundRequests are the on-demand requests, by how they stand.
type foundRequests struct {
	complete map[string]record
	open     []string
	known    map[string]bool
}

// readRequests translates the on-demand requests that are complete and have machines that run. An open one stays behind: what it
// still waits for has no one left to make it.
func (t *takeover) readRequests(ctx context.Context) error {
	found := foundRequests{complete: map[string]record{}, known: map[string]bool{}}
	for _, step := range []func(context.Context, *foundRequests) error{t.sortRequests, t.queuedRequests, t.joinRequests} {
		if err := step(ctx, &found); err != nil {
			return err
		}
	}
	held := t.heldByRequest()
	for _, id := range slices.Sorted(maps.Keys(found.complete)) {
		t.request(id, found.complete[id], held[id])
	}
	for _, id := range found.open {
		what := id
		if n := len(held[id]); n > 0 {
			what = fmt.Sprintf("%s (%d of its machines run, and come over)", id, n)
		}
		t.report.leave("open requests", "", what)
	}
	return nil
}

func (t *takeover) sortRequests(ctx context.Context, found *foundRequests) error {
	return t.src.Hashes(ctx, t.keys.requests, func(key string, fields map[string]string, err error) error {
		id := strings.TrimPrefix(key, requestKey)
		r := t.record(key, fields)
		found.known[id] = true
		switch status := fields["status"]; {
		case err != nil, id == "":
			r.complain("", "%v", cmp.Or(err, errNoID))
			t.report.Requests.Out++
		case status == requestReady:
			found.complete[id] = r
		case status == requestFailed, status == requestDeleted:
			t.report.EndedRequests++
		default:
			found.open = append(found.open, id)
		}
		return nil
	})
}

// queuedRequests finds those that wait, but have no record.
func (t *takeover) queuedRequests(ctx context.Context, found *foundRequests) error {
	return t.src.Members(ctx, []string{queuedKey, begunKey}, func(key string, members []string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		for _, id := range members {
			if !found.known[id] {
				found.known[id] = true
				found.open = append(found.open, id)
			}
		}
		return nil
	})
}

// joinRequests tells the machines of the complete requests so, where their own records do not.
func (t *takeover) joinRequests(ctx context.Context, found *foundRequests) error {
	type part struct{ id, alias string }
	parts := map[string]part{}
	for id, r := range found.complete {
		if badText(r.fields["requested"], maxText) != "" {
			continue // complained of when the request itself is read
		}
		items, _ := requestItems(r.fields["requested"])
		for _, i := range items {
			parts[strings.Join([]string{keyPrefix + id, i.Alias, i.Pool}, "__")] = part{id, i.Alias}
		}
	}
	return t.src.Members(ctx, slices.Sorted(maps.Keys(parts)), func(key string, members []string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		for _, name := range members {
			if v := t.machines[name]; v != nil && v.Held() {
				v.Request = cmp.Or(v.Request, parts[key].id)
				v.Alias = cmp.Or(v.Alias, parts[key].alias)
			}
		}
		return nil
	})
}

// heldByRequest are the machines that are brought over checked out, by request.
func (t *takeover) heldByRequest() map[string][]*store.VM {
	held := map[string][]*store.VM{}
	for _, name := range slices.Sorted(maps.Keys(t.machines)) {
		if v := t.machines[name]; v.Held() && v.Request != "" {
			held[v.Request] = append(held[v.Request], v)
		}
	}
	return held
}

func (t *takeover) request(id string, r record, machines []*store.VM) {
	if len(machines) == 0 {
		t.report.EndedRequests++
		return
	}
	items, bad := requestItems(r.text("requested"))
	for _, part := range bad {
		r.complain("requested", "%q is not of the form alias:pool:count", clip(part))
	}
	q := &store.VMRequest{ID: id, State: store.RequestReady, Items: holding(items, machines), User: r.text("token:user")}
	if text := r.fields["token:token"]; text != "" {
		q.Token = hashToken(text)
	}
	q.Retries, _ = r.whole("retry_count", 0, maxSize)
	for _, v := range machines {
		q.Requested = earliest(t.now, q.Requested, v.Created)
		if v.CheckedOut.After(q.Ended) {
			q.Ended = v.CheckedOut
		}
	}
	t.requests = append(t.requests, q)
}

// holding makes items what machines were given for, where they do not say so: a request never has more than it asked for.
func holding(items []store.VMRequestItem, machines []*store.VM) []store.VMRequestItem {
	type kind struct{ alias, pool string }
	have := map[kind]int{}
	for _, v := range machines {
		v.Alias = cmp.Or(v.Alias, v.Pool)
		of := kind{v.Alias, v.Pool}
		have[of]++
		i := slices.IndexFunc(items, func(i store.VMRequestItem) bool { return kind{i.Alias, i.Pool} == of })
		if i < 0 {
			i, items = len(items), append(items, store.VMRequestItem{Alias: of.alias, Pool: of.pool})
		}
		items[i].Count = max(items[i].Count, have[of])
	}
	return items
}

// readTasks finds what was asked for and not done; all of it stays behind.
func (t *takeover) readTasks(ctx context.Context) error {
	what := map[string]string{diskKey: "disks not added", snapshotKey: "snapshots not taken", revertKey: "snapshots not reverted to",
		resetKey: "pools not reset"}
	return t.src.Members(ctx, slices.Sorted(maps.Keys(what)), func(key string, members []string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		for _, m := range slices.Sorted(slices.Values(members)) {
			t.report.leave(what[key], "", m)
		}
		return nil
	})
}
