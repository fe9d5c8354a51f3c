package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// What Options leave out.
const (
	DefaultFieldManager = "yardmaster"
	DefaultTimeout      = 15 * time.Second
	DefaultConcurrency  = 8
)

// Options say which cluster, and who asks.
type Options struct {
	Kubeconfig   string            // path of a kubeconfig
	Context      string            // its context; "" is its current one
	InCluster    bool              // as the service account of the pod that the yard runs in, instead of a kubeconfig
	Transport    http.RoundTripper // what answers instead of a cluster; it has neither kubeconfig nor service account then
	Namespace    string            // "" is that of the context
	FieldManager string
	Yard         string        // the yard's id, a label's value
	Timeout      time.Duration // of one request
	Concurrency  int           // requests at a time, of Scan and Owned
	Logger       *slog.Logger
}

// Client is a Cluster over HTTP.
type Client struct {
	opt     Options
	http    *http.Client
	dynamic dynamic.Interface
	disco   *discovery.DiscoveryClient
	kinds   *kinds
}

var _ Cluster = (*Client)(nil)

// New makes a client. It does not ask the cluster anything, which may be away.
func New(ctx context.Context, o Options) (*Client, error) {
	o.FieldManager = cmp.Or(o.FieldManager, DefaultFieldManager)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	o.Concurrency = cmp.Or(o.Concurrency, DefaultConcurrency)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	config, namespace, err := connection(o)
	if err != nil {
		return nil, err
	}
	o.Namespace = cmp.Or(o.Namespace, namespace)
	if err := check(o); err != nil {
		return nil, err
	}
	config.QPS = -1 // the server queues fairly by itself
	config.UserAgent = "yardmaster"
	config.WarningHandlerWithContext = warnings{o.Logger}
	c := &Client{opt: o}
	if c.http, err = rest.HTTPClientFor(config); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	if c.dynamic, err = dynamic.NewForConfigAndClient(config, c.http); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	if c.disco, err = discovery.NewDiscoveryClientForConfigAndClient(config, c.http); err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	c.kinds = newKinds(c.discover)
	return c, nil
}

func check(o Options) error {
	if bad := validation.IsDNS1123Label(o.Namespace); len(bad) > 0 {
		return fmt.Errorf("namespace %q: %s", o.Namespace, bad[0])
	}
	if o.Yard == "" {
		return errors.New("yard: missing")
	}
	if bad := validation.IsValidLabelValue(o.Yard); len(bad) > 0 {
		return fmt.Errorf("yard %q: %s", o.Yard, bad[0])
	}
	if len(o.FieldManager) > 128 {
		return errors.New("field manager: longer than 128 bytes")
	}
	if o.Timeout < 0 || o.Concurrency < 0 {
		return errors.New("timeout and concurrency: below 0")
	}
	return nil
}

// connection is how to reach the cluster, and the namespace that goes with it.
func connection(o Options) (*rest.Config, string, error) {
	switch {
	case o.Transport != nil:
		return &rest.Config{Host: "http://cluster.invalid", Transport: o.Transport}, "default", nil
	case o.InCluster:
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, "", fmt.Errorf("in cluster: %w", err)
		}
		return config, "default", nil
	case o.Kubeconfig == "":
		return nil, "", errors.New("kubeconfig: missing")
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: o.Kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: o.Context})
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig %s: %w", o.Kubeconfig, err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("kubeconfig %s: namespace: %w", o.Kubeconfig, err)
	}
	return config, namespace, inline(config)
}

// inline reads certificates now: files that are watched would be watched for as long as the process lives.
func inline(config *rest.Config) error {
	if err := rest.LoadTLSFiles(config); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	config.CAFile, config.CertFile, config.KeyFile = "", "", ""
	return nil
}

// Namespace is where objects go whose manifest names none.
func (c *Client) Namespace() string { return c.opt.Namespace }

// In is the same cluster, over the same connections, seen from another namespace.
func (c *Client) In(namespace string) Cluster {
	other := *c
	other.opt.Namespace = cmp.Or(namespace, c.opt.Namespace)
	return &other
}

// Ping asks for the version of the cluster.
func (c *Client) Ping(ctx context.Context) (string, error) {
	own, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	info, err := c.disco.ServerVersionWithContext(own)
	if err != nil {
		return "", c.fault(ctx, "cluster", err)
	}
	return info.GitVersion, nil
}

// Close ends kept connections.
func (c *Client) Close() error {
	utilnet.CloseIdleConnectionsFor(c.http.Transport)
	return nil
}

// warnings logs what the cluster warns of, which may quote a manifest: not where everybody reads.
type warnings struct{ logger *slog.Logger }

func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if code == 299 && text != "" {
		w.logger.DebugContext(ctx, "cluster warns", "warning", brief(text))
	}
}
