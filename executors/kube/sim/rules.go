package sim

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// complete fills in the few defaults without which lists could not be merged, and objects would look bare.
func complete(k *kind, u *unstructured.Unstructured) {
	switch k.Kind {
	case "Deployment", "StatefulSet", "ReplicaSet":
		fill(u, int64(1), "spec", "replicas")
	case "HorizontalPodAutoscaler":
		fill(u, int64(1), "spec", "minReplicas")
	case "Service":
		fill(u, "ClusterIP", "spec", "type")
		protocols(at(u.Object, "spec", "ports"))
	case "ConfigMap", "Secret":
		return
	}
	for _, path := range podSpecs {
		containers, _ := at(u.Object, append(slices.Clone(path), "containers")...).([]any)
		for _, c := range containers {
			protocols(at(c, "ports"))
		}
	}
}

// podSpecs are where kinds keep the specification of their pods.
var podSpecs = [][]string{{"spec"}, {"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}}

func fill(u *unstructured.Unstructured, v any, keys ...string) {
	if _, there, _ := unstructured.NestedFieldNoCopy(u.Object, keys...); !there {
		_ = unstructured.SetNestedField(u.Object, v, keys...) // what is no map there is for validate to refuse
	}
}

func protocols(ports any) {
	list, _ := ports.([]any)
	for _, p := range list {
		if m, ok := p.(map[string]any); ok && m["protocol"] == nil {
			m["protocol"] = "TCP"
		}
	}
}

func at(v any, keys ...string) any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// lasting are the fields that may not change once the object is there.
var lasting = map[string][][]string{
	"Deployment": {{"spec", "selector"}},
	"DaemonSet":  {{"spec", "selector"}},
	"ReplicaSet": {{"spec", "selector"}},
	"Job":        {{"spec", "template"}, {"spec", "selector"}, {"spec", "completionMode"}},
	"StatefulSet": {{"spec", "selector"}, {"spec", "serviceName"}, {"spec", "volumeClaimTemplates"},
		{"spec", "podManagementPolicy"}},
	"RoleBinding":           {{"roleRef"}},
	"ClusterRoleBinding":    {{"roleRef"}},
	"PersistentVolumeClaim": {{"spec", "accessModes"}, {"spec", "storageClassName"}, {"spec", "volumeName"}},
	"Secret":                {{"type"}},
}

// validate refuses what a cluster would refuse of the mistakes that people make most.
func validate(k *kind, live, want *unstructured.Unstructured) error {
	var all field.ErrorList
	if bad := validation.IsDNS1123Subdomain(want.GetName()); len(bad) > 0 && k.Group != "rbac.authorization.k8s.io" {
		all = append(all, field.Invalid(field.NewPath("metadata", "name"), want.GetName(), bad[0]))
	}
	if live != nil {
		for _, path := range lasting[k.Kind] {
			old, now := at(live.Object, path...), at(want.Object, path...)
			if old != nil && !reflect.DeepEqual(old, now) {
				all = append(all, field.Invalid(field.NewPath(path[0], path[1:]...), field.OmitValueType{}, "field is immutable"))
			}
		}
		if fixed, _ := live.Object["immutable"].(bool); fixed && !reflect.DeepEqual(live.Object["data"], want.Object["data"]) {
			all = append(all, field.Forbidden(field.NewPath("data"), "field is immutable when `immutable` is set"))
		}
	}
	all = append(all, validateWorkload(k, want)...)
	if len(all) == 0 {
		return readable(k, want)
	}
	return apierrors.NewInvalid(k.GroupKind(), want.GetName(), all)
}

// readable refuses a Secret whose values are no base64, with the internal error that clusters have for it.
func readable(k *kind, u *unstructured.Unstructured) error {
	data, ok := u.Object["data"].(map[string]any)
	if !ok || k.Kind != "Secret" {
		return nil
	}
	for _, v := range data {
		text, _ := v.(string)
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return apierrors.NewInternalError(fmt.Errorf("unable to convert unstructured object to %s: error decoding from json: %w", k.GroupVersionKind, err))
		}
	}
	return nil
}

func validateWorkload(k *kind, u *unstructured.Unstructured) field.ErrorList {
	var all field.ErrorList
	var spec []string
	switch k.Kind {
	case "Pod":
		spec = []string{"spec"}
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job":
		spec = []string{"spec", "template", "spec"}
	default:
		return nil
	}
	path := field.NewPath(spec[0], append(slices.Clone(spec[1:]), "containers")...)
	containers, _ := at(u.Object, append(slices.Clone(spec), "containers")...).([]any)
	if len(containers) == 0 {
		all = append(all, field.Required(path, ""))
	}
	for i, c := range containers {
		if image, _ := at(c, "image").(string); image == "" {
			all = append(all, field.Required(path.Index(i).Child("image"), ""))
		}
	}
	if k.Kind == "Pod" || k.Kind == "Job" {
		return all
	}
	selector, _ := at(u.Object, "spec", "selector", "matchLabels").(map[string]any)
	labels := at(u.Object, "spec", "template", "metadata", "labels")
	if at(u.Object, "spec", "selector") == nil {
		all = append(all, field.Required(field.NewPath("spec", "selector"), ""))
	}
	for name, v := range selector {
		if at(labels, name) != v {
			all = append(all, field.Invalid(field.NewPath("spec", "template", "metadata", "labels"), fmt.Sprint(labels),
				"`selector` does not match template `labels`"))
			break
		}
	}
	return all
}
