package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Metrics is a client of the hosted-metrics API, for what the walk shows.
type Metrics struct {
	Base           string // http://host:port
	User, Password string
	// Meddle changes an object of an instance behind the server's back.
	Meddle func(ctx context.Context) error
}

// call gives the answer's body, which is JSON or text.
func (m *Metrics) call(ctx context.Context, method, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, m.Base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(m.User, m.Password)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text)
	}
	return text, err
}

// deploy posts an instance and waits for its job.
func (m *Metrics) deploy(ctx context.Context, name string) (string, error) {
	raw, err := m.call(ctx, http.MethodPost, "/instance", map[string]any{"org": 1, "name": name, "plan": map[string]any{"Name": "Small"}})
	if err != nil {
		return "", err
	}
	var id string
	if err := json.Unmarshal(raw, &id); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var job struct{ Status, Reason string }
		raw, err := m.call(ctx, http.MethodGet, "/jobs/1/"+id, nil)
		if err == nil {
			err = json.Unmarshal(raw, &job)
		}
		switch {
		case err != nil:
			return id, err
		case job.Status == "SUCCEEDED":
			return id, nil
		case job.Status != "ACTIVE":
			return id, fmt.Errorf("job %s: %s: %s", id, job.Status, job.Reason)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return id, fmt.Errorf("job %s has not ended", id)
		}
	}
}

// TourInstances are the instances of the walk; the first is meddled with.
var TourInstances = []string{"metrics-one", "metrics-two"}

// instances deploys two, and shows which of them somebody else has changed.
func (t Tour) instances(ctx context.Context) error {
	for _, name := range TourInstances {
		begin := time.Now()
		id, err := t.Metrics.deploy(ctx, name)
		if err != nil {
			return err
		}
		t.say("instance  %s deployed by job %s in %d ms", name, id, time.Since(begin).Milliseconds())
	}
	if err := t.Metrics.Meddle(ctx); err != nil {
		return err
	}
	list, err := t.Metrics.call(ctx, http.MethodGet, "/instance/statuslist", nil)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		t.say("          %s", line)
	}
	return nil
}
