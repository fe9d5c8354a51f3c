package main

import (
	"context"
	"fmt"
	"yardmaster/executors/kube"
	kubesim "yardmaster/executors/kube/sim"
	"yardmaster/server/config"
)

// clusterOf is the configuration of the demo's cluster.
func clusterOf(kubeconfig string) string {
	if kubeconfig == "" {
		return "YARDMASTER_CONFIGS_SIMULATE=true"
	}
	return "YARDMASTER_CONFIGS_KUBECONFIG=" + kubeconfig
}

// meddled is the object that somebody changes behind the demo's back.
var meddled = kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "deployment-billing"}

// meddler changes an object of the platform as somebody else would.
func meddler(c config.Configs, cluster kube.Cluster) func(context.Context) error {
	return func(ctx context.Context) error {
		if simulated, ok := cluster.(*kubesim.Cluster); ok {
			return simulated.EditAs("kubectl-scale", meddled, func(o map[string]any) { o["spec"].(map[string]any)["replicas"] = int64(5) })
		}
		c.FieldManager = "kubectl-scale"
		other, err := openCluster(ctx, c, nil)
		if err != nil {
			return fmt.Errorf("somebody else: %w", err)
		}
		defer other.Close()
		return other.Scale(ctx, meddled, 5)
	}
}
