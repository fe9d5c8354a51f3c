package libvirt

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
)

// guestTime is how long the agents of a hypervisor's guests may take. A guest that hangs costs its neighbours their names, for now.
const guestTime = 5 * time.Second

// hostnames asks the agents of guests what these call themselves, by their domains' ids. What is not answered stays unknown.
func (p *Provider) hostnames(ctx context.Context, ask map[*hypervisor][]string) map[string]string {
	out := map[string]string{}
	var mu sync.Mutex
	var asked sync.WaitGroup
	for h, ids := range ask {
		asked.Go(func() {
			res, err := p.ask(ctx, h, "host names", guestTime, hostnameScript(h, ids))
			if err != nil {
				p.log.Debug("guests not asked for their names", "host", h.name, "err", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(out, parseHostnames(res.Stdout))
		})
	}
	asked.Wait()
	return out
}

func hostnameScript(h *hypervisor, ids []string) string {
	s := newScript(h, guestTime)
	var commands []string
	for _, id := range ids {
		commands = append(commands, "echo "+word("\n"+divider+" "+id+"\n"), "domhostname "+id+" --source agent")
	}
	return s.add("V %s 2> /dev/null || :\n", quote(strings.Join(commands, "; "))).String()
}

// parseHostnames reads a line with an id and, unless there was no answer, one with a name. A guest may say anything: more than
// one line is no name.
func parseHostnames(text string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq("\n"+text, "\n"+divider+" ") {
		id, name, _ := strings.Cut(part, "\n")
		name = strings.TrimSpace(name)
		if uuidShape.MatchString(id) && hostShape.MatchString(name) {
			out[id] = name
		}
	}
	return out
}
