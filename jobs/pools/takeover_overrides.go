package pools

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"yardmaster/store"
)

// readOverrides translates what was changed of pools while the vmpooler ran, and notes what each pool cloned last.
func (t *takeover) readOverrides(ctx context.Context) error {
	t.overrides = map[string]*store.PoolOverride{}
	keys := []string{sizeKey, templateKey, targetKey, preparedKey}
	return t.src.Hashes(ctx, keys, func(key string, fields map[string]string, err error) error {
		if err != nil {
			t.report.complain(key, "", err.Error())
		}
		if key == preparedKey {
			t.prepared = fields
			return nil
		}
		r := t.record(key, fields)
		for _, pool := range slices.Sorted(maps.Keys(fields)) {
			t.override(r, key, pool)
		}
		return nil
	})
}

func (t *takeover) override(r record, key, pool string) {
	if t.pools[pool] == nil {
		t.report.unknownPool(pool).Overrides++
		return
	}
	o := cmp.Or(t.overrides[pool], &store.PoolOverride{Pool: pool})
	switch key {
	case sizeKey:
		size, ok := r.whole(pool, 0, maxSize)
		if !ok {
			return
		}
		o.Size = &size
	case templateKey:
		o.Template = r.text(pool)
	case targetKey:
		o.CloneTarget = r.text(pool)
	}
	if *o != (store.PoolOverride{Pool: pool}) {
		t.overrides[pool] = o
	}
}

// template is what the machines of a pool were cloned from: those of an earlier template are gone once a new one is prepared.
func (t *takeover) template(pool string) string {
	prepared := t.prepared[pool]
	if badText(prepared, maxText) != "" {
		prepared = ""
	}
	if o := t.overrides[pool]; o != nil {
		return cmp.Or(prepared, o.Template, t.pools[pool].Template)
	}
	return cmp.Or(prepared, t.pools[pool].Template)
}

// target is where the machines of a pool were cloned to.
func (t *takeover) target(pool string) string {
	if o := t.overrides[pool]; o != nil && o.CloneTarget != "" {
		return o.CloneTarget
	}
	return t.pools[pool].CloneTarget
}
