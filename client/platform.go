package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Platform is a client of the Deployment Manager API, for what the walk shows.
type Platform struct {
	Base  string // http://host:port
	Token string
	// Meddle changes an object of the platform behind the server's back, as somebody with kubectl might.
	Meddle func(ctx context.Context) error
}

// platformRoot is where the API begins.
const platformRoot = "/api/v1/control_plane"

func (p *Platform) call(ctx context.Context, method, path string, form url.Values, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, p.Base+platformRoot+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Token", p.Token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		var refusal struct{ Error string }
		_ = json.NewDecoder(resp.Body).Decode(&refusal) // the status is told in any case
		return fmt.Errorf("%s %s: %s %s", method, path, resp.Status, refusal.Error)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// pushed is what a change came to.
type pushed struct {
	Data struct {
		Applied []string `json:"successful_apply"`
	}
}

// drifted is what differs between cluster and configs.
type drifted struct {
	Count     int `json:"numInconsistencies"`
	Resources map[string]struct {
		Rows []struct{ Key, Expected, Got, ChangedBy string } `json:"diffRows"`
	} `json:"inconsistentResources"`
	Consistent []string `json:"consistentResources"`
}

// platform uploads a release, patches it by label, finds what somebody else has changed, and puts it right.
func (t Tour) platform(ctx context.Context) error {
	p := t.Platform
	var done pushed
	err := p.call(ctx, http.MethodPost, "/base_configs", url.Values{"release_version": {"23.07"}, "base_config": {platformRelease()}}, &done)
	if err != nil {
		return err
	}
	t.say("platform  release 23.07: %d objects applied", len(done.Data.Applied))
	patch := "# target: Deployment\napiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: CONTAINER_NAME\n" +
		"        env:\n        - name: LOG_LEVEL\n          value: DEBUG\n"
	if err := p.call(ctx, http.MethodPost, "/patches/apply", url.Values{"patch": {patch}, "description": {"say more"}}, &done); err != nil {
		return err
	}
	t.say("          one patch of the label Deployment: %s", strings.Join(done.Data.Applied, " "))
	if err := p.Meddle(ctx); err != nil {
		return err
	}
	var found drifted
	if err := p.call(ctx, http.MethodGet, "/configs/k8s-inconsistencies", nil, &found); err != nil {
		return err
	}
	for name, r := range found.Resources {
		for _, row := range r.Rows {
			t.say("          drift: %s %s is %s, not %s, by %s", name, row.Key, row.Got, row.Expected, row.ChangedBy)
		}
	}
	if found.Count == 0 {
		return fmt.Errorf("nothing drifted, of %d objects", len(found.Consistent))
	}
	return nil
}

// platformServices are the services of the platform of the walk.
var platformServices = []string{"api", "web", "search", "billing", "mail"}

// platformRelease is a platform of twenty objects.
func platformRelease() string {
	docs := []string{
		"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: platform\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-shared\ndata:\n  region: north\n",
		"apiVersion: v1\nkind: Secret\nmetadata:\n  name: secret-shared\nstringData:\n  password: of-the-demo\n",
		"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: scaler-web\nspec:\n" +
			"  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: deployment-web}\n  minReplicas: 1\n  maxReplicas: 5\n",
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: budget-api\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels: {app: api}\n",
	}
	for _, name := range platformServices {
		docs = append(docs,
			fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-%s\ndata:\n  service: %s\n", name, name),
			fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata:\n  name: service-%[1]s\nspec:\n  selector: {app: %[1]s}\n  ports:\n  - name: http\n    port: 80\n    targetPort: 8080\n", name),
			fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: deployment-%[1]s
spec:
  replicas: 2
  selector:
    matchLabels: {app: %[1]s}
  template:
    metadata:
      labels: {app: %[1]s}
    spec:
      serviceAccountName: platform
      containers:
      - name: %[1]s
        image: registry.example.com/platform/%[1]s:23.07
        env:
        - name: LOG_LEVEL
          value: INFO
        envFrom:
        - configMapRef: {name: config-%[1]s}
`, name))
	}
	return strings.Join(slices.Clip(docs), "---\n")
}
