package kubetest

import "strings"

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  progressDeadlineSeconds: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
      - name: web
        image: registry.test/web:1
        env:
        - {name: MODE, value: plain}
        - {name: DB_PASSWORD, value: canary-env-4711}
        ports:
        - {containerPort: 53, protocol: TCP, name: dns-tcp}
        - {containerPort: 53, protocol: UDP, name: dns-udp}
        resources:
          requests: {cpu: "0.1", memory: 1024Mi}
          limits: {cpu: 1000m}
`

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
`

const configMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: green, size: "3"}
`

const secret = `
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {user: canary-user-0815, pin: canary-pin-0815}
`

const statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db, serves: "yes"}}
    spec:
      containers:
      - {name: db, image: "registry.test/db:1"}
`

// statefulClaims is a StatefulSet with claims, of no pods, so that it needs no storage.
const statefulClaims = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: claims}
spec:
  serviceName: claims
  replicas: 0
  selector: {matchLabels: {app: claims}}
  template:
    metadata: {labels: {app: claims}}
    spec:
      containers:
      - name: db
        image: registry.test/db:1
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: once, image: "registry.test/once:1"}
`

const bareJob = `
apiVersion: batch/v1
kind: Job
metadata: {name: stuck}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: stuck, image: "registry.test/stuck:bad"}
`

const autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 5
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}
`

const barePod = `
apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {app: web, extra: kept}}
spec:
  containers:
  - {name: web, image: "registry.test/web:1"}
`

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: cranes.kubetest.yardmaster.io}
spec:
  group: kubetest.yardmaster.io
  scope: Namespaced
  names: {kind: Crane, plural: cranes, singular: crane}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

const crane = `
apiVersion: kubetest.yardmaster.io/v1
kind: Crane
metadata: {name: north}
spec: {reach: 40, ropes: [steel, hemp]}
`

// others are the kinds that nothing else here is about.
var others = []string{`
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - {name: nightly, image: "registry.test/once:1"}
`, `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: web.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
`, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
  - from: [{podSelector: {matchLabels: {tier: front}}}]
    ports: [{protocol: TCP, port: 8080}]
`, `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
`, `
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
`, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [get, list]}
`, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot}]
`, `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`}

// with is a manifest in which old texts stand for new ones.
func with(text string, oldnew ...string) string { return strings.NewReplacer(oldnew...).Replace(text) }

// everything is one object of each of the fifteen kinds that people deploy most.
func everything() []string {
	return append([]string{service, configMap, secret, deployment, statefulClaims, job, autoscaler}, others...)
}

var (
	web   = ref("apps/v1", "Deployment", "web")
	db    = ref("apps/v1", "StatefulSet", "db")
	once  = ref("batch/v1", "Job", "once")
	stuck = ref("batch/v1", "Job", "stuck")
)
