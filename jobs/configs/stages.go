package configs

// stages are the kinds that others need, before them; what is not named comes with the workloads' neighbours, in the stage rest.
var stages = map[string]int{
	"Namespace": 0, "CustomResourceDefinition": 0, "PriorityClass": 0, "StorageClass": 0, "ClusterRole": 0,
	"ServiceAccount": 1, "Role": 1, "ClusterRoleBinding": 1, "RoleBinding": 1, "ResourceQuota": 1, "LimitRange": 1,
	"Secret": 2, "ConfigMap": 2, "PersistentVolume": 2, "PersistentVolumeClaim": 3,
	"Service": 4, "NetworkPolicy": 4, "Endpoints": 4, "EndpointSlice": 4,
	"Deployment": 5, "StatefulSet": 5, "DaemonSet": 5, "ReplicaSet": 5, "Pod": 5,
	"HorizontalPodAutoscaler": 7, "PodDisruptionBudget": 7, "Job": 7, "CronJob": 7,
	"Ingress": 8, "APIService": 8,
	"ValidatingWebhookConfiguration": 9, "MutatingWebhookConfiguration": 9,
}

const restStage = 6

func stage(kind string) int {
	if n, known := stages[kind]; known {
		return n
	}
	return restStage
}
