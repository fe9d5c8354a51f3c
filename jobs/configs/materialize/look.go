package materialize

import (
	"reflect"

	"sigs.k8s.io/yaml"
)

// Annotation is one annotation of an object; false if it has none of that name.
func Annotation(text, name string) (string, bool) {
	var o struct {
		Metadata struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
	}
	if yaml.Unmarshal([]byte(text), &o) != nil {
		return "", false
	}
	value, has := o.Metadata.Annotations[name]
	return value, has
}

// ScaleTarget is the id of what a HorizontalPodAutoscaler decides about; false for other objects.
func ScaleTarget(text string) (id string, ok bool) {
	var o struct {
		Kind string `json:"kind"`
		Spec struct {
			Target struct {
				Kind string `json:"kind"`
				Name string `json:"name"`
			} `json:"scaleTargetRef"`
		} `json:"spec"`
	}
	if yaml.Unmarshal([]byte(text), &o) != nil || o.Kind != "HorizontalPodAutoscaler" || o.Spec.Target.Name == "" {
		return "", false
	}
	return Object{Kind: o.Spec.Target.Kind, Name: o.Spec.Target.Name}.ID(), true
}

// Secrets are the values in an object that are not to be seen: those of a Secret, in clear.
func Secrets(text string) []string {
	var o struct {
		Kind       string            `json:"kind"`
		Data       map[string][]byte `json:"data"` // base64 in the text
		StringData map[string]string `json:"stringData"`
	}
	if yaml.Unmarshal([]byte(text), &o) != nil || o.Kind != "Secret" {
		return nil
	}
	var out []string
	for _, v := range o.Data {
		out = append(out, string(v))
	}
	for _, v := range o.StringData {
		out = append(out, v)
	}
	return out
}

// SameRun says that two texts are of Jobs that the cluster removes some time after they have ended, and that run the same.
func SameRun(a, b string) bool {
	var specs [2]map[string]any
	for i, text := range []string{a, b} {
		var o struct {
			Kind string         `json:"kind"`
			Spec map[string]any `json:"spec"`
		}
		if yaml.Unmarshal([]byte(text), &o) != nil || o.Kind != "Job" || o.Spec["ttlSecondsAfterFinished"] == nil {
			return false
		}
		delete(o.Spec, "ttlSecondsAfterFinished")
		specs[i] = o.Spec
	}
	return reflect.DeepEqual(specs[0], specs[1])
}
