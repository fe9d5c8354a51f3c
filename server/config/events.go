package config

import "time"

// Events configures what is kept of a cloud's notifications, where they come from and what is made of them.
type Events struct {
	Deployments []Deployment
	Batch       int // events in one transaction, at most
	KeepDays    int // 0: for ever
	KeepSizeGB  int // 0: without a bound
	Yard        bool
	Verifier    Verifier
	Reports     []Report
}

// Deployment is a broker and what is consumed from it.
type Deployment struct {
	Name           string
	Enabled        bool
	Host           string
	Port           int
	User           string
	Password       Secret
	PasswordFile   string
	VHost          string
	TLS            DeploymentTLS
	Durable        bool           // exchanges and queues outlive the broker
	QueueArguments map[string]any // nil, bool, string, int64, float64, []any, map[string]any
	Prefetch       int
	Topics         []Topic
}

// DeploymentTLS is how a broker proves who it is.
type DeploymentTLS struct {
	Enabled  bool
	CAFile   string // "": the system's authorities
	Insecure bool   // take any certificate
}

// Topic is a topic exchange and the queues that are bound to it.
type Topic struct {
	Exchange string
	Queues   []Binding
}

// Binding is a queue and the routing key that it is bound with.
type Binding struct{ Queue, RoutingKey string }

// Validation is how closely the verifier looks at the values of an exists event.
type Validation string

// The levels of Validation.
const (
	ValidationNone  Validation = "none"
	ValidationBasic Validation = "basic"
	ValidationAll   Validation = "all"
)

// Verifier compares exists events with launches and deletes.
type Verifier struct {
	Enabled      bool
	Tick, Settle time.Duration
	Batch        int
	Validation   Validation
	Republish    Republish
}

// Republish says where verified exists events are published to.
type Republish struct {
	Enabled                        bool
	Deployment                     string              // whose broker
	Topics                         map[string][]string // routing keys by exchange
	NovaEventType, GlanceEventType string
}

// Report is one that is built at set times.
type Report struct {
	Name    string // unique
	Report  string // which one; filled in: Name
	Cron    string
	Options map[string]string
}
