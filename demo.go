package main

import (
	"context"
	"fmt"
	"yardmaster/client"
	"yardmaster/executors/kube"
	kubesim "yardmaster/executors/kube/sim"
	"yardmaster/server/config"
)

// clusterOf is the configuration of the cluster of one part of the demo.
func clusterOf(part, kubeconfig string) string {
	if kubeconfig == "" {
		return "YARDMASTER_" + part + "_SIMULATE=true"
	}
	return "YARDMASTER_" + part + "_KUBECONFIG=" + kubeconfig
}

// meddled are what somebody changes behind the demo's back.
var (
	meddled         = kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "deployment-billing"}
	meddledInstance = kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "graphite-1-small-" + client.TourInstances[0] + "-a"}
)

func meddler(c config.Configs, cluster kube.Cluster) func(context.Context) error {
	return func(ctx context.Context) error { return meddle(ctx, c, cluster, meddled) }
}

func instanceMeddler(c config.Instances, cluster kube.Cluster) func(context.Context) error {
	return func(ctx context.Context) error {
		return meddle(ctx, config.Configs{Kubeconfig: c.Kubeconfig, Context: c.Context, Namespace: c.Namespace, Yard: c.Yard, RequestTimeout: c.RequestTimeout,
			Parallel: c.Parallel}, cluster, meddledInstance)
	}
}

// meddle changes an object as somebody else would.
func meddle(ctx context.Context, c config.Configs, cluster kube.Cluster, r kube.Ref) error {
	if simulated, ok := cluster.(*kubesim.Cluster); ok {
		return simulated.EditAs("kubectl-scale", r, func(o map[string]any) { o["spec"].(map[string]any)["replicas"] = int64(5) })
	}
	c.FieldManager = "kubectl-scale"
	other, err := openCluster(ctx, c, nil)
	if err != nil {
		return fmt.Errorf("somebody else: %w", err)
	}
	defer other.Close()
	return other.Scale(ctx, r, 5)
}
