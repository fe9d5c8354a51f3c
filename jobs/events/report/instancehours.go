package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// InstanceHoursInput is what InstanceHours reads.
type InstanceHoursInput struct {
	// Audited are the exists records whose audit period lies in the period, or only the verified ones; others do no harm.
	Audited Stream[Exists]
	// Tenants are all that are known.
	Tenants Stream[Tenant]
	// Body is the stored text of an exists event, nil if it is gone. It is asked once a flavor.
	Body func(event int64) ([]byte, error)
}

// unitMB is the memory of one unit.
const unitMB = 256

// InstanceHours sums up what ran: the hours of each verified exists record, begun hours counting as whole, times the units of
// memory of its flavor. It is an object of nested objects, for which there is no table: row 0 is that object, marked as JSON, with
// total_instance_count, total_unit_hours, flavor, flavor_class, top_hundred_by_count, top_hundred_by_unit_hours and a key for each
// type of tenants (unless it is one of those).
//
// Percentages are of the final totals. StackTach takes those of the records read so far, so that they depend on the order. A flavor
// whose memory is not known any more has no units, and is named in unknown_flavors.
func InstanceHours(_ Params, w Period, in InstanceHoursInput) (Report, error) {
	h := instanceHours{in: in, flavors: map[string]*flavor{}, hours: map[hoursKey]used{}}
	err := each(in.Audited, func(e Exists) error {
		if e.Status == Verified && e.audited(w) {
			h.add(&e)
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	if err := h.weigh(); err != nil {
		return Report{}, err
	}
	tenants, types, err := in.tenants()
	if err != nil {
		return Report{}, err
	}
	return newReport(KindInstanceHours, kinds[KindInstanceHours].name, w, []any{h.object(tenants, types)}), nil
}

type instanceHours struct {
	in      InstanceHoursInput
	flavors map[string]*flavor
	hours   map[hoursKey]used
}

type hoursKey struct{ flavor, tenant string }

// used is a sum: of hours while records are read, of units of memory times hours afterwards.
type used struct {
	count int
	hours float64
}

func (u used) plus(o used) used { return used{u.count + o.count, u.hours + o.hours} }

// flavor is read from the oldest of its records, so that their order does not matter.
type flavor struct {
	exists, event int64
	name, class   string
	units         float64
	known         bool
}

const standardClass = "standard"

func (h *instanceHours) add(e *Exists) {
	id := cmp.Or(e.FlavorID, e.TypeID)
	f := h.flavors[id]
	if f == nil {
		f = &flavor{exists: e.ID, event: e.Event, class: standardClass}
		if class, _, ok := strings.Cut(id, "-"); ok {
			f.class = class
		}
		h.flavors[id] = f
	} else if e.ID < f.exists {
		f.exists, f.event = e.ID, e.Event
	}
	key := hoursKey{id, e.Tenant}
	h.hours[key] = h.hours[key].plus(used{1, hoursOf(e)})
}

// hoursOf are the hours that the instance ran within the audit period.
func hoursOf(e *Exists) float64 {
	start, end := e.Begin, e.End
	if e.Launched.After(start) {
		start = e.Launched
	}
	if !e.Deleted.IsZero() && e.Deleted.Before(end) {
		end = e.Deleted
	}
	return max(0, math.Ceil(end.Sub(start).Hours()))
}

// weigh reads the flavors, and turns hours into units of memory times hours.
func (h *instanceHours) weigh() error {
	for _, id := range slices.Sorted(maps.Keys(h.flavors)) {
		if h.in.Body == nil {
			break
		}
		f := h.flavors[id]
		body, err := h.in.Body(f.event)
		if err != nil {
			return fmt.Errorf("exists %d: %w", f.exists, err)
		}
		f.read(payload(body))
	}
	for key, u := range h.hours {
		h.hours[key] = used{u.count, u.hours * h.flavors[key.flavor].units}
	}
	return nil
}

func (f *flavor) read(payload json.RawMessage) {
	var p struct {
		Name      string `json:"instance_type"`
		Memory    any    `json:"memory_mb"`
		Versioned struct {
			Flavor struct {
				Data struct {
					Name   string `json:"name"`
					Memory any    `json:"memory_mb"`
				} `json:"nova_object.data"`
			} `json:"flavor"`
		} `json:"nova_object.data"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return
	}
	f.name = cmp.Or(p.Name, p.Versioned.Flavor.Data.Name)
	memory := p.Memory
	if memory == nil {
		memory = p.Versioned.Flavor.Data.Memory
	}
	mb, err := strconv.ParseFloat(plain(memory), 64)
	if f.known = err == nil && mb >= 0 && !math.IsInf(mb, 0); f.known {
		f.units = mb / unitMB
	}
}

// tenants are all by id, and the names of all types.
func (in *InstanceHoursInput) tenants() (map[string]Tenant, []string, error) {
	all, types := map[string]Tenant{}, map[string]bool{}
	err := each(in.Tenants, func(t Tenant) error {
		all[t.ID] = t
		for name := range t.Types {
			types[name] = true
		}
		return nil
	})
	return all, slices.Sorted(maps.Keys(types)), err
}
