package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// The errors that callers tell apart. Their texts name the object and the reason, and never a secret's value.
var (
	ErrNotFound    = errors.New("no such object")
	ErrNoNamespace = fmt.Errorf("no such namespace: %w", ErrNotFound) // what the object would be in
	ErrConflict    = errors.New("conflict with what the cluster has")
	ErrNotOwned    = fmt.Errorf("it is not this yard's: %w", ErrConflict)
	ErrInvalid     = errors.New("the cluster refuses it") // no try will mend it
	ErrForbidden   = errors.New("not permitted on the cluster")
	ErrUnavailable = errors.New("cluster does not answer") // worth another try later
	ErrNoKind      = errors.New("the cluster has no such kind")
)

// Cluster is one Kubernetes cluster, seen from one namespace. Every call may be made again after it was cut off, and ends within
// its own time limit even if the other side hangs. Errors wrap those above where they fit.
type Cluster interface {
	// Ping asks for the version of the cluster.
	Ping(ctx context.Context) (version string, err error)
	// Namespace is where objects go whose manifest names none.
	Namespace() string
	// In is the same cluster seen from another namespace; "" is this one. It is closed with this one.
	In(namespace string) Cluster
	// ClusterScoped says whether objects of a kind live outside of namespaces; known is false for a kind the cluster has not.
	ClusterScoped(ctx context.Context, apiVersion, kind string) (scoped, known bool, err error)

	// Apply makes the object what its manifest says, and marks it as this yard's. Other managers' values of the same fields are
	// overwritten; fields that the manifest never had stay as they are. A paused autoscaler stays paused, with new bounds kept for
	// its resumption. An object of another yard is ErrConflict unless it is seized.
	Apply(ctx context.Context, m Manifest, o ApplyOptions) (Applied, error)
	// Diff compares the object with its manifest.
	Diff(ctx context.Context, m Manifest) (Drift, error)
	// Scan is Diff of many, and cheap for those that have not changed since they were seen clean. What cannot be compared is in the
	// result with its reason; the error is only for a cluster that does not answer, with what was found until then.
	Scan(ctx context.Context, ms []Manifest, seen map[string]Seen) (map[string]Drift, error) // both by Ref.ID
	// Sides is an object as it is and as applying its manifest as a Whole would make it, to be read: without what the cluster keeps book
	// with, secrets masked.
	Sides(ctx context.Context, m Manifest, o SidesOptions) (Sides, error)
	// Get is the whole object as JSON, with status and managed fields, in clear.
	Get(ctx context.Context, r Ref) ([]byte, error)
	// Owned are all objects that this yard has applied, as far as it may list them, in the order of Ref.Compare.
	Owned(ctx context.Context) ([]Ref, error)
	// Owns says whether this yard has applied the object, as Owned does of all.
	Owns(ctx context.Context, r Ref) (bool, error)
	// Delete removes an object, whoever made it; what belongs to it follows in the background.
	Delete(ctx context.Context, r Ref) error
	// DeleteOwned removes an object that this yard has applied, as it is when that is looked at. Any other is ErrNotOwned, and stays.
	DeleteOwned(ctx context.Context, r Ref) error
	// Health says whether the object does its work.
	Health(ctx context.Context, r Ref) (Health, error)

	// Replicas is how many the object is told to run.
	Replicas(ctx context.Context, r Ref) (int64, error)
	// Scale tells it to run so many.
	Scale(ctx context.Context, r Ref, replicas int64) error
	// Workloads are the Deployments and StatefulSets of the namespace, by kind and name.
	Workloads(ctx context.Context) ([]Workload, error)
	// Autoscalers are the HorizontalPodAutoscalers of the namespace, by name.
	Autoscalers(ctx context.Context) ([]Autoscaler, error)
	// PauseAutoscaler holds its target at the replicas that it has now; paused ones are left alone.
	PauseAutoscaler(ctx context.Context, name string) error
	// ResumeAutoscaler gives it back the bounds that it had; those that are not paused are left alone.
	ResumeAutoscaler(ctx context.Context, name string) error

	// Pods are those of a workload; of the zero Ref, all of the namespace. By name.
	Pods(ctx context.Context, workload Ref) ([]Pod, error)
	// Serving is how many ready pods there are behind a Service of the namespace.
	Serving(ctx context.Context, service string) (int, error)
	// DeletePod removes a pod of the namespace; its controller makes another.
	DeletePod(ctx context.Context, name string) error
	// DeleteJob removes a job of the namespace, and its pods in the background.
	DeleteJob(ctx context.Context, name string) error
	// QuarantinePod takes a pod out of its Services and from its controller, which replaces it, and leaves it running to be looked
	// at. A StatefulSet's pod stays with its controller, which could not replace it; ErrConflict if it cannot be taken out of its
	// Services then. Pods in quarantine are left alone.
	QuarantinePod(ctx context.Context, name string) error
	// Logs writes at most limit bytes of what a container said since then (the zero time: ever); the container may be "" if the pod
	// has one only.
	Logs(ctx context.Context, pod, container string, since time.Time, limit int64, w io.Writer) error
	// Usage is the pod metrics of the namespace as the cluster's metrics API gives them; ErrNotFound if it has none.
	Usage(ctx context.Context) ([]byte, error)
	// Close ends kept connections.
	Close() error
}

// ApplyOptions say how to apply.
type ApplyOptions struct {
	Dry      bool // ask the cluster what would become of it, and change nothing
	Takeover bool // what kubectl apply set and the manifest has not goes
	Whole    bool // what anybody but the cluster has added goes, too, but for finalizers and what programs note in the object's metadata
	Seize    bool // the object may be marked as another yard's; it becomes this one's
	Rows     bool // say what changed
}

// Applied is what became of an object.
type Applied struct {
	Created         bool
	Changed         bool // true if created
	ResourceVersion string
	UID             string
	Rows            []Row // what was different before; none for a created object
	Seen            Seen  // for a Scan that asks whether it needs to be applied again; zero after a dry run
}

// Row is one field in which a live object is not as expected. Secrets are masked in it.
type Row struct {
	Key      string    `json:"key"`               // "spec.template.spec.containers[0].image"
	Expected string    `json:"expected"`          // "" if it should not be there
	Got      string    `json:"got"`               // "" if it is not there
	Manager  string    `json:"manager,omitempty"` // who wrote the live value last; "" if that is not known
	At       time.Time `json:"at,omitzero"`
}

// SidesOptions say who is to read them.
type SidesOptions struct {
	Closed bool // the values of all variables are masked, whatever they are called
	Sealed bool // what a ConfigMap holds is masked as what a Secret holds is
}

// Sides is an object on either side of an apply, in JSON; nil where there is none. A masked value that differs has another mask on
// either side.
type Sides struct{ Live, Want []byte }

// Drift is how a live object differs from its manifest.
type Drift struct {
	Missing bool   `json:"missing,omitempty"` // there is no such object
	Rows    []Row  `json:"rows,omitempty"`    // what Apply would change
	Foreign []Row  `json:"foreign,omitempty"` // what others have added, which Apply would leave
	Refused string `json:"refused,omitempty"` // why the cluster would not let it be applied; Rows are then those of the manifest's own fields
	Skipped string `json:"skipped,omitempty"` // why it was not compared; "" is compared
	From    string `json:"from,omitempty"`    // FromSeen, FromDryRun or FromManifest
	Seen    Seen   `json:"seen,omitzero"`     // to be handed to the next Scan; zero unless Clean
}

// How a Drift was found.
const (
	FromSeen     = "seen"     // neither object nor manifest has changed since it was clean
	FromDryRun   = "dry run"  // the cluster was asked what applying would change
	FromManifest = "manifest" // the cluster refuses the manifest, so its fields were compared as they stand
)

// Clean tells that the object is there and is what its manifest says, with nothing added by others.
func (d Drift) Clean() bool {
	return !d.Missing && len(d.Rows) == 0 && len(d.Foreign) == 0 && d.Refused == "" && d.Skipped == ""
}

// Seen is how an object was when it was clean. It tells nothing of the object's content.
type Seen struct {
	Hash    string `json:"hash"`    // of the manifest
	Version string `json:"version"` // of the object's content, without its status
	UID     string `json:"uid"`
}

// State is whether an object does its work.
type State string

// The states. Unknown is for objects whose controller has not looked at them yet.
const (
	Ready       State = "ready"
	Progressing State = "progressing"
	Failed      State = "failed"
	Unknown     State = "unknown"
)

// Health is an object's state, and why if it is not ready.
type Health struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"` // with what its pods wait for: "1 of 3 ready: web-5d9c-x2x4: ImagePullBackOff"
}

// Workload is a Deployment or a StatefulSet.
type Workload struct {
	Ref
	Replicas int64 // as told
	Ready    int64
	Owned    bool // applied by this yard
}

// Autoscaler is a HorizontalPodAutoscaler. While it is paused, Min and Max are those that it will have again.
type Autoscaler struct {
	Name     string
	Target   Ref
	Min, Max int32
	Paused   bool
}

// Pod is one pod.
type Pod struct {
	Name       string   `json:"name"`
	Node       string   `json:"node,omitempty"`
	Phase      string   `json:"phase"`
	Reason     string   `json:"reason,omitempty"` // what it waits for or died of: "ImagePullBackOff", "CrashLoopBackOff", "Terminating"
	Containers []string `json:"containers"`
	Restarts   int32    `json:"restarts,omitempty"`
	Ready      bool     `json:"ready"`
}
