package main

import (
	"context"
	"log/slog"
	"time"
	"yardmaster/client"
	"yardmaster/executors/sim/openstack"
)

const (
	cloudPast = 2 * time.Hour // how much of a cloud's life the demo begins with
	cloudPace = 2 * time.Second
)

// cloud is a simulated OpenStack whose notifications are sent to the demo's own API.
type cloud struct {
	*openstack.Cloud
	client *client.Client
	next   openstack.Message
	sent   int
}

// startCloud sends what has happened until now.
func startCloud(ctx context.Context, c *client.Client) (*cloud, error) {
	now := time.Now()
	o := &cloud{Cloud: openstack.New(openstack.Options{Seed: 1, Start: now.Add(-cloudPast), Pace: cloudPace}), client: c}
	o.next = o.Next()
	return o, o.until(ctx, now)
}

// until sends what has happened by then.
func (c *cloud) until(ctx context.Context, then time.Time) error {
	var due []client.Notification
	for ; !c.next.When.After(then); c.next = c.Next() {
		due = append(due, client.Notification{Deployment: c.next.Deployment, Exchange: c.next.Exchange, RoutingKey: c.next.RoutingKey, Body: c.next.Body})
	}
	done, err := c.client.Notify(ctx, due)
	c.sent += done.Stored
	return err
}

// live sends what happens, until ctx ends.
func (c *cloud) live(ctx context.Context, log *slog.Logger) {
	for ctx.Err() == nil {
		wake := time.NewTimer(time.Until(c.next.When))
		select {
		case <-wake.C:
		case <-ctx.Done():
			wake.Stop()
			return
		}
		if err := c.until(ctx, time.Now()); err != nil && ctx.Err() == nil {
			log.Warn("notifications of the demo's cloud not sent", "err", err)
			return
		}
	}
}
