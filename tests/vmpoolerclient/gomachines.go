package vmpoolerclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Machines is go-vmpooler's client for machines. It knows the first version alone: it puts host and domain together itself.
type Machines struct{ *Client }

// NewMachines is a client whose endpoint is base, with a token.
func NewMachines(base, token string) *Machines { return &Machines{New(base, Go).With(token)} }

// Machine is what it makes of a VM.
type Machine struct {
	VM
	Hostname     string
	OS, Ver, Arc string // the parts of the pool's name, all three of which there must be
}

// send wants 2xx and an object that says ok.
func send(ctx context.Context, c *Client, method, path string, body any) (hash, error) {
	a, err := c.Do(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if a.Status < 200 || a.Status > 299 {
		return nil, &Refused{a}
	}
	var h hash
	if err := a.JSON(&h); err != nil {
		return nil, err
	}
	if h["ok"] != true {
		return nil, &Refused{a}
	}
	return h, nil
}

// Get is a machine by its short name. What makes the original panic is an error here.
func (m *Machines) Get(ctx context.Context, hostname string) (Machine, error) {
	h, err := send(ctx, m.Client, http.MethodGet, "/vm/"+hostname, nil)
	if err != nil {
		return Machine{}, err
	}
	v, err := vmOf(h, hostname)
	if err != nil {
		return Machine{}, err
	}
	if v.FQDN != "" {
		return Machine{}, errors.New("domain is missing")
	}
	v.FQDN = hostname + "." + v.Domain
	parts := strings.Split(v.Template, "-")
	if len(parts) < 3 {
		return Machine{}, fmt.Errorf("template %s has fewer than three parts", v.Template)
	}
	return Machine{VM: v, Hostname: hostname, OS: parts[0], Ver: parts[1], Arc: parts[2]}, nil
}

// GetAll are the machines of its token.
func (m *Machines) GetAll(ctx context.Context) ([]Machine, error) {
	h, err := send(ctx, m.Client, http.MethodGet, "/token/"+m.Token, nil)
	if err != nil {
		return nil, err
	}
	t, err := tokenOf(h, m.Token)
	if err != nil {
		return nil, err
	}
	var all []Machine
	for _, name := range t.Running {
		v, err := m.Get(ctx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Create checks one machine out, and asks for it under the name as it was given.
func (m *Machines) Create(ctx context.Context, template string) (Machine, error) {
	h, err := send(ctx, m.Client, http.MethodPost, "/vm/"+template, nil)
	if err != nil {
		return Machine{}, err
	}
	of, isHash := h[template].(hash)
	hostname, isText := of["hostname"].(string)
	if !isHash || !isText {
		return Machine{}, fmt.Errorf("hostname of %s: %v", template, h[template])
	}
	return m.Get(ctx, hostname)
}

// Delete gives a machine up.
func (m *Machines) Delete(ctx context.Context, hostname string) error {
	_, err := send(ctx, m.Client, http.MethodDelete, "/vm/"+hostname, nil)
	return err
}

// SetLifetime gives a machine another lifetime in hours.
func (m *Machines) SetLifetime(ctx context.Context, hostname string, hours int) (Machine, error) {
	return m.put(ctx, hostname, map[string]int{"lifetime": hours})
}

// AddDisk, and the three after it, are not in the library; programs that use it send them so.
func (m *Machines) AddDisk(ctx context.Context, hostname string, gb int) error {
	_, err := send(ctx, m.Client, http.MethodPost, fmt.Sprintf("/vm/%s/disk/%d", hostname, gb), nil)
	return err
}

// Snapshot asks for a snapshot and gives its id.
func (m *Machines) Snapshot(ctx context.Context, hostname string) (string, error) {
	h, err := send(ctx, m.Client, http.MethodPost, "/vm/"+hostname+"/snapshot", nil)
	if err != nil {
		return "", err
	}
	of, _ := h[hostname].(hash)
	r := reader{of: of}
	return r.text("snapshot"), r.err
}

// Revert asks for a snapshot's state.
func (m *Machines) Revert(ctx context.Context, hostname, snapshot string) error {
	_, err := send(ctx, m.Client, http.MethodPost, "/vm/"+hostname+"/snapshot/"+snapshot, nil)
	return err
}

// Status gives the capacity of all pools, and whether all is well.
func (m *Machines) Status(ctx context.Context) (current, total int, fine bool, err error) {
	a, err := m.With("").Do(ctx, http.MethodGet, "/status", nil)
	if err != nil {
		return 0, 0, false, err
	}
	var s struct {
		Capacity struct{ Current, Total int }
		Status   struct{ OK bool }
	}
	err = a.JSON(&s)
	return s.Capacity.Current, s.Capacity.Total, s.Status.OK, err
}

// SetTags adds tags.
func (m *Machines) SetTags(ctx context.Context, hostname string, tags map[string]string) (Machine, error) {
	return m.put(ctx, hostname, map[string]any{"tags": tags})
}

func (m *Machines) put(ctx context.Context, hostname string, change any) (Machine, error) {
	if _, err := send(ctx, m.Client, http.MethodPut, "/vm/"+hostname, change); err != nil {
		return Machine{}, err
	}
	return m.Get(ctx, hostname)
}

// ListTemplates are the names of the pools.
func (m *Machines) ListTemplates(ctx context.Context) ([]string, error) {
	a, err := m.With("").Do(ctx, http.MethodGet, "/vm", nil)
	if err != nil {
		return nil, err
	}
	var all []string
	return all, a.JSON(&all)
}
