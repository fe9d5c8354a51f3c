package expand

import (
	"fmt"
	"maps"
	"slices"
)

// workload is a Deployment of one container.
type workload struct {
	name, component, color string
	labels                 labels // of its pods, by which it finds them
	container              string
	command                []string
	settings               settings
	env                    []any // ours, in order; those of the settings follow
	ports                  []port
	ready                  m // the readiness probe's handler
	files                  []files
	checksum               string
	account                string // the service account; empty for a pod that talks to no apiserver
	recreate               bool
	spread                 bool // over nodes
	grace                  int  // seconds to stop in
}

type port struct {
	name   string
	number int
}

// files are those of a ConfigMap or Secret in a directory.
type files struct {
	volume, dir       string
	configMap, secret string
	only              string // the one key that the pod may see; empty for all
}

func (e *expansion) deploy(w workload) {
	template := m{"metadata": m{"labels": w.labels}, "spec": e.pod(w)}
	if w.checksum != "" {
		template["metadata"].(m)["annotations"] = m{"checksum/config": w.checksum}
	}
	strategy := m{"type": "RollingUpdate", "rollingUpdate": m{"maxSurge": 1, "maxUnavailable": 0}}
	if w.recreate {
		strategy = m{"type": "Recreate"}
	}
	e.put("apps/v1", "Deployment", w.name, w.component, w.color, w.labels, m{"spec": m{
		"replicas":                w.settings.replicas,
		"selector":                m{"matchLabels": w.labels},
		"strategy":                strategy,
		"progressDeadlineSeconds": e.Defaults.RolloutDeadline,
		"template":                template,
	}})
}

func (e *expansion) pod(w workload) m {
	spec := m{"containers": list(w.body()), "automountServiceAccountToken": w.account != ""}
	if w.account != "" && w.account != defaultAccount {
		spec["serviceAccountName"] = w.account
	}
	if w.grace > 0 {
		spec["terminationGracePeriodSeconds"] = w.grace
	}
	if e.ImagePullSecret != "" {
		spec["imagePullSecrets"] = list(m{"name": e.ImagePullSecret})
	}
	if len(e.NodeSelector) > 0 {
		spec["nodeSelector"] = e.NodeSelector
	}
	if w.spread {
		spec["topologySpreadConstraints"] = list(m{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
			"labelSelector": m{"matchLabels": w.labels}})
	}
	var volumes []any
	for _, f := range w.files {
		volumes = append(volumes, f.source())
	}
	if volumes != nil {
		spec["volumes"] = volumes
	}
	return spec
}

// defaultAccount is what a namespace gives a pod that names none.
const defaultAccount = "default"

func (f files) source() m {
	if f.secret == "" {
		return m{"name": f.volume, "configMap": m{"name": f.configMap}}
	}
	return m{"name": f.volume, "secret": m{"secretName": f.secret, "items": list(m{"key": f.only, "path": f.only})}}
}

// body is the container. Image and ports follow upon each other when it is printed, unless it has a command.
func (w workload) body() m {
	c := m{"name": w.container, "image": w.settings.image, "env": w.environment(), "readinessProbe": w.probe()}
	if w.command != nil {
		c["command"] = w.command
	}
	var ports, mounts []any
	for _, p := range w.ports {
		ports = append(ports, m{"name": p.name, "containerPort": p.number, "protocol": "TCP"})
	}
	c["ports"] = ports
	for _, f := range w.files {
		mounts = append(mounts, m{"name": f.volume, "mountPath": f.dir, "readOnly": true})
	}
	if mounts != nil {
		c["volumeMounts"] = mounts
	}
	requests := m{}
	if w.settings.cpu > 0 {
		requests["cpu"] = cores(w.settings.cpu)
	}
	if w.settings.mem > 0 {
		requests["memory"] = mebibytes(w.settings.mem)
	}
	if len(requests) > 0 {
		c["resources"] = m{"requests": requests}
	}
	return c
}

func (w workload) probe() m {
	p := m{"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 3}
	maps.Copy(p, w.ready)
	return p
}

// environment is ours, with the values of the settings where they name the same, and what else they name.
func (w workload) environment() []any {
	more := maps.Clone(w.settings.env)
	all := make([]any, 0, len(w.env)+len(more))
	for _, v := range w.env {
		name := v.(m)["name"].(string)
		if value, ok := more[name]; ok && !slices.Contains(ours, name) {
			v = env(name, value)
		}
		delete(more, name)
		all = append(all, v)
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		all = append(all, env(name, more[name]))
	}
	return all
}

// env is a variable. An empty value is left out, as a cluster does.
func env(name string, value any) m {
	v := m{"name": name}
	if text := fmt.Sprint(value); text != "" {
		v["value"] = text
	}
	return v
}

func envField(name, path string) m {
	return m{"name": name, "valueFrom": m{"fieldRef": m{"apiVersion": "v1", "fieldPath": path}}}
}

func envSecret(name, secret, key string) m {
	return m{"name": name, "valueFrom": m{"secretKeyRef": m{"name": secret, "key": key}}}
}

func httpGet(path, port string) m {
	return m{"httpGet": m{"path": path, "port": port, "scheme": "HTTP"}}
}

func tcp(port string) m { return m{"tcpSocket": m{"port": port}} }

// cores is a quantity as a cluster writes it, so that what comes back is what was sent.
func cores(milli int) string {
	if milli%1000 == 0 {
		return fmt.Sprint(milli / 1000)
	}
	return fmt.Sprintf("%dm", milli)
}

func mebibytes(n int) string {
	unit := 0
	for unit < 3 && n%1024 == 0 {
		n /= 1024
		unit++
	}
	return fmt.Sprint(n) + []string{"Mi", "Gi", "Ti", "Pi"}[unit]
}
