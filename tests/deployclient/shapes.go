package deployclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Envelope is what most answers come in. All three keys must be there.
type Envelope struct {
	StatusCode int             `json:"statusCode"`
	Data       json.RawMessage `json:"data"`
	Error      *string         `json:"error"`
}

// Envelope reads an answer as strictly as a script that asks for each key by name.
func (a Answer) Envelope() (Envelope, error) {
	var keys map[string]json.RawMessage
	if err := a.JSON(&keys); err != nil {
		return Envelope{}, err
	}
	for _, key := range []string{"statusCode", "data", "error"} {
		if _, there := keys[key]; !there {
			return Envelope{}, fmt.Errorf("no %s in %s", key, a.Body)
		}
	}
	if len(keys) != 3 {
		return Envelope{}, fmt.Errorf("more than an envelope: %s", a.Body)
	}
	var e Envelope
	err := a.JSON(&e)
	if err == nil && e.StatusCode != a.Status {
		err = fmt.Errorf("statusCode %d in an answer with %d", e.StatusCode, a.Status)
	}
	return e, err
}

// Into reads the data of an envelope.
func (e Envelope) Into(out any) error { return json.Unmarshal(e.Data, out) }

// Applied are the lists of a push. Failed is a list of names in some answers and an object with reasons in others.
type Applied struct {
	Successful []string        `json:"successful_apply"`
	Failed     json.RawMessage `json:"failed_to_apply"`
	Versions   []int64         `json:"patch_versions"`
}

// Applied reads the lists of a push from an envelope.
func (e Envelope) Applied() (Applied, error) {
	var a Applied
	if err := e.Into(&a); err != nil {
		return a, err
	}
	if a.Successful == nil {
		return a, errors.New("no successful_apply in " + string(e.Data))
	}
	return a, nil
}

// FailedMap reads failed_to_apply where it is an object.
func (a Applied) FailedMap() (map[string]string, error) {
	var out map[string]string
	if bytes.HasPrefix(a.Failed, []byte("[")) {
		return nil, fmt.Errorf("a list: %s", a.Failed)
	}
	return out, json.Unmarshal(a.Failed, &out)
}

// FailedList reads failed_to_apply where it is a list; one that is not there is empty.
func (a Applied) FailedList() ([]string, error) {
	if len(a.Failed) == 0 {
		return nil, nil
	}
	var out []string
	return out, json.Unmarshal(a.Failed, &out)
}

// Config is one materialized config, with the keys of the document.
type Config struct {
	Object          string `json:"objectName"`
	Release         string `json:"releaseVersion"`
	Patch           int64  `json:"patchVersion"`
	PreviousRelease string `json:"previousReleaseVersion"`
	PreviousPatch   int64  `json:"previousPatchVersion"`
	State           string `json:"state"`
	Config          string `json:"config"`
	Metadata        string `json:"metadata"`
	TimestampMS     int64  `json:"timestampMS"`
	Number          int64  `json:"number"` // of a history alone
}

// Patch is one patch. Its versions are numbers in some answers and texts in others, and so they stay.
type Patch struct {
	Version     json.RawMessage `json:"version"`
	Next        json.RawMessage `json:"nextVersion"`
	Target      string          `json:"target"`
	State       string          `json:"state"`
	Patch       string          `json:"patch"`
	Metadata    string          `json:"metadata"`
	Description string          `json:"description"`
}

// Preview is one object of a change that was only tried.
type Preview struct {
	Message *string `json:"message"`
	DryRun  *struct {
		Object          string  `json:"objectName"`
		Release         string  `json:"releaseVersion"`
		Patch           *int64  `json:"patchVersion"`
		PreviousRelease *string `json:"previousReleaseVersion"`
		PreviousPatch   *int64  `json:"previousPatchVersion"`
		State           *string `json:"state"`
		Config          string  `json:"config"`
		Metadata        string  `json:"metadata"`
		TimestampMS     int64   `json:"timestampMS"`
		Diff            string  `json:"diff"`
	} `json:"dryRun"`
}

// Drift is what k8s-inconsistencies answers.
type Drift struct {
	Count        *int `json:"numInconsistencies"`
	Misspelt     *int `json:"numInconstencies"`
	Inconsistent map[string]struct {
		Rows    []struct{ Key, Expected, Got, ChangedBy string } `json:"diffRows"`
		Missing bool
	} `json:"inconsistentResources"`
	Consistent []string `json:"consistentResources"`
	Skipped    map[string]struct {
		Code           int
		Reason, Readon string
	} `json:"skippedResources"`
}

// Job is an export or an import.
type Job struct {
	ID      string          `json:"id"`
	Status  string          `json:"job_status"`
	Request json.RawMessage `json:"request"`
	Result  json.RawMessage `json:"result"`
}
