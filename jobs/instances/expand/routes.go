package expand

// routes are the ways in and how much of what is behind them may be away at once.
func (e *expansion) routes(up []string) {
	reads := func(color string) labels { return e.selecting(metrictank, read, color) }
	e.service("mt-read", RouteObjects, reads(""), e.finding(metrictank), port{"http", 6060})
	e.service(graphite, RouteObjects, e.selecting(graphite, graphite, ""), e.finding(graphite), port{"http", 80})
	gw := e.selecting(gateway, gateway, "")
	e.service(gateway, RouteObjects, gw, gw, port{"http", 80})
	rl := e.selecting(relay, relay, "")
	e.service(relay, RouteObjects, rl, rl, port{"carbon", 2003}, port{"pickle", 2013})
	e.ingress(gw)

	e.budget("mt-write", "", e.selecting(metrictank, write, ""))
	e.budget(gateway, "", gw)
	e.budget(relay, "", rl)
	for _, color := range up {
		e.budget("mt-read", color, reads(color))
		e.budget(graphite, color, e.selecting(graphite, graphite, color))
	}
}

// finding are the labels by which a Service finds the pods of the active colour: no writer has one.
func (e *expansion) finding(app string) labels {
	l := e.selecting(app, "", e.Active)
	delete(l, "component")
	return l
}

func (e *expansion) service(prefix, component string, own, finds labels, ports ...port) {
	var all []any
	for _, p := range ports {
		all = append(all, m{"name": p.name, "port": p.number, "protocol": "TCP", "targetPort": p.name})
	}
	e.put("v1", "Service", e.named(prefix), component, "", own, m{"spec": m{"type": "ClusterIP", "selector": finds, "ports": all}})
}

func (e *expansion) ingress(own labels) {
	if e.Domain == "" {
		return
	}
	host := e.Name + "." + e.Domain
	to := m{"service": m{"name": e.named(gateway), "port": m{"name": "http"}}}
	spec := m{"rules": list(m{"host": host, "http": m{"paths": list(m{"path": "/", "pathType": "Prefix", "backend": to})}})}
	if e.IngressClass != "" {
		spec["ingressClassName"] = e.IngressClass
	}
	if e.TLSSecret != "" {
		spec["tls"] = list(m{"hosts": list(host), "secretName": e.TLSSecret})
	}
	e.put("networking.k8s.io/v1", "Ingress", e.named(gateway), RouteObjects, "", own, m{"spec": spec})
}

// budget lets one pod be away at a time. Of readers that is one replica of one range of partitions.
func (e *expansion) budget(prefix, color string, l labels) {
	e.put("policy/v1", "PodDisruptionBudget", e.colored(prefix, color), RouteObjects, color, l,
		m{"spec": m{"maxUnavailable": 1, "selector": m{"matchLabels": l}}})
}
