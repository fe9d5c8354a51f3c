package report

import (
	"cmp"
	"maps"
	"slices"
)

// BandwidthInput is what Bandwidth reads.
type BandwidthInput struct {
	// Audited are the exists records whose audit period lies in the period; others do no harm.
	Audited Stream[Exists]
}

// mostTenants are the tenants that a report names one by one.
const mostTenants = 100

// Bandwidth sums up the bytes that instances sent to the public network. Row 0 has total_public_outbound_bandwidth; the table is an
// addition: the hundred tenants that sent most. An audit period that ends where the report's does is in it; StackTach leaves
// it out, and with it every record of a whole day.
func Bandwidth(_ Params, w Period, in BandwidthInput) (Report, error) {
	type use struct {
		records int
		bytes   int64
	}
	total, tenants := int64(0), map[string]use{}
	err := each(in.Audited, func(e Exists) error {
		if e.audited(w) {
			total += e.BandwidthOut
			u := tenants[e.Tenant]
			tenants[e.Tenant] = use{u.records + 1, u.bytes + e.BandwidthOut}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	names := slices.SortedFunc(maps.Keys(tenants), func(a, b string) int {
		return cmp.Or(cmp.Compare(tenants[b].bytes, tenants[a].bytes), cmp.Compare(a, b))
	})
	rows := []any{metadata{"total_public_outbound_bandwidth": total}, []any{"Tenant", "Exists", "Public outbound bandwidth"}}
	for _, tenant := range names[:min(len(names), mostTenants)] {
		rows = append(rows, []any{tenant, tenants[tenant].records, tenants[tenant].bytes})
	}
	return newReport(KindBandwidth, kinds[KindBandwidth].name, w, rows), nil
}
