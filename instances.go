package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
	"yardmaster/auth"
	"yardmaster/executors/backend"
	"yardmaster/executors/backend/mem"
	"yardmaster/executors/cassandra"
	"yardmaster/executors/kafka"
	"yardmaster/executors/kube"
	"yardmaster/jobs"
	"yardmaster/jobs/instances"
	"yardmaster/server/config"
	"yardmaster/server/hmapi"
)

// instanceParts are the instances of a server: their domain, and the ways to their cluster and to where their data lies.
type instanceParts struct {
	cluster kube.Cluster
	domain  *instances.Domain
	closers []func() error
}

// openInstances makes the ways; none of them is asked for anything yet, and what they lead to may be away.
func openInstances(ctx context.Context, cfg config.Config, secrets *auth.Sealer, log *slog.Logger) (p *instanceParts, err error) {
	c := cfg.Instances
	p = &instanceParts{}
	if !c.Enabled() {
		return p, nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("instances: %w", err), p.Close())
		}
	}()
	p.cluster, err = openCluster(ctx, config.Configs{Kubeconfig: c.Kubeconfig, Context: c.Context, InCluster: c.InCluster, Simulate: c.Simulate,
		Namespace: c.Namespace, Yard: c.Yard, FieldManager: c.FieldManager, RequestTimeout: c.RequestTimeout, Parallel: c.Parallel}, log)
	if err != nil {
		return p, err
	}
	p.closers = append(p.closers, p.cluster.Close)
	topics, err := p.topics(c, log)
	if err != nil {
		return p, err
	}
	keyspaces, err := p.keyspaces(c, log)
	if err != nil {
		return p, err
	}
	p.domain, err = instances.NewDomain(instances.Parts{Cluster: p.cluster, Topics: topics, Keyspaces: keyspaces, Sealer: secrets, Patience: c.ReadyTimeout,
		Now: time.Now, Logger: log})
	return p, err
}

// topics is where topics are made: simulated beside a simulated cluster, nowhere if no broker is named.
func (p *instanceParts) topics(c config.Instances, log *slog.Logger) (backend.Topics, error) {
	k := c.Kafka
	switch {
	case len(k.Brokers) == 0 && c.Simulate:
		return mem.NewTopics(), nil
	case len(k.Brokers) == 0:
		return nil, nil
	}
	o := kafka.Options{Brokers: k.Brokers, Plaintext: !k.TLS, Timeout: c.RequestTimeout, Logger: log}
	if k.User != "" {
		o.SASL = kafka.SASL{Mechanism: strings.ToUpper(k.Mechanism), User: k.User, Password: k.Password.Reveal()}
	}
	admin, err := kafka.New(o)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	p.closers = append(p.closers, func() error { admin.Close(); return nil })
	return admin, nil
}

// keyspaces is the same for keyspaces.
func (p *instanceParts) keyspaces(c config.Instances, log *slog.Logger) (backend.Keyspaces, error) {
	k := c.Cassandra
	switch {
	case len(k.Hosts) == 0 && c.Simulate:
		return mem.NewKeyspaces(), nil
	case len(k.Hosts) == 0:
		return nil, nil
	}
	admin, err := cassandra.New(cassandra.Options{Hosts: k.Hosts, Port: k.Port, Plaintext: !k.TLS, User: k.User, Password: k.Password.Reveal(),
		Datacenter: k.Datacenter, Timeout: c.RequestTimeout, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("cassandra: %w", err)
	}
	p.closers = append(p.closers, func() error { admin.Close(); return nil })
	return admin, nil
}

// Kinds are the operations on instances.
func (p *instanceParts) Kinds() []jobs.Kind {
	if p.domain == nil {
		return nil
	}
	return p.domain.Kinds()
}

// Close ends all connections, the newest first.
func (p *instanceParts) Close() error {
	var err error
	for i := len(p.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closers[i]())
	}
	return err
}

// service is what answers for the instances; nil where there is no cluster.
func (p *instanceParts) service(ctx context.Context, in inside) (*instances.Service, error) {
	if p.domain == nil {
		return nil, nil
	}
	c := in.cfg.Instances
	source := instances.ConfigMapSource(in.db, p.cluster, c.ConfigMap)
	if c.ConfigFile != "" {
		source = func(context.Context) ([]byte, error) { return os.ReadFile(c.ConfigFile) }
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // a cluster that is away keeps no server from starting
	defer cancel()
	return instances.NewService(ctx, instances.Options{Domain: p.domain, DB: in.db, Runner: in.runner, Source: source, Draw: newID})
}

// instanceDialect is the hosted-metrics API.
func instanceDialect(in inside, service *instances.Service, door auth.Authenticator) (*hmapi.API, error) {
	return hmapi.New(hmapi.Options{Service: service, Auth: door, Patience: in.cfg.Configs.Patience, Logger: in.log})
}

// instanceDoor lets in the API's own user, and whom the yard knows by a password or a token.
func instanceDoor(cfg config.Config, configured auth.TokenLookup, who people) (auth.Authenticator, error) {
	c, own := cfg.Instances, who.own
	if c.User != "" {
		hash, err := auth.HashPassword(c.Password.Reveal())
		if err != nil {
			return nil, fmt.Errorf("instances.api_password: %w", err)
		}
		api, err := auth.NewLocal([]auth.LocalUser{{Name: c.User, Hash: hash, Role: auth.RoleAdmin}})
		if err != nil {
			return nil, fmt.Errorf("instances.api_user: %w", err)
		}
		own = auth.Basic("yardmaster", auth.FirstOf(api, who.users), who.attempts)
	}
	tokens := auth.Opaque(auth.OpaqueOptions{Headers: []string{"X-AUTH-TOKEN"}, Bearer: true, Challenge: `Basic realm="yardmaster"`,
		Lookups: []auth.TokenLookup{configured, who.tokens}})
	return auth.Anonymous(auth.Mode(cfg.Dialects.HMAPI.Anonymous), auth.Chain(tokens, own))
}
