package materialize

import (
	"encoding/json"
	"strconv"
)

// Replicas is spec.replicas of whatever has it; false if the text names none.
func Replicas(text string) (n int64, has bool, err error) {
	tree, err := object(text)
	if err != nil {
		return 0, false, err
	}
	return replicas(tree)
}

func replicas(tree map[string]any) (n int64, has bool, err error) {
	v := at(tree, "spec", "replicas")
	if v == nil {
		return 0, false, nil
	}
	number, _ := v.(json.Number)
	n, err = number.Int64()
	if err != nil || n < 0 {
		return 0, false, about(tree, nil, "spec.replicas is no count")
	}
	return n, true, nil
}

// SetReplicas sets spec.replicas. Errors: ErrNoReplicas for kinds that have none.
func SetReplicas(text string, n int64) (string, error) {
	tree, err := object(text)
	if err != nil {
		return "", err
	}
	spec, ok := tree["spec"].(map[string]any)
	if !ok || !replicated(tree) {
		return "", about(tree, ErrNoReplicas, ErrNoReplicas.Error())
	}
	if n < 0 {
		return "", about(tree, nil, "replicas is below zero")
	}
	spec["replicas"] = json.Number(strconv.FormatInt(n, 10))
	return encode(tree)
}

// replicated says whether an object may have a number of replicas: its kind is known for it, or it names one.
func replicated(tree map[string]any) bool {
	switch text(tree, "kind") {
	case "Deployment", "StatefulSet", "ReplicaSet", "ReplicationController":
		return true
	}
	return at(tree, "spec", "replicas") != nil
}

// DropReplicas leaves the number of replicas to whoever else decides it.
func DropReplicas(text string) (string, error) {
	tree, err := object(text)
	if err != nil {
		return "", err
	}
	spec, _ := tree["spec"].(map[string]any)
	if _, has := spec["replicas"]; !has {
		return text, nil
	}
	delete(spec, "replicas")
	return encode(tree)
}
