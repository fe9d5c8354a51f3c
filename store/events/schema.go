package events

import "yardmaster/store/kv"

// The series: each event has a row, its index entries and its body in the parts of one number.
var (
	rowsSeries   = &kv.Series{Name: "rows", Ascending: true}
	indexSeries  = &kv.Series{Name: "index"}
	bodiesSeries = &kv.Series{Name: "bodies", Ascending: true}

	openSeries   = &kv.Series{Name: "open"}   // a part a service
	bloomsSeries = &kv.Series{Name: "blooms"} // of the message ids of closed parts
	headsSeries  = &kv.Series{Name: "heads"}
)

var (
	partsTable = &kv.Table[part]{Name: "parts", Key: func(p *part) kv.Key { return kv.Int(p.Number) }, Ascending: true}
	counters   = &kv.Table[counter]{Name: "counters", Key: func(c *counter) kv.Key { return kv.Text(c.Name) }}
)

// counter is the last number that was given to a record of a table.
type counter struct {
	Name string `json:"name"`
	Last int64  `json:"last"`
}

// nextNumber counts on.
func nextNumber(tx *kv.Tx, name string) (int64, error) {
	c, err := counters.Get(tx, kv.Text(name))
	if err != nil && !isNotFound(err) {
		return 0, err
	}
	c.Name = name
	c.Last++
	return c.Last, counters.Put(tx, &c)
}

// schema is what this program expects of events.db.
var schema = kv.Schema{
	Name: "yardmaster-events", Version: 1,
	Tables: []kv.AnyTable{
		Launches.kv, Deletes.kv, ExistsTable.kv, ImageUsages.kv, ImageDeletes.kv, ImageExistsTable.kv, Trackers.kv, Reports.kv, DeadLetters.kv,
		DeploymentsTable.kv, Tenants.kv, partsTable, counters,
	},
	Series: []*kv.Series{rowsSeries, indexSeries, bodiesSeries, openSeries, bloomsSeries, headsSeries},
}

// prepare makes the parts of the series that have a fixed number of them.
func prepare(tx *kv.Tx) error {
	for _, s := range []struct {
		series *kv.Series
		parts  int
	}{{headsSeries, 1}, {bloomsSeries, 1}, {openSeries, len(Services)}} {
		there, err := s.series.Parts(tx)
		if err != nil {
			return err
		}
		for n := len(there); n < s.parts; n++ {
			if _, err := s.series.Create(tx, int64(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepared says that there is nothing to prepare.
func prepared(tx *kv.Tx) bool {
	parts, err := openSeries.Parts(tx)
	return err == nil && len(parts) == len(Services)
}
