package materialize

import (
	"encoding/json"
	"strconv"
)

// factors say how much larger a cluster of each size is than a standard one: 64 cores and 256 GB, twice that, and twice that again.
var factors = map[string]int64{"standard": 1, "large": 2, "x-large": 4}

// SizePatch is the body of a patch (with its target comment) that sizes a workload, whose own numbers are those of a standard cluster,
// so that it takes the same share of a larger one. false if there is nothing to do. Errors: ErrSize.
//
//	Deployment of two or more replicas                  as many times the replicas
//	Deployment of one, StatefulSet                      as many times the CPU and memory of each container, requests and limits
//	HorizontalPodAutoscaler                             as many times the bounds
//	Deployment without a number, whatever else there is stays: another decides it, or it grows with the nodes
func SizePatch(text, size string) (body string, ok bool, err error) {
	tree, err := object(text)
	if err != nil {
		return "", false, err
	}
	factor, known := factors[size]
	if !known {
		return "", false, about(tree, ErrSize, "size "+shorten(size)+": "+ErrSize.Error())
	}
	o, fault := identity(tree)
	if fault != nil {
		return "", false, fault.in("", text, 1)
	}
	fields, err := sized(o, tree, factor)
	if err != nil || len(fields) == 0 || factor == 1 {
		return "", false, err
	}
	body, err = patchBody(o, fields)
	return body, err == nil, err
}

func sized(o Object, tree map[string]any, factor int64) (map[string]any, error) {
	switch o.Kind {
	case "Deployment":
		n, has, err := replicas(tree)
		switch {
		case err != nil || !has || n == 0:
			return nil, err
		case n == 1:
			return sizedPods(o, tree, factor)
		}
		return map[string]any{"spec": map[string]any{"replicas": times(n, factor)}}, nil
	case "StatefulSet":
		return sizedPods(o, tree, factor)
	case "HorizontalPodAutoscaler":
		return sizedBounds(tree, factor), nil
	}
	return nil, nil
}

func times(n, factor int64) json.Number { return json.Number(strconv.FormatInt(n*factor, 10)) }

func sizedBounds(tree map[string]any, factor int64) map[string]any {
	bounds := map[string]any{}
	for _, field := range []string{"minReplicas", "maxReplicas"} {
		v, _ := at(tree, "spec", field).(json.Number)
		if n, err := v.Int64(); err == nil && n > 0 {
			bounds[field] = times(n, factor)
		}
	}
	if len(bounds) == 0 {
		return nil
	}
	return map[string]any{"spec": bounds}
}

func sizedPods(o Object, tree map[string]any, factor int64) (map[string]any, error) {
	var all []any
	for _, c := range containers(podSpec(tree), "containers") {
		resources := map[string]any{}
		for _, side := range []string{"limits", "requests"} {
			larger := map[string]any{}
			for _, what := range []string{"cpu", "memory"} {
				v := at(c, "resources", side, what)
				if v == nil {
					continue
				}
				q, ok := multiply(scalar(v), factor)
				if !ok {
					return nil, &Error{Object: o.ID(),
						Reason: "container " + text(c, "name") + ": resources." + side + "." + what + " " + shorten(scalar(v)) + " is no quantity"}
				}
				larger[what] = q
			}
			if len(larger) > 0 {
				resources[side] = larger
			}
		}
		if len(resources) > 0 {
			all = append(all, map[string]any{"name": c["name"], "resources": resources})
		}
	}
	if all == nil {
		return nil, nil
	}
	return nested(podSpecPath(o.Kind), map[string]any{"containers": all}), nil
}
