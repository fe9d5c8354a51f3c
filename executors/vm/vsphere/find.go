package vsphere

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// find gives what is at an inventory path, or nil.
func find(ctx context.Context, c *vim25.Client, inventory string) (*ref, error) {
	res, err := methods.FindByInventoryPath(ctx, c, &types.FindByInventoryPath{This: *c.ServiceContent.SearchIndex, InventoryPath: inventory})
	if err != nil {
		return nil, err
	}
	return res.Returnval, nil
}

// only keeps the path of the only datacenter for a while.
type only struct {
	mu    sync.Mutex
	path  string
	asked time.Time
}

func (o *only) get(now time.Time, age time.Duration) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.asked) < age {
		return o.path
	}
	return ""
}

func (o *only) set(path string, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.path, o.asked = path, now
}

// datacenter gives the path of a pool's datacenter: its own, the configured one, or the only one.
func (p *Provider) datacenter(ctx context.Context, c *vim25.Client, pool vm.Pool) (string, error) {
	for _, name := range []string{pool.Datacenter, p.cfg.Datacenter} {
		if name != "" {
			return "/" + strings.Trim(name, "/"), nil
		}
	}
	now := p.cfg.Now()
	if known := p.only.get(now, p.cfg.HostsMaxAge); known != "" {
		return known, nil
	}
	found, err := query(ctx, c, []types.ObjectSpec{below(c.ServiceContent.RootFolder)}, sought("Datacenter", "name"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", wrong("datacenter: missing, and the server shows %d", len(found))
	}
	at, err := inventoryPath(ctx, c, found[0].Obj)
	if err == nil {
		p.only.set(at, now)
	}
	return at, err
}

// inventoryPath is where an object is, below the root folder.
func inventoryPath(ctx context.Context, c *vim25.Client, of ref) (string, error) {
	ancestors, err := mo.Ancestors(ctx, c, c.ServiceContent.PropertyCollector, of)
	if err != nil {
		return "", err
	}
	at := ""
	for i, a := range ancestors {
		if i > 0 { // the root folder has no place in paths
			at += "/" + a.Name
		}
	}
	return at, nil
}

// place is where the machines of a pool are.
type place struct {
	datacenter string // path
	folder     string // path
}

func (p *Provider) place(ctx context.Context, c *vim25.Client, pool vm.Pool) (place, error) {
	folder, err := relative("folder", pool.Folder)
	if err != nil {
		return place{}, err
	}
	dc, err := p.datacenter(ctx, c, pool)
	if err != nil {
		return place{}, err
	}
	return place{dc, machines(dc) + "/" + folder}, nil
}

// machines is the path of the folder that holds all machines of a datacenter.
func machines(datacenter string) string { return datacenter + "/vm" }

// relative checks a path below the folder of all machines.
func relative(field, text string) (string, error) {
	clean := strings.Trim(text, "/")
	if clean == "" {
		return "", wrong("%s: missing", field)
	}
	if path.Clean(clean) != clean || strings.HasPrefix(clean, "..") {
		return "", wrong("%s: %q is not a path of names", field, text)
	}
	return clean, nil
}

// newName checks the name of a machine to be: one label of a host name, which the server keeps as it is.
func newName(name string) error {
	ok := name != "" && len(name) <= 63 && !strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-")
	for _, r := range name {
		ok = ok && (r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}
	if !ok {
		return wrong("name: %q is not a host name", name)
	}
	return nil
}

// machine finds a machine of a pool: ErrNotFound if there is none.
func (p *Provider) machine(ctx context.Context, c *vim25.Client, pool vm.Pool, name string) (ref, error) {
	if name == "" || strings.Contains(name, "/") {
		return ref{}, fmt.Errorf("%w: %q is no name", vm.ErrNotFound, name)
	}
	at, err := p.place(ctx, c, pool)
	if err != nil {
		return ref{}, err
	}
	found, err := find(ctx, c, at.folder+"/"+name)
	if err != nil {
		return ref{}, err
	}
	if found == nil || found.Type != "VirtualMachine" {
		return ref{}, fmt.Errorf("%w in %s", vm.ErrNotFound, at.folder)
	}
	return *found, nil
}

// folder finds the folder of a pool, or nil.
func (p *Provider) folder(ctx context.Context, c *vim25.Client, at place) (*ref, error) {
	found, err := find(ctx, c, at.folder)
	if err != nil || found == nil {
		return nil, err
	}
	if found.Type != "Folder" {
		return nil, wrong("folder: %s is a %s", at.folder, found.Type)
	}
	return found, nil
}

// makeFolder creates what is missing of the folder of a pool.
func (p *Provider) makeFolder(ctx context.Context, c *vim25.Client, at place) (ref, error) {
	top := machines(at.datacenter)
	parent, err := find(ctx, c, top)
	if err != nil {
		return ref{}, err
	}
	if parent == nil {
		return ref{}, wrong("datacenter: no %s", at.datacenter)
	}
	for _, name := range strings.Split(strings.TrimPrefix(at.folder, top+"/"), "/") {
		top += "/" + name
		next, err := p.folder(ctx, c, place{folder: top})
		if err != nil {
			return ref{}, err
		}
		if next == nil {
			if next, err = p.addFolder(ctx, c, *parent, name, top); err != nil {
				return ref{}, err
			}
		}
		parent = next
	}
	return *parent, nil
}

// addFolder creates one folder, or finds the one that another call has just created.
func (p *Provider) addFolder(ctx context.Context, c *vim25.Client, parent ref, name, at string) (*ref, error) {
	made, err := object.NewFolder(c, parent).CreateFolder(ctx, name)
	if isFault[*types.DuplicateName](err) {
		found, err := p.folder(ctx, c, place{folder: at})
		if err == nil && found == nil {
			err = fmt.Errorf("folder %s: it is there and it is not: %w", at, vm.ErrUnavailable)
		}
		return found, err
	}
	if err != nil {
		return nil, fmt.Errorf("folder %s: %w", at, err)
	}
	p.log.Info("folder created", "folder", at)
	r := made.Reference()
	return &r, nil
}

// called finds the machines of a datacenter by their name, in whatever folder.
func called(ctx context.Context, c *vim25.Client, at place, name string) ([]ref, error) {
	all, err := find(ctx, c, machines(at.datacenter))
	if err != nil {
		return nil, err
	}
	if all == nil {
		return nil, wrong("datacenter: no %s", at.datacenter)
	}
	found, err := query(ctx, c, []types.ObjectSpec{below(*all)}, sought("VirtualMachine", "name"))
	if err != nil {
		return nil, err
	}
	var refs []ref
	for _, o := range found {
		if strings.EqualFold(nameOf(o), name) {
			refs = append(refs, o.Obj)
		}
	}
	return refs, nil
}
