package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"time"
)

// Plan is what to do now, in order: first what is known of machines, then what frees room, then what fills it.
func Plan(s Snapshot) []Action {
	p := planner{Snapshot: s}
	if s.Inventory != nil {
		p.there = make(map[string]Machine, len(s.Inventory.Machines))
		for _, m := range s.Inventory.Machines {
			p.there[m.Name] = m
		}
	}
	p.expireRequests()
	for i := range s.VMs {
		p.judge(&s.VMs[i])
	}
	p.excess()
	p.strangers()
	p.fulfil()
	p.refill()
	return p.actions
}

type planner struct {
	Snapshot
	there   map[string]Machine
	expired map[string]bool
	ready   []*VM // those that stay ready
	lost    int   // of Counts.Pending, given up now
	lostFor map[string]int
	gained  map[string]int // handed over now, by request
	unready int            // of Counts.Ready, given up now
	became  int            // pending -> ready now
	actions []Action
}

func (p *planner) do(v Verb, vm *VM, reason string) {
	p.actions = append(p.actions, Action{Do: v, VM: vm.Name, Request: vm.Request, Reason: reason})
}

func (p *planner) judge(v *VM) {
	if v.State != Completed && v.State != Destroyed && p.missed(v) {
		p.do(Doubt, v, "")
	}
	if v.State != Destroyed && p.moved(v) {
		p.do(Locate, v, "")
	}
	switch v.State {
	case Pending:
		p.pending(v)
	case Ready:
		p.waiting(v)
	case Running:
		p.running(v)
	case Completed:
		p.completed(v)
	case Destroyed:
		p.destroyed(v)
	}
}

// destroyed looks after machines that are there again. Only the very machine is: what has its name and not its mark is
// somebody else's.
func (p *planner) destroyed(v *VM) {
	m, ok := p.there[v.Name]
	switch {
	case !ok || m.Mark != v.Mark || !p.Inventory.Asked.After(v.Destroyed):
	case v.Lost:
		p.do(Restore, v, "its provider has it again")
	default:
		p.do(Resurrect, v, "destroyed before, and found again")
	}
}

// missed says that the inventory was asked for after the machine had been made, and does not show it.
func (p *planner) missed(v *VM) bool {
	if p.Inventory == nil || v.Busy || v.Cloned.IsZero() || !p.Inventory.Asked.After(v.Cloned) {
		return false
	}
	m, ok := p.there[v.Name]
	return !ok || m.Foreign(v.Mark)
}

// elsewhere says that the machine was made in another place than the inventory is of, which proves nothing of it then.
func (p *planner) elsewhere(v *VM) bool { return v.Place != "" && v.Place != p.Pool.Place }

// moved says that the inventory shows the machine, though its record does not have it there. What is known to have been elsewhere
// is told by its mark alone.
func (p *planner) moved(v *VM) bool {
	m, ok := p.there[v.Name]
	if p.elsewhere(v) {
		return ok && v.Mark != "" && m.Mark == v.Mark
	}
	return ok && v.Place != p.Pool.Place && !m.Foreign(v.Mark)
}

// absent says that so many inventories missed the machine, and that its provider does not know its name either: one inventory
// that comes back empty is no reason to give up a pool.
func (p *planner) absent(v *VM, inventories int) bool {
	return !v.Busy && p.Absent[v.Name] >= inventories
}

// notThere is why a machine is given up that is absent.
const notThere = "its provider does not have it any more"

// stale says why a machine that nobody has is not what the pool should hold.
func (p *planner) stale(v *VM) string {
	switch {
	case p.Pool.Gone:
		return "its pool is not configured any more"
	case v.Template != p.Pool.Template:
		return "the pool's template changed"
	case v.Target != p.Pool.Target:
		return "the pool's clone target changed"
	case v.Created.Before(p.Pool.Reset):
		return "the pool was reset"
	}
	return ""
}

func (p *planner) pending(v *VM) {
	if p.expired[v.Request] {
		return // it goes with its request
	}
	age := p.Now.Sub(v.Created)
	late := p.Pool.Timeout > 0 && age >= p.Pool.Timeout
	probe, probed := p.Probes[v.Name]
	switch reason := p.stale(v); {
	case v.Busy && late:
		p.giveUp(v, fmt.Sprintf("not cloned after %v", age.Round(time.Second)))
	case v.Busy:
		if !v.Warned && p.Pool.NotifyAfter > 0 && age >= p.Pool.NotifyAfter {
			p.do(Warn, v, fmt.Sprintf("not cloned after %v", age.Round(time.Second)))
		}
	case v.Cloned.IsZero():
		p.giveUp(v, "its clone was lost")
	case reason != "":
		p.giveUp(v, reason)
	case p.absent(v, 1):
		p.giveUp(v, notThere)
	case probed && probe.Fault == "":
		p.arrive(v)
	case late:
		p.giveUp(v, fmt.Sprintf("not ready after %v%s", age.Round(time.Second), because(probe.Fault)))
	default:
		p.stillPending(v, probe, age)
	}
}

func because(fault string) string {
	if fault == "" {
		return ""
	}
	return ": " + fault
}

func (p *planner) stillPending(v *VM, probe Probe, age time.Duration) {
	if probe.Fault != "" {
		p.do(Fault, v, probe.Fault)
	}
	if !v.Warned && p.Pool.NotifyAfter > 0 && age >= p.Pool.NotifyAfter {
		p.do(Warn, v, fmt.Sprintf("not ready after %v%s", age.Round(time.Second), because(probe.Fault)))
	}
	p.do(Probing, v, "")
}

// arrive makes a machine ready, or gives it to the request that it was made for.
func (p *planner) arrive(v *VM) {
	if v.Request != "" {
		if p.gained == nil {
			p.gained = map[string]int{}
		}
		p.gained[v.Request]++
		p.do(HandOver, v, "")
		return
	}
	p.became++
	p.do(MakeReady, v, "")
}

func (p *planner) giveUp(v *VM, reason string) {
	switch v.State {
	case Pending:
		if v.Request != "" {
			if p.lostFor == nil {
				p.lostFor = map[string]int{}
			}
			p.lostFor[v.Request]++
		} else {
			p.lost++
		}
	case Ready:
		p.unready++
	}
	p.do(Complete, v, reason)
}

// misnamed says that the guest has another name than its machine.
func (p *planner) misnamed(v *VM) bool {
	m, ok := p.there[v.Name]
	return p.Pool.CheckHostname && ok && !m.Foreign(v.Mark) && m.Hostname != "" && short(m.Hostname) != v.Name
}

func short(host string) string {
	for i := range len(host) {
		if host[i] == '.' {
			return host[:i]
		}
	}
	return host
}

// settling is how long a guest may need to learn its name after it answers for the first time.
const settling = time.Minute

func (p *planner) waiting(v *VM) {
	probe, probed := p.Probes[v.Name]
	switch reason := p.stale(v); {
	case reason != "":
		p.giveUp(v, reason)
	case p.absent(v, 1):
		p.giveUp(v, notThere)
	case p.Pool.ReadyTTL > 0 && p.Now.Sub(v.Ready) >= p.Pool.ReadyTTL:
		p.giveUp(v, fmt.Sprintf("it waited for %v", p.Now.Sub(v.Ready).Round(time.Second)))
	case p.misnamed(v) && p.Now.Sub(v.Ready) >= settling:
		p.giveUp(v, "it calls itself "+p.there[v.Name].Hostname)
	case probed && probe.Fault != "":
		p.giveUp(v, "it does not answer any more: "+probe.Fault)
	default:
		if probed && !v.Checked {
			p.do(MarkWell, v, "")
		}
		if p.Inventory != nil && !probed && !p.Broken {
			p.do(Probing, v, "")
		}
		p.ready = append(p.ready, v)
	}
}

func (p *planner) running(v *VM) {
	life := cmp.Or(v.Lifetime, p.Pool.Lifetime)
	switch {
	case v.CheckedOut.IsZero():
		p.do(Complete, v, "nobody knows when it was checked out")
	case life > 0 && p.Now.Sub(v.CheckedOut) >= life:
		p.do(Complete, v, fmt.Sprintf("its lifetime of %v is over", life))
	case p.absent(v, Sure):
		p.do(Lose, v, notThere)
	case v.Busy || p.Broken:
	case v.Tasks && p.Changes > 0:
		p.Changes--
		p.do(Task, v, "")
	case v.Tasks:
	case (p.Pool.Settle || v.Named) && !v.Settled && p.Settles > 0:
		p.Settles--
		p.do(Settle, v, "")
	}
}

func (p *planner) completed(v *VM) {
	switch {
	case v.Busy && (v.Cloned.IsZero() || v.Changing):
		p.do(CallOff, v, "")
	case v.Busy:
	case p.missed(v) && !p.elsewhere(v):
		p.do(MarkGone, v, "")
	case p.Destroys > 0 && !p.Broken:
		p.Destroys--
		p.do(Destroy, v, "")
	}
}

// excess gives up what is ready beyond the size, the oldest first. A part of what is ready shows a part of the excess.
func (p *planner) excess() {
	more := len(p.ready) - p.Pool.Size
	if more <= 0 {
		return
	}
	slices.SortStableFunc(p.ready, func(a, b *VM) int { return cmp.Or(a.Ready.Compare(b.Ready), cmp.Compare(a.Name, b.Name)) })
	for _, v := range p.ready[:more] {
		p.giveUp(v, fmt.Sprintf("the pool holds more than %d", p.Pool.Size))
	}
}

// strangers are machines of which there is no record.
func (p *planner) strangers() {
	if p.Inventory == nil {
		return
	}
	for _, m := range p.Inventory.Machines {
		if !p.Strangers[m.Name] {
			continue
		}
		if p.Purge && !p.spared(m.Name) {
			p.actions = append(p.actions, Action{Do: Adopt, VM: m.Name, Reason: "nobody here made it, and its provider is purged"})
			continue
		}
		p.actions = append(p.actions, Action{Do: Stranger, VM: m.Name})
	}
}

func (p *planner) spared(name string) bool {
	return slices.ContainsFunc(p.Spare, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return err != nil || ok // what cannot be judged is spared
	})
}

func (p *planner) expireRequests() {
	for _, r := range p.Requests {
		why := ""
		switch {
		case r.Have >= r.Want:
		case p.Pool.Gone:
			why = "a pool that it waits for is not configured any more"
		case p.TTL > 0 && p.Now.Sub(r.Requested) >= p.TTL:
			why = fmt.Sprintf("not all machines were ready within %v", p.TTL)
		}
		if why == "" {
			continue
		}
		if p.expired == nil {
			p.expired = map[string]bool{}
		}
		p.expired[r.ID] = true
		p.actions = append(p.actions, Action{Do: Fail, Request: r.ID, Reason: why})
	}
}

func (p *planner) fulfil() {
	for _, r := range p.Requests {
		if !p.expired[r.ID] && r.Have+p.gained[r.ID] >= r.Want {
			p.actions = append(p.actions, Action{Do: Fulfil, Request: r.ID})
		}
	}
}

// refill begins clones: for requests first, then for the pool, as many as there is room for.
func (p *planner) refill() {
	if p.Pool.Gone || p.Broken {
		return
	}
	for _, r := range p.Requests {
		if p.expired[r.ID] {
			continue
		}
		need := r.Want - r.Have - r.Making + p.lostFor[r.ID]
		for ; need > 0 && p.OnDemandClones > 0; need-- {
			p.OnDemandClones--
			p.actions = append(p.actions, Action{Do: Clone, Request: r.ID})
		}
	}
	have := p.Counts.Ready - p.unready + p.Counts.Pending - p.Counts.OnDemand - p.lost
	for need := p.Pool.Size - have; need > 0 && p.Clones > 0; need-- {
		p.Clones--
		p.actions = append(p.actions, Action{Do: Clone})
	}
}
