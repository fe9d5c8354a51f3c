package config

import "time"

// eventsOptions are the rows of the events and of the StackTach API.
func eventsOptions() []Option {
	rows := []Option{
		option("events.deployments", "[]", deployments(), func(c *Config) *[]Deployment { return &c.Events.Deployments },
			"Brokers that notifications come from."),
		option("events.batch", "5000", number(1, 100000), func(c *Config) *int { return &c.Events.Batch },
			"Events that are made durable in one transaction, at most."),
		option("events.keep_days", "0", number(0, 36500), func(c *Config) *int { return &c.Events.KeepDays },
			"Days after which events, and the usage made of them, may be dropped; 0 keeps them for ever."),
		option("events.keep_size_gb", "0", number(0, 1<<20), func(c *Config) *int { return &c.Events.KeepSizeGB },
			"GiB of disk beyond which the oldest events, and the usage made of them, are dropped; 0 sets no bound."),
		option("events.yard", "true", boolean(), func(c *Config) *bool { return &c.Events.Yard },
			"Keep an event of every operation of this yard too."),
	}
	return append(rows, verifierOptions()...)
}

func verifierOptions() []Option {
	return []Option{
		option("events.verifier.enabled", "true", boolean(), func(c *Config) *bool { return &c.Events.Verifier.Enabled },
			"Compare exists events with the launches and deletes that are known."),
		option("events.verifier.tick", "30s", duration(time.Second), func(c *Config) *time.Duration { return &c.Events.Verifier.Tick },
			"How often it looks for exists events that are due."),
		option("events.verifier.settle", "5m", duration(0), func(c *Config) *time.Duration { return &c.Events.Verifier.Settle },
			"How long after the end of its audit period an exists event is due."),
		option("events.verifier.batch", "1000", number(1, 100000), func(c *Config) *int { return &c.Events.Verifier.Batch },
			"Exists events that are looked at in one go, at most."),
		option("events.verifier.validation", string(ValidationNone), choice(ValidationNone, ValidationBasic, ValidationAll), func(c *Config) *Validation { return &c.Events.Verifier.Validation },
			"Which values of an exists event must also be of the right type: none of them, the basic ones, or all with those of an image's metadata."),
		option("events.verifier.republish.enabled", "false", boolean(), func(c *Config) *bool { return &c.Events.Verifier.Republish.Enabled },
			"Publish exists events again once they are verified."),
		option("events.verifier.republish.deployment", "", text(), func(c *Config) *string { return &c.Events.Verifier.Republish.Deployment },
			"Name of the deployment to whose broker they go; needed when there are several."),
		option("events.verifier.republish.topics", "{}", mapping("group of exchange: routing keys", texts("list of routing keys", routingKey())),
			func(c *Config) *map[string][]string { return &c.Events.Verifier.Republish.Topics },
			"Exchanges that they go to, each with the routing keys, as {nova: [monitor.info], glance: [monitor.info]}."),
		option("events.verifier.republish.nova_event_type", "compute.instance.exists.verified", word("event type", `[A-Za-z0-9_.-]+`),
			func(c *Config) *string { return &c.Events.Verifier.Republish.NovaEventType }, "What instance ones are called then."),
		option("events.verifier.republish.glance_event_type", "image.exists.verified", word("event type", `[A-Za-z0-9_.-]+`),
			func(c *Config) *string { return &c.Events.Verifier.Republish.GlanceEventType }, "What image ones are called then."),
		option("events.reports", "[]", scheduled(), func(c *Config) *[]Report { return &c.Events.Reports },
			"Reports that are built at set times."),
	}
}
