package expand

import (
	"slices"
	"strconv"
	"strings"
)

const (
	managedBy     = "managed-by"
	revisionLabel = "config-revision"
	mirrorApp     = "instance-config"
)

// MirrorSelector selects the mirrors of all instances.
const MirrorSelector = "app=" + mirrorApp

// Selector selects every object of an instance.
func Selector(i Instance) string {
	return labels{"instance": i.Name, managedBy: "yardmaster", "org": strconv.Itoa(i.Org)}.selector()
}

type labels map[string]string

// selector is the labels as a selector.
func (l labels) selector() string {
	var all []string
	for k, v := range l {
		all = append(all, k+"="+v)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func (l labels) with(k, v string) labels {
	out := labels{k: v}
	for k, v := range l {
		if _, there := out[k]; !there {
			out[k] = v
		}
	}
	return out
}

// selecting are the labels by which pods are found; they never change in the life of a Deployment. A colour is one of readers alone.
func (i Instance) selecting(app, component, color string) labels {
	l := labels{"app": app, "component": component, "instance": i.Name, "org": strconv.Itoa(i.Org), "plan": i.plan()}
	if color != "" {
		l["color"] = color
	}
	return l
}

// owned are the labels of an object. The revision is one of objects alone: in a pod it would roll out whatever has not changed.
func (i Instance) owned(l labels) labels {
	return l.with(managedBy, "yardmaster").with(revisionLabel, strconv.Itoa(i.Revision))
}
