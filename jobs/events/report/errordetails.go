package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	mostFailures = 10000 // rows of the report; those beyond are counted in rows_left_out
	mostDetails  = 500   // events told of one request, the first ones
	mostMessages = 1000  // texts counted one by one; the rest is otherMessages
)

const otherMessages = "other messages"

// ErrorDetails tells of every failed request that has an event to blame: the last one that came as an error or put its instance into
// the state error. Row 0 is marked as JSON, and has instances (their failed requests), exception_counts (by masked message),
// event_counts, tenant_issues and codes. The other rows are objects.
//
// Requests are found and judged as for the summary; those of one instance follow each other.
func ErrorDetails(p Params, w Period, in Requests) (Report, error) {
	_, chosen, err := choose(in.Deployments, "")
	if err != nil {
		return Report{}, err
	}
	found, err := in.survey(w, chosen)
	if err != nil {
		return Report{}, err
	}
	d := errorDetails{params: p, in: in, instances: map[string][]string{}, rows: map[string][]failedRequest{},
		messages: map[string]int{}, events: map[string]int{}, tenants: map[string]int{}, codes: map[string]int{}}
	for _, id := range found.requests() {
		if err := d.add(id, found[id]); err != nil {
			return Report{}, fmt.Errorf("request %s: %w", id, err)
		}
	}
	return newReport(KindErrorDetails, kinds[KindErrorDetails].name, w, d.list()), nil
}

type errorDetails struct {
	params    Params
	in        Requests
	instances map[string][]string
	rows      map[string][]failedRequest // by instance
	count     int
	leftOut   int

	messages, events, tenants, codes map[string]int
}

// failedRequest is one row.
type failedRequest struct {
	Request    string          `json:"req"`
	Instance   string          `json:"uuid"`
	Tenant     Text            `json:"tenant"`
	Duration   string          `json:"duration"`
	Operation  string          `json:"operation"`
	Platform   []string        `json:"platform"`
	EventID    int64           `json:"event_id"`
	Service    string          `json:"service"`
	Host       Text            `json:"host"`
	Deployment string          `json:"deployment"`
	Event      string          `json:"event"`
	When       string          `json:"when"`
	Exception  any             `json:"exception,omitempty"`
	Failure    any             `json:"failure_type"`
	Details    []failureDetail `json:"details"`
	LeftOut    int             `json:"details_left_out,omitempty"`
}

type failureDetail struct {
	Host     Text   `json:"host"`
	Event    string `json:"event"`
	OldState Text   `json:"old_state"`
	State    Text   `json:"state"`
	OldTask  Text   `json:"old_task"`
	Task     Text   `json:"task"`
}

func (d *errorDetails) add(id string, instances []string) error {
	events, err := d.in.Request(id)
	if err != nil {
		return err
	}
	a, ok := walk(events, time.Duration(d.params.TooLong)*time.Second)
	if !ok || a.failure == "" {
		return nil
	}
	x, err := d.in.exception(a.cause)
	if err != nil {
		return err
	}
	for _, instance := range instances {
		d.instances[instance] = append(d.instances[instance], id)
		d.tenants[cmp.Or(a.tenant, notThere)]++
		if a.cause == nil {
			continue
		}
		d.tally(a, x)
		if d.count++; d.count > mostFailures {
			d.leftOut++
			continue
		}
		d.rows[instance] = append(d.rows[instance], d.row(id, instance, a, x, events))
	}
	return nil
}

// tally counts what the failure is about.
func (d *errorDetails) tally(a attempt, x exception) {
	d.events[a.cause.Type]++
	if x.raw == nil {
		return
	}
	text := Mask(x.message())
	if d.messages[text] == 0 && len(d.messages) >= mostMessages {
		text = otherMessages
	}
	d.messages[text]++
	if _, code := x.code(); code != nil {
		d.codes[plain(code)]++
	}
}

func (d *errorDetails) row(id, instance string, a attempt, x exception, events []Event) failedRequest {
	r := failedRequest{Request: id, Instance: instance, Tenant: a.cause.Tenant, Duration: fmt.Sprintf("%.2f minutes", a.took.Minutes()),
		Operation: cmp.Or(a.operation, notThere), Platform: properties(a.image), EventID: a.cause.ID, Service: a.cause.Source, Host: a.cause.Host,
		Deployment: deploymentName(d.in.Deployments, a.cause.Deployment), Event: a.cause.Type, When: when(a.cause.When), Failure: a.failure}
	if x.raw != nil {
		r.Exception = x.shown()
		if _, code := x.code(); code != nil {
			r.Failure = code
		}
	}
	told := ordered(events)
	if len(told) > mostDetails {
		r.LeftOut, told = len(told)-mostDetails, told[:mostDetails]
	}
	r.Details = make([]failureDetail, len(told))
	for i, e := range told {
		r.Details[i] = failureDetail{e.Host, e.Type, e.OldState, e.State, e.OldTask, e.Task}
	}
	return r
}

func (d *errorDetails) list() []any {
	head := metadata{formatKey: formatJSON, "instances": d.instances, "exception_counts": d.messages, "event_counts": d.events,
		"tenant_issues": d.tenants, "codes": d.codes}
	if d.leftOut > 0 {
		head["rows_left_out"] = d.leftOut
	}
	rows := []any{head}
	for _, instance := range slices.Sorted(maps.Keys(d.rows)) {
		for _, r := range d.rows[instance] {
			rows = append(rows, r)
		}
	}
	return rows
}
