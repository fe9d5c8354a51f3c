package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// ref names one thing on the server.
type ref = types.ManagedObjectReference

// retrieve reads properties of objects of one type. Objects that have gone meanwhile are left out.
func retrieve[T any](ctx context.Context, c *vim25.Client, refs []ref, properties ...string) ([]T, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	objects := make([]types.ObjectSpec, len(refs))
	for i, r := range refs {
		objects[i] = types.ObjectSpec{Obj: r}
	}
	found, err := query(ctx, c, objects, sought(refs[0].Type, properties...))
	if err != nil {
		return nil, err
	}
	return every[T](found)
}

// one is retrieve of a single object, which must be there.
func one[T any](ctx context.Context, c *vim25.Client, r ref, properties ...string) (T, error) {
	all, err := retrieve[T](ctx, c, []ref{r}, properties...)
	if err != nil || len(all) == 1 {
		return first(all), err
	}
	return first(all), &fault{&types.LocalizedMethodFault{Fault: &types.ManagedObjectNotFound{Obj: r}}}
}

func first[T any](all []T) (t T) {
	if len(all) > 0 {
		t = all[0]
	}
	return t
}

// query collects properties of the objects that a search from some objects meets.
func query(ctx context.Context, c *vim25.Client, from []types.ObjectSpec, properties ...types.PropertySpec) ([]types.ObjectContent, error) {
	return mo.RetrievePropertiesEx(ctx, c, types.RetrievePropertiesEx{
		This: c.ServiceContent.PropertyCollector,
		SpecSet: []types.PropertyFilterSpec{{
			ObjectSet: from, PropSet: properties, ReportMissingObjectsInResults: types.NewBool(true),
		}},
	})
}

// sought says which properties of a type a query collects.
func sought(kind string, properties ...string) types.PropertySpec {
	return types.PropertySpec{Type: kind, PathSet: properties}
}

// every picks the objects of one type out of what a query found.
func every[T any](found []types.ObjectContent) ([]T, error) {
	var all []T
	for _, o := range found {
		ok, err := whole(&o)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		v, err := mo.ObjectContentToType(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Obj.Type, err)
		}
		if t, ok := v.(T); ok {
			all = append(all, t)
		}
	}
	return all, nil
}

// whole says that an object is still there, and lets go of what the server could not tell of it because a part of it is not.
func whole(o *types.ObjectContent) (bool, error) {
	for _, m := range o.MissingSet {
		f, ok := m.Fault.Fault.(*types.ManagedObjectNotFound)
		if !ok {
			return false, &fault{&m.Fault}
		}
		if f.Obj == o.Obj {
			return false, nil
		}
	}
	o.MissingSet = nil
	return true, nil
}

// below searches a folder and all folders in it.
func below(folder ref, then ...types.BaseSelectionSpec) types.ObjectSpec {
	again := &types.SelectionSpec{Name: "folders"}
	return types.ObjectSpec{Obj: folder, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{
		SelectionSpec: *again, Type: "Folder", Path: "childEntity", SelectSet: append([]types.BaseSelectionSpec{again}, then...),
	}}}
}

// along follows one property of an object to the objects that it names.
func along(from ref, path string) types.ObjectSpec {
	return types.ObjectSpec{Obj: from, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{step(from.Type, path)}}
}

func step(kind, path string) *types.TraversalSpec {
	return &types.TraversalSpec{Type: kind, Path: path}
}
