// Package expand turns the configuration of a Metrictank instance into the Kubernetes objects that the instance consists of, and tells
// the difference between two sets of them.
//
// What an instance leaves open comes from its plan and from the hm-api configuration; each layer yields to the next: defaults, plan,
// overrides, the overrides of one colour. Colours a and b are complete read clusters of which one serves; writers have none.
//
//	org O, name I, plan P          lower-case plan; N = ceil(partitions / 8), numbered from 00
//	  instance-O-I                 ConfigMap      the configuration without its secrets, for kubectl
//	  mt-config-O-P-I[-a|-b]       ConfigMap      storage schemas, aggregations, index rules
//	  tsdb-auth-O-P-I              Secret         the gateway's keys
//	  mt-writeNN-O-P-I             Deployment     one primary for eight partitions
//	  mt-readNN-O-P-I-a            Deployment     secondaries for the same eight
//	  graphite-O-P-I-a             Deployment
//	  tsdb-gw-, carbon-relay-ng-   Deployment     and mt-importer- while files are imported
//	  mt-read-, graphite-, ...     Service, Ingress, PodDisruptionBudget
//
// It knows no cluster, no store, no clock and no lot: keys are drawn by the caller. Every result depends on its arguments alone. It does
// not apply what it makes, and it never puts a secret into an error, a difference or the mirror.
package expand
