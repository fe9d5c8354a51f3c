package materialize

import (
	"regexp"
	"strings"
)

var registryName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?$`)

// RegistryPatch is the body of a patch (with its target comment) that takes every image of containers and init containers from another
// registry: all before the last "/" is replaced, name, tag and digest stay. false if there is nothing to do.
func RegistryPatch(text, registry string) (body string, ok bool, err error) {
	tree, err := object(text)
	if err != nil {
		return "", false, err
	}
	o, fault := identity(tree)
	if fault != nil {
		return "", false, fault.in("", text, 1)
	}
	registry = strings.TrimRight(registry, "/")
	if !registryName.MatchString(registry) || strings.Contains(registry, "//") {
		return "", false, &Error{Object: o.ID(), Reason: "registry " + shorten(registry) + " is no host and path"}
	}
	spec := podSpec(tree)
	pod := map[string]any{}
	for _, field := range []string{"containers", "initContainers"} {
		if images := moved(containers(spec, field), registry); images != nil {
			pod[field] = images
		}
	}
	if len(pod) == 0 {
		return "", false, nil
	}
	body, err = patchBody(o, nested(podSpecPath(o.Kind), pod))
	return body, err == nil, err
}

// RegistryOf is the registry of a patch that RegistryPatch has written; "" of any other.
func RegistryOf(body string) string {
	tree, err := object(body)
	if err != nil {
		return ""
	}
	spec, _ := at(tree, podSpecPath(text(tree, "kind"))...).(map[string]any)
	for _, field := range []string{"containers", "initContainers"} {
		for _, c := range containers(spec, field) {
			if image := text(c, "image"); strings.Contains(image, "/") {
				return image[:strings.LastIndex(image, "/")]
			}
		}
	}
	return ""
}

// moved are the containers whose image comes from elsewhere then.
func moved(containers []map[string]any, registry string) []any {
	var images []any
	for _, c := range containers {
		image := text(c, "image")
		if to := registry + "/" + image[strings.LastIndex(image, "/")+1:]; image != "" && to != image {
			images = append(images, map[string]any{"name": c["name"], "image": to})
		}
	}
	return images
}

// nested puts a value at the end of a path.
func nested(path []string, v map[string]any) map[string]any {
	for i := len(path) - 1; i >= 0; i-- {
		v = map[string]any{path[i]: v}
	}
	return v
}
