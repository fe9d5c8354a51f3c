package report

import (
	"cmp"
	"maps"
	"slices"
)

// What is said of a tenant of whom nothing is known.
const (
	unknownType    = "unknown"
	unknownAccount = "unknown account"
)

// hoursTable sums up by one property.
type hoursTable map[string]used

func (t hoursTable) add(key string, u used) { t[key] = t[key].plus(u) }

// shares are the sums with their parts of the total.
func (t hoursTable) shares(total used) map[string]metadata {
	out := make(map[string]metadata, len(t))
	for key, u := range t {
		out[key] = u.of(total)
	}
	return out
}

func (u used) of(total used) metadata {
	return metadata{"count": u.count, "unit_hours": Float(u.hours),
		"percent_count": percent(float64(u.count), float64(total.count)), "percent_unit_hours": percent(u.hours, total.hours)}
}

// object is row 0. Sums are taken in the order of keys, so that rounding comes out the same each time.
func (h *instanceHours) object(tenants map[string]Tenant, types []string) metadata {
	total, flavors, classes, byTenant := used{}, hoursTable{}, hoursTable{}, hoursTable{}
	keys := slices.SortedFunc(maps.Keys(h.hours), func(a, b hoursKey) int {
		return cmp.Or(cmp.Compare(a.flavor, b.flavor), cmp.Compare(a.tenant, b.tenant))
	})
	for _, key := range keys {
		u := h.hours[key]
		total = total.plus(u)
		flavors.add(key.flavor, u)
		classes.add(h.flavors[key.flavor].class, u)
		byTenant.add(key.tenant, u)
	}
	flavorShares, unknown := flavors.shares(total), []string{}
	for _, id := range slices.Sorted(maps.Keys(h.flavors)) {
		flavorShares[id]["flavor_name"] = h.flavors[id].name
		if !h.flavors[id].known {
			unknown = append(unknown, id)
		}
	}
	object := metadata{formatKey: formatJSON, "total_instance_count": total.count, "total_unit_hours": Float(total.hours),
		"flavor": flavorShares, "flavor_class": classes.shares(total)}
	if len(unknown) > 0 {
		object["unknown_flavors"] = unknown
	}
	byCount, byHours := map[string]any{}, map[string]any{}
	object["top_hundred_by_count"], object["top_hundred_by_unit_hours"] = byCount, byHours
	for _, name := range types {
		c := customers{kind: name, all: tenants, used: byTenant, total: total}
		byCount[name] = c.top(func(a, b used) int { return cmp.Compare(b.count, a.count) })
		byHours[name] = c.top(func(a, b used) int { return cmp.Compare(b.hours, a.hours) })
		if _, taken := object[name]; !taken {
			object[name] = c.sums().shares(total)
		}
	}
	return object
}

// customers are tenants seen by one of their types.
type customers struct {
	kind  string
	all   map[string]Tenant
	used  hoursTable
	total used
}

// value is that of a tenant's type. One who is not known has unknown for every type; one who is known may lack some.
func (c *customers) value(tenant string) (string, bool) {
	t, known := c.all[tenant]
	if !known {
		return unknownType, true
	}
	v, ok := t.Types[c.kind]
	return v, ok
}

func (c *customers) sums() hoursTable {
	sums := hoursTable{}
	for _, tenant := range slices.Sorted(maps.Keys(c.used)) {
		if v, ok := c.value(tenant); ok {
			sums.add(v, c.used[tenant])
		}
	}
	return sums
}

// top are, by value, the tenants that come first by this order.
func (c *customers) top(order func(a, b used) int) map[string][]metadata {
	out := map[string][]metadata{}
	tenants := slices.SortedFunc(maps.Keys(c.used), func(a, b string) int { return cmp.Or(order(c.used[a], c.used[b]), cmp.Compare(a, b)) })
	for _, tenant := range tenants {
		v, ok := c.value(tenant)
		if !ok || len(out[v]) == mostTenants {
			continue
		}
		row := metadata{c.kind: v}
		maps.Copy(row, c.used[tenant].of(c.total))
		row["tenant"], row["account_name"] = tenant, unknownAccount
		if t, known := c.all[tenant]; known {
			row["account_name"] = t.Name
		}
		out[v] = append(out[v], row)
	}
	return out
}
