// Package kube is the yard's hand on a Kubernetes cluster: it applies manifests by server-side apply, compares what runs with what
// should, scales, pauses, and takes pods aside. It is the one door to client-go. It decides nothing: which objects there should
// be, in which order they are applied and what becomes of drift is for its callers. It never prints a secret's value: rows, errors and
// log lines have it masked; only Get and Logs give what the cluster gives.
//
//	Cluster ── the interface that callers hold
//	├── Client ── over HTTP: client.go connects, wire.go asks, apply.go, drift.go, scan.go, health.go ... are what it can do
//	└── sim.Cluster ── a Client again, whose transport is a simulated API server
//
// An object is this yard's if it carries the label yardmaster.io/yard with the yard's id and the yard's field manager has applied it.
package kube

// What marks objects on the cluster.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelYard      = "yardmaster.io/yard"
	ManagedBy      = "yardmaster"

	LabelQuarantined      = "quarantined"                      // "true" on a pod that was taken aside
	AnnotationQuarantine  = "yardmaster.io/quarantined-labels" // the labels that it had, as JSON
	AnnotationPaused      = "yardmaster.io/paused-autoscaler"  // the bounds that an autoscaler had, as JSON
	annotationLastApplied = "kubectl.kubernetes.io/last-applied-configuration"
)
