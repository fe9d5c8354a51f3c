package expand

import (
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// ParseConfig reads a configuration in YAML or JSON over the defaults: what it does not name stays, a plan that is null is taken away.
// Fields that it does not know are refused by name. What it returns is valid. Errors are up to 20 *FieldError, joined.
func ParseConfig(raw []byte) (Config, error) {
	text, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		return Config{}, notYAML(err)
	}
	r := &reader{}
	c := DefaultConfig()
	r.object("", text, c.fields(r, &c))
	if len(r.all) == 0 {
		c.check(&r.faults)
	}
	if err := r.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// notYAML keeps what the parser says of the place.
func notYAML(err error) error {
	reason := strings.ReplaceAll(err.Error(), "\n", " ")
	line := 0
	if m := yamlLine.FindStringSubmatch(reason); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return &FieldError{Line: line, Reason: "is not YAML: " + strings.Trim(quoted(reason), `"`)}
}

func (Config) fields(r *reader, c *Config) fields {
	d, k, s := &c.Defaults, &c.Kafka, &c.Cassandra
	return fields{
		"plans":      r.plans(c),
		"components": r.components(c),
		"defaults": r.in(fields{"plan": r.text(&d.Plan), "schemas": r.text(&d.Schemas), "aggregations": r.text(&d.Aggregations),
			"indexRules": r.text(&d.IndexRules), "rolloutConcurrency": r.whole(&d.RolloutConcurrency),
			"rolloutDeadline": r.whole(&d.RolloutDeadline)}),
		"domain":          r.text(&c.Domain),
		"ingressClass":    r.text(&c.IngressClass),
		"tlsSecret":       r.text(&c.TLSSecret),
		"serviceAccount":  r.text(&c.ServiceAccount),
		"imagePullSecret": r.text(&c.ImagePullSecret),
		"nodeSelector":    r.texts(&c.NodeSelector),
		"kafka": r.in(fields{"brokers": r.list(&k.Brokers), "replication": r.whole(&k.Replication),
			"partitionScheme": r.text(&k.PartitionScheme)}),
		"cassandra": r.in(fields{"hosts": r.list(&s.Hosts), "replication": r.texts(&s.Replication)}),
	}
}

func (r *reader) plans(c *Config) field {
	return func(path string, raw json.RawMessage) {
		r.each(path, raw, func(name, path string, raw json.RawMessage) {
			name = strings.ToLower(name)
			if isNull(raw) {
				delete(c.Plans, name)
				return
			}
			s := c.Plans[name]
			r.object(path, raw, fields{"partitions": r.whole(&s.Partitions), "cpu": r.whole(&s.CPU), "mem": r.whole(&s.Mem)})
			c.Plans[name] = s
		})
	}
}

func (r *reader) components(c *Config) field {
	return func(path string, raw json.RawMessage) {
		r.each(path, raw, func(name, path string, raw json.RawMessage) {
			p := c.Components[name]
			p.Env = maps.Clone(p.Env)
			r.object(path, raw, fields{"image": r.text(&p.Image), "version": r.text(&p.Version), "replicas": r.whole(&p.Replicas),
				"cpu": r.whole(&p.CPU), "mem": r.whole(&p.Mem), "env": r.texts(&p.Env)})
			c.Components[name] = p
		})
	}
}
