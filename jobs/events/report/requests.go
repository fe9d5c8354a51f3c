package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Requests is the input of the reports about requests.
type Requests struct {
	// Deployments are all of them.
	Deployments []Deployment
	// Window is every nova event of the period. Others in it do no harm.
	Window Stream[Event]
	// Request is every nova event of one request, of any time and instance; exists events may be left out. It is asked once a
	// request, in the order of ids.
	Request func(id string) ([]Event, error)
	// Body is the stored text of a nova event, nil if it is gone. It is asked for failed requests only.
	Body func(event int64) ([]byte, error)
}

// choose finds the deployments of a region, by a part of the name in any case. "" is all.
func choose(all []Deployment, region string) (names []string, chosen map[int64]bool, err error) {
	names, chosen = []string{}, map[int64]bool{}
	for _, d := range all {
		if strings.Contains(strings.ToUpper(d.Name), strings.ToUpper(region)) {
			names, chosen[d.ID] = append(names, d.Name), true
		}
	}
	if len(names) == 0 && region != "" {
		return nil, nil, refuse("region", fmt.Sprintf("no deployment has %q in its name", region))
	}
	slices.Sort(names)
	return names, chosen, nil
}

// touched are the instances that changed, by request and in order. What has no instance or no request id belongs to no request.
type touched map[string][]string

// survey finds the instances that an update of the chosen deployments tells of, and every request that any event names with one.
func (in *Requests) survey(w Period, chosen map[int64]bool) (touched, error) {
	type pair struct{ request, instance string }
	changed, pairs, last := map[string]bool{}, map[pair]bool{}, pair{}
	err := each(in.Window, func(e Event) error {
		if !w.after(e.When) || e.Instance.S == "" {
			return nil
		}
		if isUpdate(e.Type) && chosen[e.Deployment] {
			changed[e.Instance.S] = true
		}
		if p := (pair{e.RequestID, e.Instance.S}); p.request != "" && p != last { // events of one request often follow each other
			pairs[p], last = true, p
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := touched{}
	for p := range pairs {
		if changed[p.instance] {
			found[p.request] = append(found[p.request], p.instance)
		}
	}
	for _, instances := range found {
		slices.Sort(instances)
	}
	return found, nil
}

// requests are the ids in order.
func (t touched) requests() []string { return slices.Sorted(maps.Keys(t)) }

// exception is what the event that tells of a failure carries, nil if there is none.
func (in *Requests) exception(e *Event) (exception, error) {
	if e == nil || in.Body == nil {
		return exception{}, nil
	}
	body, err := in.Body(e.ID)
	if err != nil {
		return exception{}, err
	}
	return parseException(body), nil
}

// deploymentName is n/a for one that is not known.
func deploymentName(all []Deployment, id int64) string {
	for _, d := range all {
		if d.ID == id {
			return cmp.Or(d.Name, notThere)
		}
	}
	return notThere
}

// notThere stands in a text where nothing is known.
const notThere = "n/a"
