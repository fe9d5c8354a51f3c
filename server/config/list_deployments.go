package config

import (
	"errors"
	"fmt"
	"regexp"
)

// deployments is the list of brokers.
func deployments() kind[[]Deployment] {
	return record[Deployment]{
		name: "list of deployments", all: deploymentFields(), check: checkDeployment,
		label: func(d Deployment) string { return d.Name },
	}.list()
}

// rabbitPort is where a broker listens that says nothing else.
const rabbitPort = "5672"

func deploymentFields() []field[Deployment] {
	return []field[Deployment]{
		fieldOf("name", "", text(), func(d *Deployment) *string { return &d.Name }, "What its events say as their deployment; kept with them, so it should not change."),
		fieldOf("enabled", "true", boolean(), func(d *Deployment) *bool { return &d.Enabled }, "Consume from it."),
		fieldOf("host", "localhost", text(), func(d *Deployment) *string { return &d.Host }, "Name or address of the RabbitMQ broker."),
		fieldOf("port", rabbitPort, number(1, 65535), func(d *Deployment) *int { return &d.Port }, "Its AMQP port; with TLS mostly 5671."),
		fieldOf("user", "guest", text(), func(d *Deployment) *string { return &d.User }, "User at the broker."),
		fieldOf("password", "", secret(), func(d *Deployment) *Secret { return &d.Password }, "The user's password."),
		fieldOf("password_file", "", path(), func(d *Deployment) *string { return &d.PasswordFile }, "File that holds it."),
		fieldOf("vhost", "/", text(), func(d *Deployment) *string { return &d.VHost }, "Virtual host of the broker."),
		fieldOf("tls.enabled", "false", boolean(), func(d *Deployment) *bool { return &d.TLS.Enabled }, "Speak TLS."),
		fieldOf("tls.ca_file", "", path(), func(d *Deployment) *string { return &d.TLS.CAFile }, "PEM certificates that the broker's must come from; empty takes the system's."),
		fieldOf("tls.insecure", "false", boolean(), func(d *Deployment) *bool { return &d.TLS.Insecure }, "Take any certificate."),
		fieldOf("durable", "true", boolean(), func(d *Deployment) *bool { return &d.Durable }, "Exchanges and queues are durable; must be as they are at the broker already."),
		fieldOf("queue_arguments", "", arguments(), func(d *Deployment) *map[string]any { return &d.QueueArguments }, "Arguments that queues are declared with, as x-max-length; must be as they are at the broker already."),
		fieldOf("prefetch", "2000", number(1, 65535), func(d *Deployment) *int { return &d.Prefetch }, "Messages of a queue that may be on their way before they are stored."),
		fieldOf("topics", "", topics(), func(d *Deployment) *[]Topic { return &d.Topics }, "Exchanges, each with exchange (its name) and queues, a list of queue and routing_key. They are made where they are missing."),
	}
}

func topics() kind[[]Topic] {
	return record[Topic]{
		name: "list of exchanges and their queues", id: "exchange", check: func(t Topic) (string, error) {
			switch {
			case t.Exchange == "":
				return "exchange", errors.New("is empty")
			case len(t.Queues) == 0:
				return "queues", errors.New("is empty")
			}
			return "", nil
		},
		label: func(t Topic) string { return t.Exchange },
		all: []field[Topic]{
			fieldOf("exchange", "", amqpName(), func(t *Topic) *string { return &t.Exchange }, ""),
			fieldOf("queues", "", bindings(), func(t *Topic) *[]Binding { return &t.Queues }, ""),
		},
	}.list()
}

func bindings() kind[[]Binding] {
	return record[Binding]{
		name: "list of queues and routing keys", id: "queue",
		check: func(b Binding) (string, error) {
			if b.Queue == "" {
				return "queue", errors.New("is empty")
			}
			return "", nil
		},
		label: func(b Binding) string { return b.Queue + " with " + b.RoutingKey },
		all: []field[Binding]{
			fieldOf("queue", "", amqpName(), func(b *Binding) *string { return &b.Queue }, ""),
			fieldOf("routing_key", "", routingKey(), func(b *Binding) *string { return &b.RoutingKey }, ""),
		},
	}.list()
}

// mostDeploymentName is what the column of the predecessor holds.
const mostDeploymentName = 50

// checkDeployment says which field of a deployment is wrong, as far as that shows in it alone.
func checkDeployment(d Deployment) (string, error) {
	switch {
	case d.Name == "":
		return "name", errors.New("is empty")
	case len([]rune(d.Name)) > mostDeploymentName:
		return "name", fmt.Errorf("%s is longer than %d characters", quote(d.Name), mostDeploymentName)
	case d.Host == "":
		return "host", errors.New("is empty")
	case d.Password != "" && d.PasswordFile != "":
		return "password_file", errors.New("set this or password, not both")
	case !d.TLS.Enabled && (d.TLS.CAFile != "" || d.TLS.Insecure):
		return "tls.enabled", errors.New("is false, and there are other keys of tls")
	case len(d.Topics) == 0:
		return "topics", errors.New("is empty")
	}
	return "", nil
}

// scheduled is the list of reports that are built at set times.
func scheduled() kind[[]Report] {
	return record[Report]{
		name: "list of reports", check: checkReport,
		label: func(r Report) string { return r.Name },
		all: []field[Report]{
			fieldOf("name", "", text(), func(r *Report) *string { return &r.Name }, "Name of the schedule; what ran when is remembered by it."),
			fieldOf("report", "", text(), func(r *Report) *string { return &r.Report }, "Which report is built, as summary, nova usage audit or instance hours; left out, it is the name."),
			fieldOf("cron", "", cronText(), func(r *Report) *string { return &r.Cron }, "When: minute, hour, day of the month, month and day of the week, in UTC unless CRON_TZ=ZONE stands before them; or @hourly, @daily, @every 6h."),
			fieldOf("options", "", options(), func(r *Report) *map[string]string { return &r.Options }, "The report's options, as hours, region, percentile and too_long."),
		},
	}.list()
}

var reportName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 _-]{0,99}$`)

func checkReport(r Report) (string, error) {
	switch {
	case r.Name == "":
		return "name", errors.New("is empty")
	case !reportName.MatchString(r.Name):
		return "name", notReportName(r.Name)
	case r.Report != "" && !reportName.MatchString(r.Report):
		return "report", notReportName(r.Report)
	case r.Cron == "":
		return "cron", errors.New("is empty")
	}
	for _, name := range keysOf(r.Options) {
		if len(r.Options[name]) > mostShortText {
			return "options." + name, fmt.Errorf("%s is longer than %d bytes", quote(r.Options[name]), mostShortText)
		}
	}
	return "", nil
}

func notReportName(name string) error {
	return fmt.Errorf("%s is not a name of letters, digits, blanks, dashes and underscores", quote(name))
}
