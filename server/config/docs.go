package config

import (
	"fmt"
	"strings"
)

// Reference is the page of all keys, in Markdown: docs/configuration.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceIntro)
	group, lists := "\x00", []Option(nil)
	for _, o := range Options() {
		g, _, ok := strings.Cut(o.Key, ".")
		if !ok {
			g = ""
		}
		if g != group {
			b.WriteString(entryTables(lists))
			group, lists = g, nil
			heading(&b, g)
		}
		if len(o.parts) > 0 {
			lists = append(lists, o)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Key, names(o), defaultCell(o), cell(o.Help+" ("+o.Type+")"))
	}
	b.WriteString(entryTables(lists))
	heketiReference(&b)
	vmpoolerReference(&b)
	stacktachReference(&b)
	return b.String()
}

// entryTables tell of the records in lists, below the keys of their group.
func entryTables(lists []Option) string {
	var b strings.Builder
	for _, o := range lists {
		fmt.Fprintf(&b, "\nEach entry of `%s`:\n\n| key | default | meaning |\n| --- | --- | --- |\n", o.Key)
		for _, p := range o.parts {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.name, code(p.def), cell(p.help+" ("+p.kind+")"))
		}
	}
	return b.String()
}

const referenceIntro = `# Configuration

<!-- Generated from the table in server/config; change it there and run: go test ./server/config -update -->

A value is taken from the strongest source that has one: flag, ` + "`YARDMASTER_`" + ` variable, YAML file (` + "`--config FILE`" + ` or
` + "`YARDMASTER_CONFIG`" + `), StackTach's deployments (` + "`--stacktach-config FILE`" + ` or ` + "`YARDMASTER_STACKTACH_CONFIG`" + `), vmpooler's variable,
vmpooler.yaml (` + "`--vmpooler-config FILE`" + ` or ` + "`YARDMASTER_VMPOOLER_CONFIG`" + `), ` + "`HEKETI_`" + ` variable, heketi.json
(` + "`--heketi-config FILE`" + ` or ` + "`YARDMASTER_HEKETI_CONFIG`" + `), default. The files can be combined.

A dot in a key is one level of YAML: ` + "`redis.url`" + ` is ` + "`url`" + ` below ` + "`redis`" + `. An unknown key, a value that makes no sense or a
file that cannot be read stops the start with one line that names it. A variable that is empty counts as not set; a
` + "`YARDMASTER_`" + ` variable that names no key is only warned of. A secret and its ` + "`_file`" + ` are two ways to say the same; the one from the
stronger source counts, and from one source only one may be given. Lists of records are written in YAML in a variable too:
` + "`YARDMASTER_AUTH_TOKENS='[{name: ci, sha256: 9f86..., role: " + "user}]'`" + `.

yardmaster.example.yaml holds every key with its default.
`

var groupTitles = map[string]string{
	"": "Server", "tls": "TLS", "http": "HTTP", "log": "Logging", "metrics": "Metrics", "redis": "Queue", "workers": "Workers",
	"operations": "Operations", "auth": "Users and tokens", "dialects": "Dialects", "heketi": "Heketi API and volumes",
	"ssh": "SSH to storage nodes", "gluster": "Commands on storage nodes", "sim": "Simulated cluster", "pools": "Pools and the vmpooler API",
	"events": "Events and the StackTach API", "configs": "Configs and the Deployment Manager API", "instances": "Instances and the hosted-metrics API",
}

func heading(b *strings.Builder, group string) {
	fmt.Fprintf(b, "\n## %s\n\n| key | variable, flag | default | meaning |\n| --- | --- | --- | --- |\n", groupTitles[group])
}

func names(o Option) string {
	s := "`" + o.Env() + "`"
	if o.Flag != "" {
		s += "<br>`--" + o.Flag + "`"
	}
	return s
}

func defaultCell(o Option) string {
	if o.Default == "" {
		return ""
	}
	return "`" + o.Default + "`"
}

// cell keeps text from ending a table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func heketiReference(b *strings.Builder) {
	b.WriteString(heketiIntro)
	for _, k := range heketiKeys() {
		to := "none"
		if k.to != "" {
			to = "`" + k.to + "`"
		}
		path := k.path
		if k.group {
			path += ".*"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(path), code(k.env), to, cell(k.note))
	}
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

const heketiIntro = `
## Coming from Heketi

` + "`yardmaster serve --heketi-config heketi.json`" + ` needs nothing else. Keys that begin with an underscore are remarks; other unknown
keys are ignored with a warning, because Heketi ignored them. A value of the wrong type stops the start.

What is not said there is as in Heketi: ` + "`/metrics` and `/hello`" + ` answer without a token, the user on the nodes is heketi, and host
keys are checked only if ` + "`SSH_KNOWN_HOSTS` or `HEKETI_SSH_KNOWN_HOSTS`" + ` names a file of them. The start warns of each. With the executor
mock, nodes and devices of the simulated cluster appear when they are first asked for.

| heketi.json | variable | key here | remark |
| --- | --- | --- | --- |
`
