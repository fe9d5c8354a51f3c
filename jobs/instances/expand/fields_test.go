package expand_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"yardmaster/jobs/instances/expand"
)

// fields are those that the documentation of Kubernetes has for a place; nil is a value, "*" stands for names of one's choice. Lists are
// taken for their items. A control plane refuses or drops what is not among its fields.
type fields map[string]fields

var (
	anything = fields{"*": nil}
	selector = fields{"matchLabels": anything}
	probe    = fields{"periodSeconds": nil, "timeoutSeconds": nil, "failureThreshold": nil,
		"httpGet": {"path": nil, "port": nil, "scheme": nil}, "tcpSocket": {"port": nil}}
	source = fields{"fieldRef": {"apiVersion": nil, "fieldPath": nil}, "secretKeyRef": {"name": nil, "key": nil}}
	pod    = fields{
		"automountServiceAccountToken": nil, "serviceAccountName": nil, "terminationGracePeriodSeconds": nil, "nodeSelector": anything,
		"imagePullSecrets": {"name": nil},
		"containers": {"name": nil, "image": nil, "command": nil, "ports": {"name": nil, "containerPort": nil, "protocol": nil},
			"env": {"name": nil, "value": nil, "valueFrom": source}, "readinessProbe": probe, "resources": {"requests": {"cpu": nil, "memory": nil}},
			"volumeMounts": {"name": nil, "mountPath": nil, "readOnly": nil}},
		"volumes":                   {"name": nil, "configMap": {"name": nil}, "secret": {"secretName": nil, "items": {"key": nil, "path": nil}}},
		"topologySpreadConstraints": {"maxSkew": nil, "topologyKey": nil, "whenUnsatisfiable": nil, "labelSelector": selector},
	}
	documented = map[string]fields{
		"v1 ConfigMap": {"data": anything},
		"v1 Secret":    {"type": nil, "data": anything},
		"v1 Service":   {"spec": {"type": nil, "selector": anything, "ports": {"name": nil, "port": nil, "protocol": nil, "targetPort": nil}}},
		"apps/v1 Deployment": {"spec": {"replicas": nil, "selector": selector, "progressDeadlineSeconds": nil,
			"strategy": {"type": nil, "rollingUpdate": {"maxSurge": nil, "maxUnavailable": nil}},
			"template": {"metadata": {"labels": anything, "annotations": anything}, "spec": pod}}},
		"policy/v1 PodDisruptionBudget": {"spec": {"maxUnavailable": nil, "selector": selector}},
		"networking.k8s.io/v1 Ingress": {"spec": {"ingressClassName": nil, "tls": {"hosts": nil, "secretName": nil},
			"rules": {"host": nil, "http": {"paths": {"path": nil, "pathType": nil, "backend": {"service": {"name": nil, "port": {"name": nil}}}}}}}},
	}
)

func TestObjectsHaveDocumentedFieldsAlone(t *testing.T) {
	c := expand.DefaultConfig()
	c.Domain, c.IngressClass, c.TLSSecret, c.ServiceAccount, c.ImagePullSecret = "metrics.example", "nginx", "tls", "metrictank", "pull"
	c.NodeSelector = map[string]string{"pool": "metrics"}
	i := small()
	i.Importer = &expand.Importer{PartitionScheme: "bySeries"}
	kinds := map[string]bool{}
	for _, o := range expanded(t, c, i, expand.Options{Namespace: "ns", Standby: true}) {
		kind := o.APIVersion + " " + o.Kind
		kinds[kind] = true
		may := fields{"apiVersion": nil, "kind": nil, "metadata": {"name": nil, "namespace": nil, "labels": anything}}
		for k, v := range documented[kind] {
			may[k] = v
		}
		var v any
		if err := json.Unmarshal(o.Text, &v); err != nil {
			t.Fatal(err)
		}
		within(t, o.Kind+" "+o.Name, may, v)
		top := v.(map[string]any)
		if meta := top["metadata"].(map[string]any); top["kind"] != o.Kind || top["apiVersion"] != o.APIVersion || meta["name"] != o.Name || meta["namespace"] != o.Namespace {
			t.Errorf("%s %s is something else", o.Kind, o.Name)
		}
	}
	if len(kinds) != len(documented) {
		t.Errorf("%v", kinds)
	}
}

func within(t *testing.T, path string, may fields, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, v := range v {
			below, ok := may[k]
			if free, is := may["*"]; is {
				below, ok = free, true
			}
			if !ok {
				t.Errorf("%s has no field %s", path, k)
			}
			within(t, path+"."+k, below, v)
		}
	case []any:
		for n, v := range v {
			within(t, fmt.Sprintf("%s[%d]", path, n), may, v)
		}
	case nil:
		t.Errorf("%s is null", path)
	default:
		if may != nil {
			t.Errorf("%s is no object", path)
		}
	}
}
