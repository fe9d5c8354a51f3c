package materialize

import "slices"

// podSpecs says where each workload kind keeps the spec of its pods. Kinds that are not built in are looked at where most keep it.
var podSpecs = map[string][]string{
	"Pod":         {"spec"},
	"CronJob":     {"spec", "jobTemplate", "spec", "template", "spec"},
	"PodTemplate": {"template", "spec"},
}

func podSpecPath(kind string) []string {
	if path, ok := podSpecs[kind]; ok {
		return path
	}
	return []string{"spec", "template", "spec"}
}

// podSpec is the spec of an object's pods, which has containers; nil if it has none.
func podSpec(tree map[string]any) map[string]any {
	spec, _ := at(tree, podSpecPath(text(tree, "kind"))...).(map[string]any)
	if all, _ := spec["containers"].([]any); len(all) == 0 {
		return nil
	}
	return spec
}

// containers are the containers of a pod spec by one of its fields; what is none is left out.
func containers(spec map[string]any, field string) []map[string]any {
	all, _ := spec[field].([]any)
	var good []map[string]any
	for _, c := range all {
		if c, ok := c.(map[string]any); ok && text(c, "name") != "" {
			good = append(good, c)
		}
	}
	return good
}

func containerNames(tree map[string]any) []string {
	var names []string
	for _, c := range containers(podSpec(tree), "containers") {
		names = append(names, text(c, "name"))
	}
	return names
}

// Containers are the names of an object's containers, without init containers. Errors: ErrNoContainers.
func Containers(text string) ([]string, error) {
	tree, err := object(text)
	if err != nil {
		return nil, err
	}
	names := containerNames(tree)
	if len(names) == 0 {
		return nil, about(tree, ErrNoContainers, ErrNoContainers.Error())
	}
	return names, nil
}

// SetImage gives one container another image; "" is the first container. Errors: ErrNoContainers, ErrNoContainer.
func SetImage(text, container, image string) (string, error) {
	tree, err := object(text)
	if err != nil {
		return "", err
	}
	all := containers(podSpec(tree), "containers")
	if len(all) == 0 {
		return "", about(tree, ErrNoContainers, ErrNoContainers.Error())
	}
	if image == "" {
		return "", about(tree, nil, "image is empty")
	}
	i := 0
	if container != "" {
		i = slices.IndexFunc(all, func(c map[string]any) bool { return c["name"] == container })
	}
	if i < 0 {
		return "", about(tree, ErrNoContainer, "no container is called "+shorten(container))
	}
	all[i]["image"] = image
	return encode(tree)
}

// about is an Error of an object.
func about(tree map[string]any, cause error, reason string) *Error {
	e := &Error{Reason: reason, Cause: cause}
	if o, m := identity(tree); m == nil {
		e.Object = o.ID()
	}
	return e
}
