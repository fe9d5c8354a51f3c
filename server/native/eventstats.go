package native

import (
	"net/http"
	"time"

	"yardmaster/server/rest"
	"yardmaster/store/events"
)

// eventStats is what was taken in since the start, and how it stands.
type eventStats struct {
	Stored      map[events.Service]uint64 `json:"stored"`
	Duplicates  uint64                    `json:"duplicates"`
	Dead        uint64                    `json:"dead_letters"`
	Faults      uint64                    `json:"faults"` // events stored without all that follows from them
	Trimmed     uint64                    `json:"trimmed"`
	Deployments []deploymentStats         `json:"deployments"`
	Sources     []sourceStats             `json:"sources"`
	Kept        map[events.Service]kept   `json:"kept"`
}

type deploymentStats struct {
	Name         string     `json:"name"`
	Stored       uint64     `json:"stored"`
	LastWhen     *time.Time `json:"last_when,omitempty"`
	LastReceived *time.Time `json:"last_received,omitempty"`
}

// kept is what the store holds of one service.
type kept struct {
	Events int64      `json:"events"`
	First  *time.Time `json:"first,omitempty"`
	Last   *time.Time `json:"last,omitempty"`
}

// sourceStats is a broker that messages come from.
type sourceStats struct {
	Deployment string       `json:"deployment"`
	Address    string       `json:"address"`
	Connected  bool         `json:"connected"`
	Since      *time.Time   `json:"since,omitempty"`
	Problem    string       `json:"problem,omitempty"`
	Queues     []queueStats `json:"queues"`
}

type queueStats struct {
	Exchange string `json:"exchange"`
	Name     string `json:"name"`
	Depth    int    `json:"depth"` // messages that wait there
}

func (a api) eventStats(r *http.Request) (rest.Response, error) {
	s := a.events.Stats()
	out := eventStats{Stored: s.Stored, Duplicates: s.Duplicates, Dead: s.Dead, Faults: s.Faults, Trimmed: s.Trimmed,
		Deployments: []deploymentStats{}, Sources: []sourceStats{}, Kept: map[events.Service]kept{}}
	for _, d := range s.Deployments {
		out.Deployments = append(out.Deployments, deploymentStats{d.Name, d.Stored, moment(d.LastWhen), moment(d.LastReceived)})
	}
	for _, from := range s.Sources {
		one := sourceStats{Deployment: from.Deployment, Address: from.Addr, Connected: from.Connected, Since: moment(from.Since), Queues: []queueStats{}}
		if err := from.Problem(); err != nil {
			one.Problem = err.Error()
		}
		for _, topic := range from.Topics {
			for _, q := range topic.Queues {
				one.Queues = append(one.Queues, queueStats{topic.Exchange, q.Queue, q.Depth})
			}
		}
		out.Sources = append(out.Sources, one)
	}
	err := a.events.View(r.Context(), func(tx *events.Tx) error {
		held, err := tx.Stats()
		for name, k := range held.PerService {
			out.Kept[name] = kept{k.Count, moment(k.First), moment(k.Last)}
		}
		return err
	})
	if err != nil {
		return rest.Response{}, err
	}
	return rest.JSON(http.StatusOK, out), nil
}
