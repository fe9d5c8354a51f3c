package report

import "strings"

// Kind is a sort of report. The values are stored: append-only, never renamed.
type Kind string

// The kinds. All but the last are those of StackTach's scripts.
const (
	KindSummary       Kind = "summary"
	KindErrorDetails  Kind = "error-details"
	KindNovaUsage     Kind = "nova-usage-audit"
	KindGlanceUsage   Kind = "glance-usage-audit"
	KindImageEvents   Kind = "image-events-audit"
	KindBandwidth     Kind = "public-outbound-bandwidth"
	KindInstanceHours Kind = "instance-hours"
	KindYard          Kind = "yard-operations"
)

// Kinds are all of them, in the order in which they are told of.
var Kinds = []Kind{KindSummary, KindErrorDetails, KindNovaUsage, KindGlanceUsage, KindImageEvents, KindBandwidth, KindInstanceHours, KindYard}

// fixed is what never changes about a kind.
type fixed struct {
	name    string // of its reports; summary adds its region
	version int
	days    bool // its period begins at a day and an hour; otherwise it is a whole day or hour that is over
	options []string
	also    []string // further names that people know it by
}

var kinds = map[Kind]fixed{
	KindSummary: {name: "summary for region: ", version: 4, days: true, options: []string{"percentile", "too_long", "region"},
		also: []string{"summary for region", "pretty"}},
	KindErrorDetails:  {name: "Error detail report", version: 1, days: true, options: []string{"too_long"}, also: []string{"error detail report"}},
	KindNovaUsage:     {name: "nova usage audit", version: 7},
	KindGlanceUsage:   {name: "glance usage audit", version: 6},
	KindImageEvents:   {name: "image events audit", version: 1},
	KindBandwidth:     {name: "public outbound bandwidth", version: 1},
	KindInstanceHours: {name: "instance hours", version: 1},
	KindYard:          {name: "yard operations", version: 1, options: []string{"percentile"}},
}

// Version is that of the reports of this kind.
func (k Kind) Version() int { return kinds[k].version }

// Options are the names of the options that the kind understands.
func (k Kind) Options() []string {
	all := []string{"hours", "utcdatetime"}
	if kinds[k].days {
		all = append(all, "utcdate", "days_back", "hours_back", "start_hour")
	} else {
		all = append(all, "period_length")
	}
	return append(all, kinds[k].options...)
}

// regionSign separates the name of a summary from its region.
const regionSign = ":"

// parseName finds the kind of a name: that of the kind, of its reports or of the script that made them once, with blanks, - or _
// between its words. A summary's may carry the region.
func parseName(name string) (kind Kind, region string, err error) {
	name, region, _ = strings.Cut(name, regionSign)
	region = strings.TrimSpace(region)
	words := strings.Join(strings.Fields(strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(name))), " ")
	for _, k := range Kinds {
		for _, known := range append(kinds[k].also, strings.ToLower(kinds[k].name), strings.ReplaceAll(string(k), "-", " ")) {
			if words == known && (region == "" || k == KindSummary) {
				return k, region, nil
			}
		}
	}
	return "", "", refuse("name", "no report has this name; there are "+list(Kinds))
}

func list(all []Kind) string {
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
