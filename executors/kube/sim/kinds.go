package sim

import (
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

const release = "v1.37.2+sim"

// kind is one kind that the cluster serves.
type kind struct {
	schema.GroupVersionKind
	resource   string
	namespaced bool
	scales     bool
	types      managedfields.TypeConverter
}

// builtins are the kinds that every cluster has, as "group/version resource:Kind"; ! is outside of namespaces, + has a scale.
const builtins = `
v1 configmaps:ConfigMap secrets:Secret services:Service serviceaccounts:ServiceAccount pods:Pod
v1 persistentvolumeclaims:PersistentVolumeClaim !persistentvolumes:PersistentVolume !namespaces:Namespace !nodes:Node
v1 endpoints:Endpoints events:Event limitranges:LimitRange resourcequotas:ResourceQuota +replicationcontrollers:ReplicationController
apps/v1 +deployments:Deployment +replicasets:ReplicaSet +statefulsets:StatefulSet daemonsets:DaemonSet
batch/v1 jobs:Job cronjobs:CronJob
autoscaling/v2 horizontalpodautoscalers:HorizontalPodAutoscaler
policy/v1 poddisruptionbudgets:PodDisruptionBudget
networking.k8s.io/v1 ingresses:Ingress networkpolicies:NetworkPolicy !ingressclasses:IngressClass
rbac.authorization.k8s.io/v1 roles:Role rolebindings:RoleBinding !clusterroles:ClusterRole !clusterrolebindings:ClusterRoleBinding
storage.k8s.io/v1 !storageclasses:StorageClass
scheduling.k8s.io/v1 !priorityclasses:PriorityClass
coordination.k8s.io/v1 leases:Lease
discovery.k8s.io/v1 endpointslices:EndpointSlice
admissionregistration.k8s.io/v1 !validatingwebhookconfigurations:ValidatingWebhookConfiguration
admissionregistration.k8s.io/v1 !mutatingwebhookconfigurations:MutatingWebhookConfiguration
apiextensions.k8s.io/v1 !customresourcedefinitions:CustomResourceDefinition`

func builtin() []*kind {
	known := applyconfigurations.NewTypeConverter(scheme.Scheme)
	var out []*kind
	for line := range strings.Lines(strings.TrimSpace(builtins)) {
		fields := strings.Fields(line)
		gv, _ := schema.ParseGroupVersion(fields[0])
		for _, f := range fields[1:] {
			name, of, _ := strings.Cut(strings.TrimLeft(f, "!+"), ":")
			k := &kind{GroupVersionKind: gv.WithKind(of), resource: name, namespaced: f[0] != '!', scales: f[0] == '+', types: known}
			if !scheme.Scheme.Recognizes(k.GroupVersionKind) {
				k.types = managedfields.NewDeducedTypeConverter()
			}
			out = append(out, k)
		}
	}
	return out
}

func (k *kind) key(namespace, name string) key {
	if !k.namespaced {
		namespace = ""
	}
	return key{k.Group, k.resource, namespace, name}
}

func (k key) gr() schema.GroupResource {
	return schema.GroupResource{Group: k.group, Resource: k.resource}
}

func (s *server) find(group, version, resource string) *kind {
	i := slices.IndexFunc(s.kinds, func(k *kind) bool { return k.Group == group && k.Version == version && k.resource == resource })
	if i < 0 {
		return nil
	}
	return s.kinds[i]
}

// of is the kind of an object.
func (s *server) of(apiVersion, name string) (*kind, error) {
	i := slices.IndexFunc(s.kinds, func(k *kind) bool { return k.GroupVersion().String() == apiVersion && k.Kind == name })
	if i < 0 {
		return nil, fmt.Errorf("the cluster serves no %s of %s", name, apiVersion)
	}
	return s.kinds[i], nil
}

// define serves the kinds of a CustomResourceDefinition. Their fields are merged as if each list were one value.
func (s *server) define(crd *unstructured.Unstructured) {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	scope, _, _ := unstructured.NestedString(crd.Object, "spec", "scope")
	name, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
	plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, v := range versions {
		m, _ := v.(map[string]any)
		text, _ := m["name"].(string)
		if s.find(group, text, plural) == nil {
			s.kinds = append(s.kinds, &kind{GroupVersionKind: schema.GroupVersionKind{Group: group, Version: text, Kind: name}, resource: plural,
				namespaced: scope != "Cluster", types: managedfields.NewDeducedTypeConverter()})
		}
	}
}

// undefine forgets them.
func (s *server) undefine(crd *unstructured.Unstructured) {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
	s.kinds = slices.DeleteFunc(s.kinds, func(k *kind) bool { return k.Group == group && k.resource == plural })
	for k := range s.objects {
		if k.group == group && k.resource == plural {
			delete(s.objects, k)
		}
	}
}

// discover answers what the cluster serves.
func (s *server) discover(r request) (any, error) {
	switch {
	case r.path == "version":
		return version.Info{Major: "1", Minor: "37", GitVersion: release}, nil
	case r.path == "api":
		return metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}}, nil
	case r.path == "apis":
		return s.groups(), nil
	}
	wanted := strings.TrimPrefix(strings.TrimPrefix(r.path, "apis/"), "api/")
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: wanted}
	for _, k := range s.kinds {
		if k.GroupVersion().String() == wanted {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: k.resource, Kind: k.Kind, Namespaced: k.namespaced,
				Verbs: metav1.Verbs{"create", "delete", "get", "list", "patch", "update"}})
		}
	}
	if len(list.APIResources) == 0 {
		return nil, notServed(r)
	}
	return list, nil
}

func (s *server) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, k := range s.kinds {
		v := metav1.GroupVersionForDiscovery{GroupVersion: k.GroupVersion().String(), Version: k.Version}
		i := slices.IndexFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == k.Group })
		switch {
		case k.Group == "":
		case i < 0:
			list.Groups = append(list.Groups, metav1.APIGroup{Name: k.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
		case !slices.Contains(list.Groups[i].Versions, v):
			list.Groups[i].Versions = append(list.Groups[i].Versions, v)
		}
	}
	return list
}

func notServed(r request) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: 404, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{Group: r.group, Kind: r.resource}}}
}
