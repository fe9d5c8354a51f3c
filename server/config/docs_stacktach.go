package config

import (
	"fmt"
	"strings"
)

func stacktachReference(b *strings.Builder) {
	b.WriteString(stacktachIntro)
	for _, k := range stacktachKeys() {
		to, note := "none", k.note
		if k.to != "" {
			to = code(k.to)
		}
		if k.def != "" {
			note = "left out, it is " + k.def
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(k.path), to, cell(note))
	}
	fmt.Fprintf(b, "\n`workers.process_timeout` has no effect: %s.\n", noWatchdog)
}

const stacktachIntro = `
## Coming from StackTach

` + "`yardmaster serve --stacktach-config deployments.json`" + ` needs nothing else; without the flag the file that ` + "`STACKTACH_DEPLOYMENTS_FILE`" + `
names is read. Keys that begin with an underscore are remarks; other unknown keys are ignored with a warning, because StackTach
ignored them. A value of the wrong type stops the start.

As in StackTach, whoever reaches the server may use the StackTach API without a token. The start warns of it;
` + "`dialects.stacktach.anonymous`" + ` closes it. The Heketi API is closed unless it is configured too.

An entry of ` + "`deployments`" + ` becomes one of ` + "`events.deployments`" + `:

| key there | key here | remark |
| --- | --- | --- |
`
