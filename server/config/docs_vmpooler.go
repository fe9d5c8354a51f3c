package config

import (
	"fmt"
	"strings"
)

func vmpoolerReference(b *strings.Builder) {
	b.WriteString(vmpoolerIntro)
	for _, k := range vmpoolerKeys() {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(k.path), code(k.env), vmpoolerAim(k.to), cell(k.note))
	}
	for _, section := range []struct {
		intro string
		rows  []vmpoolerKey
	}{
		{"An entry of `pools` becomes one of `pools.list`:", vmpoolerPoolKeys()},
		{"An entry of `providers` of class dummy becomes one of `pools.providers` of kind sim:", vmpoolerProviderKeys(ProviderSim)},
		{"One of class vsphere becomes one of kind vsphere; other classes are not served:", vmpoolerProviderKeys(ProviderVSphere)},
		{"An entry of `dns_configs` gives pools their domain:", vmpoolerDNSKeys()},
	} {
		fmt.Fprintf(b, "\n%s\n\n| key there | key here | remark |\n| --- | --- | --- |\n", section.intro)
		for _, k := range section.rows {
			fmt.Fprintf(b, "| %s | %s | %s |\n", code(k.path), vmpoolerAim(k.to), cell(k.note))
		}
	}
}

// vmpoolerAim is where a key leads; what is in brackets is no key of ours.
func vmpoolerAim(to string) string {
	switch {
	case to == "":
		return "none"
	case strings.HasPrefix(to, "("):
		return strings.Trim(to, "()")
	}
	return code(to)
}

const vmpoolerIntro = `
## Coming from vmpooler

` + "`yardmaster serve --vmpooler-config vmpooler.yaml`" + ` needs nothing else; without the flag ` + "`VMPOOLER_CONFIG`" + ` (the text itself) and
` + "`VMPOOLER_CONFIG_FILE`" + ` are read as in vmpooler. Keys may have their colons or not. Aliases, merge keys and symbols are followed, and an
unquoted number that begins with 0 is octal, as in Ruby. A key that vmpooler never had, a key that is there twice and a value of the
wrong type stop the start with one line that names them. What has no effect here is named in a warning.

What is not said there is as in vmpooler: the server listens on port 4567, whoever reaches it may use the vmpooler API without a token
unless ` + "`auth`" + ` is configured and the call needs one, and without ` + "`auth`" + ` there are no tokens. The start warns of it;
` + "`dialects.vmpooler.anonymous`" + ` closes it. Minutes and hours become durations. The Heketi API is closed unless it is configured too.

| vmpooler.yaml | variable | key here | remark |
| --- | --- | --- | --- |
`
