package hmclient

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Job is how a job stands.
type Job struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

// Listed is an instance in the list.
type Listed struct {
	Name string `json:"name"`
	Org  int    `json:"org"`
}

// Outcome is what an answer says that has nothing else to say.
type Outcome struct {
	Success *bool    `json:"success"`
	Error   string   `json:"error"`
	Changes []string `json:"changes"`
}

// Instance has the keys of the document, in its order. What a test does not look into stays as it came.
type Instance struct {
	Org                int               `json:"org"`
	Name               string            `json:"name"`
	Plan               Plan              `json:"plan"`
	Storage            map[string]string `json:"storage"`
	IndexRules         string            `json:"indexRules"`
	Overrides          json.RawMessage   `json:"overrides"`
	OverridesA         json.RawMessage   `json:"overridesA"`
	OverridesB         json.RawMessage   `json:"overridesB"`
	AdminKey           string            `json:"adminKey"`
	Color              string            `json:"color"`
	TSDBAuth           map[string]Key    `json:"tsdbAuth"`
	Revision           int               `json:"revision"`
	State              string            `json:"state"`
	Importer           json.RawMessage   `json:"importer"`
	JobData            json.RawMessage   `json:"jobData"`
	RolloutConcurrency int               `json:"rolloutConcurrency"`
}

// Plan is the size of an instance.
type Plan struct {
	Name        string
	ScaleFactor json.Number
	Partitions  int
	CPU         int
	Mem         int
}

// Key is what the owner of a key may do.
type Key struct {
	IsAdmin string `json:"isAdmin"`
	OrgID   string `json:"orgId"`
}

// Keys are the keys of a JSON object in the order in which they were sent.
func Keys(body string) ([]string, error) {
	dec := json.NewDecoder(strings.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("no object: %q", body)
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		keys = append(keys, fmt.Sprint(key))
	}
	return keys, nil
}

// Status is a line of the status list.
type Status struct {
	Mark, Name string
}

// Statuses reads the status list as strictly as a script that cuts after four letters.
func (a Answer) Statuses() ([]Status, error) {
	var out []Status
	for line := range strings.Lines(a.Body) {
		if len(line) < 6 || !strings.HasSuffix(line, "\n") || line[:4] != "X   " && line[:4] != "OK  " {
			return nil, fmt.Errorf("no line of a status list: %q", line)
		}
		out = append(out, Status{strings.TrimRight(line[:4], " "), strings.TrimSuffix(line[4:], "\n")})
	}
	return out, nil
}
