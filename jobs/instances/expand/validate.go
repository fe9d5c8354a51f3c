package expand

import (
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	dnsLabel  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)
	dnsName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	planName  = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	imageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}$`)
	apiKey    = regexp.MustCompile(`^[A-Za-z0-9_.=+/~-]{1,128}$`)
	instances = regexp.MustCompile(`^[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*$`)
)

const (
	maxScale       = 1000
	maxCPU         = 1 << 20
	maxMem         = 1 << 24
	maxConcurrency = 64
)

var (
	schemes = []string{"byOrg", "bySeries", "bySeriesWithTags", "bySeriesWithTagsFnv"}
	levels  = []string{"panic", "fatal", "error", "warning", "info", "debug"}
)

// Validate says what is wrong with a complete instance: up to 20 *FieldError, joined.
func (c Config) Validate(i Instance) error {
	f := &faults{}
	c.identity(f, i)
	c.plan(f, i)
	if !slices.Contains(colors, i.Color) {
		f.add("color", "must be a or b, is %s", quoted(i.Color))
	}
	f.schemas("storage.schemas", i.Storage.Schemas)
	f.aggregations("storage.aggregations", i.Storage.Aggregations)
	f.indexRules("indexRules", i.IndexRules)
	f.overrides("overrides", i.Overrides, "")
	f.overrides("overridesA", i.OverridesA, "a")
	f.overrides("overridesB", i.OverridesB, "b")
	f.keys(i)
	f.within("rolloutConcurrency", i.RolloutConcurrency, 1, maxConcurrency)
	if i.Revision < 0 {
		f.add("revision", "must not be negative, is %d", i.Revision)
	}
	if p := i.Importer; p != nil {
		f.oneOf("importer.partitionScheme", p.PartitionScheme, schemes)
		if p.LogLevel != "" {
			f.oneOf("importer.logLevel", p.LogLevel, levels)
		}
	}
	if len(f.all) == 0 {
		c.fits(f, i)
	}
	return f.err()
}

func (f *faults) within(field string, n, least, most int) {
	if n < least || n > most {
		f.add(field, "must be from %d to %d, is %d", least, most, n)
	}
}

func (f *faults) oneOf(field, v string, known []string) {
	if !slices.Contains(known, v) {
		f.add(field, "%s is none of %s", quoted(v), strings.Join(known, ", "))
	}
}

// identity checks what names are made of. Names that end like a colour could be those of another instance's objects.
func (c Config) identity(f *faults, i Instance) {
	if i.Org < 1 {
		f.add("org", "must be positive, is %d", i.Org)
	}
	switch {
	case i.Name == "":
		f.add("name", "is missing")
	case len(i.Name) > mostName || !dnsLabel.MatchString(i.Name):
		f.add("name", "must be a DNS label of lower-case letters, digits and dashes, is %s", quoted(i.Name))
	case strings.HasSuffix(i.Name, "-a") || strings.HasSuffix(i.Name, "-b"):
		f.add("name", "must not end in -a or -b, by which objects of a colour are known")
	case i.Plan.Partitions <= maxPartitions:
		for _, n := range i.longest() {
			if len(n) > mostName {
				f.add("name", "is too long by %d: the object %s would have more than %d characters", len(n)-mostName, n, mostName)
				return
			}
		}
		if len(i.Name)+1+len(c.Domain) > 253 {
			f.add("name", "is too long for a host of %s", c.Domain)
		}
	}
}

func (c Config) plan(f *faults, i Instance) {
	p := i.Plan
	if _, known := c.Plans[i.plan()]; !known {
		f.add("plan.Name", "%s is none of %s", quoted(p.Name), strings.Join(slices.Sorted(maps.Keys(c.Plans)), ", "))
	}
	if !(p.ScaleFactor > 0 && p.ScaleFactor <= maxScale) {
		f.add("plan.ScaleFactor", "must be positive and at most %d", maxScale)
	}
	f.within("plan.Partitions", p.Partitions, 1, maxPartitions)
	f.within("plan.CPU", p.CPU, 1, maxCPU)
	f.within("plan.Mem", p.Mem, 1, maxMem)
}

// keys checks the API keys without naming any.
func (f *faults) keys(i Instance) {
	if !apiKey.MatchString(i.AdminKey) || i.AdminKey == "DEFAULT" {
		f.add("adminKey", "must be 1 to 128 of letters, digits and _.=+/~-")
	}
	if len(i.TSDBAuth) == 0 {
		f.add("tsdbAuth", "needs at least one key")
	}
	if len(i.TSDBAuth) > 10_000 {
		f.add("tsdbAuth", "has more than 10000 keys")
		return
	}
	for n, key := range slices.Sorted(maps.Keys(i.TSDBAuth)) {
		at := "tsdbAuth[key " + strconv.Itoa(n+1) + "]"
		k := i.TSDBAuth[key]
		if !apiKey.MatchString(key) || key == "DEFAULT" {
			f.add(at, "the key must be 1 to 128 of letters, digits and _.=+/~-")
		}
		if k.IsAdmin != "true" && k.IsAdmin != "false" {
			f.add(at+".isAdmin", "must be true or false")
		}
		if org, err := strconv.ParseInt(k.OrgID, 10, 32); err != nil || org < 1 || strconv.FormatInt(org, 10) != k.OrgID {
			f.add(at+".orgId", "must be a positive number")
		}
		if k.Instances != "" && (len(k.Instances) > 4096 || !instances.MatchString(k.Instances)) {
			f.add(at+".instances", "must be a comma-separated list of instance ids")
		}
	}
}

// check says what is wrong with a configuration.
func (c Config) check(f *faults) {
	if len(c.Plans) == 0 {
		f.add("plans", "needs at least one plan")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Plans)) {
		at, s := under("plans", shown(name)), c.Plans[name]
		if !planName.MatchString(name) {
			f.add(at, "the name must be 1 to 16 letters and digits")
		}
		f.within(at+".partitions", s.Partitions, 1, maxPartitions)
		f.within(at+".cpu", s.CPU, 1, maxCPU)
		f.within(at+".mem", s.Mem, 1, maxMem)
	}
	c.checkComponents(f)
	d := c.Defaults
	if _, known := c.Plans[strings.ToLower(d.Plan)]; !known {
		f.add("defaults.plan", "%s is none of %s", quoted(d.Plan), strings.Join(slices.Sorted(maps.Keys(c.Plans)), ", "))
	}
	f.schemas("defaults.schemas", d.Schemas)
	f.aggregations("defaults.aggregations", d.Aggregations)
	f.indexRules("defaults.indexRules", d.IndexRules)
	f.within("defaults.rolloutConcurrency", d.RolloutConcurrency, 1, maxConcurrency)
	f.within("defaults.rolloutDeadline", d.RolloutDeadline, 1, 7*day)
	c.checkNames(f)
	c.checkBackends(f)
}

func (c Config) checkComponents(f *faults) {
	for _, name := range slices.Sorted(maps.Keys(c.Components)) {
		at, p := under("components", shown(name)), c.Components[name]
		if !slices.Contains(components, name) {
			f.add(at, "is none of %s", strings.Join(components, ", "))
			continue
		}
		if full := strings.TrimSuffix(p.Image+":"+p.Version, ":"); p.Image != "" && !imageName.MatchString(full) {
			f.add(at+".image", "%s is no image", quoted(full))
		}
		if p.Image == "" && name != importer && name != write && name != read {
			f.add(at+".image", "is missing")
		}
		if name == write {
			f.within(at+".replicas", p.Replicas, 0, 1)
		} else {
			f.within(at+".replicas", p.Replicas, 0, maxReplicas)
		}
		f.within(at+".cpu", p.CPU, 0, maxCPU)
		f.within(at+".mem", p.Mem, 0, maxMem)
		f.env(at+".env", p.Env)
	}
}

func (c Config) checkNames(f *faults) {
	for _, n := range []struct{ field, v string }{{"domain", c.Domain}, {"ingressClass", c.IngressClass}, {"tlsSecret", c.TLSSecret},
		{"serviceAccount", c.ServiceAccount}, {"imagePullSecret", c.ImagePullSecret}} {
		if n.v != "" && (len(n.v) > 253-mostName || !dnsName.MatchString(n.v)) {
			f.add(n.field, "%s is no DNS name", quoted(n.v))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.NodeSelector)) {
		if !labelKey.MatchString(k) || !labelValue.MatchString(c.NodeSelector[k]) {
			f.add("nodeSelector", "%s is no label", quoted(k+"="+c.NodeSelector[k]))
		}
	}
}

var (
	labelKey   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

func (c Config) checkBackends(f *faults) {
	if len(c.Kafka.Brokers) == 0 {
		f.add("kafka.brokers", "needs at least one")
	}
	for _, b := range c.Kafka.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || !number(port, 65535) {
			f.add("kafka.brokers", "%s is not HOST:PORT", quoted(b))
		}
	}
	f.within("kafka.replication", c.Kafka.Replication, 1, 100)
	f.oneOf("kafka.partitionScheme", c.Kafka.PartitionScheme, schemes)
	if len(c.Cassandra.Hosts) == 0 {
		f.add("cassandra.hosts", "needs at least one")
	}
	for _, h := range c.Cassandra.Hosts {
		if h == "" || strings.ContainsAny(h, ", \t\r\n") {
			f.add("cassandra.hosts", "%s is no host", quoted(h))
		}
	}
	if c.Cassandra.Replication["class"] == "" {
		f.add("cassandra.replication.class", "is missing")
	}
}

func number(s string, most uint64) bool {
	n, err := strconv.ParseUint(s, 10, 64)
	return err == nil && n > 0 && n <= most
}
