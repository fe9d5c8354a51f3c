package vmpoolerclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Floaty is vmfloaty: one method for each of its commands. Names of methods are those of the commands.
type Floaty struct {
	*Client
	Poll time.Duration // between two looks at an on-demand request; the original waits 5 s
}

// NewFloaty is vmfloaty with "url" set to base.
func NewFloaty(base string) *Floaty { return &Floaty{Client: New(base, Ruby), Poll: 5 * time.Second} }

// With is the same with "token" set.
func (f *Floaty) With(token string) *Floaty { return &Floaty{f.Client.With(token), f.Poll} }

// hash is an answer as Ruby reads it, any JSON object.
type hash = map[string]any

// bare is the same without the token: what only looks sends none.
func (f *Floaty) bare() *Floaty { return f.With("") }

// call reads the object that every answer must be, whatever its status.
func (f *Floaty) call(ctx context.Context, method, path string, body any) (hash, Answer, error) {
	a, err := f.Do(ctx, method, path, body)
	if err != nil {
		return nil, a, err
	}
	var h hash
	if err := a.JSON(&h); err != nil {
		return nil, a, err
	}
	return h, a, nil
}

// must is call for the commands that fail unless the answer says ok.
func (f *Floaty) must(ctx context.Context, method, path string, body any) (hash, error) {
	h, a, err := f.call(ctx, method, path, body)
	if err == nil && h["ok"] != true {
		err = &Refused{a}
	}
	return h, err
}

// mostOfAKind is how many machines of one kind it asks for without --force.
const mostOfAKind = 5

// kinds turns "a=2", "b" into "a+a+b".
func kinds(args []string) (string, error) {
	var all []string
	for _, arg := range args {
		name, count, counted := strings.Cut(arg, "=")
		n := 1
		if counted {
			n, _ = strconv.Atoi(count)
		}
		if n > mostOfAKind {
			return "", fmt.Errorf("%d of %s need --force", n, name)
		}
		for range n {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return "", errors.New("no operating systems given")
	}
	return strings.Join(all, "+"), nil
}

// Get is "get a=2 b": the machines by what was asked for, each with its domain.
func (f *Floaty) Get(ctx context.Context, args ...string) (map[string][]string, error) {
	names, err := kinds(args)
	if err != nil {
		return nil, err
	}
	h, err := f.must(ctx, http.MethodPost, "/vm/"+names, nil)
	if err != nil {
		return nil, err
	}
	return hosts(h)
}

// GetOnDemand is "get --ondemand a=2 b". Progress, if given, is told each count that is shown meanwhile.
func (f *Floaty) GetOnDemand(ctx context.Context, progress func(kind, ready, pending string), args ...string) (map[string][]string, error) {
	names, err := kinds(args)
	if err != nil {
		return nil, err
	}
	asked, err := f.must(ctx, http.MethodPost, "/ondemandvm/"+names, nil)
	if err != nil {
		return nil, err
	}
	id, isText := asked["request_id"].(string)
	if !isText {
		return nil, fmt.Errorf("request_id is %v", asked["request_id"])
	}
	for {
		h, a, err := f.bare().call(ctx, http.MethodGet, "/ondemandvm/"+id, nil)
		switch {
		case err != nil:
			return nil, err
		case h["ready"] == true:
			return hosts(h)
		case a.Status != http.StatusAccepted:
			return nil, &Refused{a}
		}
		if err := shown(h, progress); err != nil {
			return nil, err
		}
		if err := pause(ctx, f.Poll); err != nil {
			return nil, err
		}
	}
}

// shown is what it prints while it waits: texts, since it joins them.
func shown(h hash, progress func(kind, ready, pending string)) error {
	for kind, v := range h {
		if slices.Contains([]string{"ok", "ready", "request_id", "domain"}, kind) {
			continue
		}
		counts, _ := v.(hash)
		ready, isText := counts["ready"].(string)
		pending, too := counts["pending"].(string)
		if !isText || !too {
			return fmt.Errorf("%s is %v, want texts", kind, v)
		}
		if progress != nil {
			progress(kind, ready, pending)
		}
	}
	return nil
}

// hosts reads an answer that hands out machines. What is not a kind is known by its key.
func hosts(h hash) (map[string][]string, error) {
	domain, _ := h["domain"].(string)
	out := map[string][]string{}
	for kind, v := range h {
		if slices.Contains([]string{"ok", "domain", "request_id", "ready"}, kind) {
			continue
		}
		of, isHash := v.(hash)
		if !isHash {
			return nil, fmt.Errorf("key %s has no hostname: %v", kind, v)
		}
		names, err := texts(of["hostname"])
		if err != nil {
			return nil, fmt.Errorf("hostname of %s: %w", kind, err)
		}
		for _, name := range names {
			if domain != "" {
				name += "." + domain
			}
			out[kind] = append(out[kind], name)
		}
	}
	return out, nil
}

// texts is a text or a list of them.
func texts(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case []any:
		var out []string
		for _, e := range v {
			s, isText := e.(string)
			if !isText {
				return nil, fmt.Errorf("%v is no text", e)
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%v is neither a text nor a list", v)
}

// Query is "query HOST".
func (f *Floaty) Query(ctx context.Context, host string) (VM, error) {
	h, err := f.bare().must(ctx, http.MethodGet, "/vm/"+host, nil)
	if err != nil {
		return VM{}, err
	}
	short, _, _ := strings.Cut(host, ".")
	return vmOf(h, short)
}

// Modify is "modify HOST" with any of lifetime, tags and disk.
func (f *Floaty) Modify(ctx context.Context, host string, change map[string]any) error {
	_, err := f.must(ctx, http.MethodPut, "/vm/"+host, change)
	return err
}

// Delete is "delete HOST,HOST": who could not be deleted, with the answer's status.
func (f *Floaty) Delete(ctx context.Context, hosts ...string) (failed map[string]int, err error) {
	failed = map[string]int{}
	for _, host := range hosts {
		h, a, err := f.call(ctx, http.MethodDelete, "/vm/"+host, nil)
		if err != nil {
			return failed, err
		}
		if h["ok"] != true {
			failed[host] = a.Status
		}
	}
	return failed, nil
}

// Snapshot is "snapshot HOST": the new snapshot's id.
func (f *Floaty) Snapshot(ctx context.Context, host string) (string, error) {
	h, err := f.must(ctx, http.MethodPost, "/vm/"+host+"/snapshot", nil)
	if err != nil {
		return "", err
	}
	short, _, _ := strings.Cut(host, ".")
	of, _ := h[short].(hash)
	id, isText := of["snapshot"].(string)
	if !isText {
		return "", fmt.Errorf("snapshot of %s: %v", short, h)
	}
	return id, nil
}

// Revert is "revert HOST SNAPSHOT".
func (f *Floaty) Revert(ctx context.Context, host, snapshot string) error {
	_, err := f.must(ctx, http.MethodPost, "/vm/"+host+"/snapshot/"+snapshot, nil)
	return err
}

// Disk is what "modify --disk" of older versions sends.
func (f *Floaty) Disk(ctx context.Context, host string, gb int) error {
	_, err := f.must(ctx, http.MethodPost, fmt.Sprintf("/vm/%s/disk/%d", host, gb), nil)
	return err
}

// Summary is "summary".
func (f *Floaty) Summary(ctx context.Context) (map[string]any, error) {
	h, a, err := f.bare().call(ctx, http.MethodGet, "/summary", nil)
	if err == nil && a.Status != http.StatusOK {
		err = &Refused{a}
	}
	return h, err
}

// sorted are the keys of a map, as a person reads them.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
