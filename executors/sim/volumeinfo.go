package sim

import (
	"fmt"
	"strings"
)

// sort is the word and the number that gluster gives a volume's sort.
func (v *volume) sort() (word string, number int) {
	sets := len(v.Bricks) / v.inSet()
	switch {
	case v.Data > 0:
		word, number = "Disperse", 4
	case v.Replica > 1:
		word, number = "Replicate", 2
	default:
		return "Distribute", 0
	}
	if sets > 1 {
		return "Distributed-" + word, number + 3
	}
	return word, number
}

func (v *volume) stateNumber() int {
	return map[string]int{"Created": 0, "Started": 1, "Stopped": 2}[v.State]
}

// state is what glusterd writes down of a volume in its file info.
func (v *volume) state() string {
	_, number := v.sort()
	var s strings.Builder
	fmt.Fprintf(&s, "type=%d\ncount=%d\nstatus=%d\nsub_count=%d\nvolume-id=%s\n", number, len(v.Bricks), v.stateNumber(), v.inSet(), v.UUID)
	for _, k := range sortedKeys(v.Options) {
		fmt.Fprintf(&s, "%s=%s\n", k, v.Options[k])
	}
	for i, b := range v.Bricks {
		fmt.Fprintf(&s, "brick-%d=%s:%s\n", i, b.Name, strings.ReplaceAll(b.Path, "/", "-"))
	}
	return s.String()
}

// chosen gives the volumes that a command is about: the named one or all.
func (g *glusterCall) chosen(name string) []*volume {
	if name == "" || name == "all" {
		return g.w.volumes.all(g.n.Pool)
	}
	if v := g.w.volumes.get(g.n.Pool, name); v != nil {
		return []*volume{v}
	}
	return nil
}

func (g *glusterCall) volumeInfo() int {
	name := g.word(2)
	list := g.chosen(name)
	if len(list) == 0 && name != "" && name != "all" {
		if g.xml {
			return g.answerXML(-1, 30806, "Volume "+name+" does not exist", "")
		}
		return g.fail(1, "Volume %s does not exist", name)
	}
	if !g.xml {
		if len(list) == 0 {
			return g.fail(0, "No volumes present")
		}
		for _, v := range list {
			g.infoWords(v)
		}
		return 0
	}
	var body strings.Builder
	body.WriteString("<volInfo><volumes>")
	for _, v := range list {
		g.infoXML(&body, v)
	}
	fmt.Fprintf(&body, "<count>%d</count></volumes></volInfo>", len(list))
	return g.answerXML(0, 0, "", body.String())
}

func (g *glusterCall) infoWords(v *volume) {
	word, _ := v.sort()
	sets := len(v.Bricks) / v.inSet()
	shape := fmt.Sprint(len(v.Bricks))
	switch {
	case v.Data > 0:
		shape = fmt.Sprintf("%d x (%d + %d) = %d", sets, v.Data, v.Redundancy, len(v.Bricks))
	case v.Arbiter:
		shape = fmt.Sprintf("%d x (2 + 1) = %d", sets, len(v.Bricks))
	case v.Replica > 1:
		shape = fmt.Sprintf("%d x %d = %d", sets, v.Replica, len(v.Bricks))
	}
	g.printf(" \nVolume Name: %s\nType: %s\nVolume ID: %s\nStatus: %s\nSnapshot Count: %d\nNumber of Bricks: %s\nTransport-type: tcp\nBricks:\n",
		v.Name, word, v.UUID, v.State, len(g.snapsOf(v.Name)), shape)
	for i, b := range v.Bricks {
		mark := ""
		if v.Arbiter && i%3 == 2 {
			mark = " (arbiter)"
		}
		g.printf("Brick%d: %s%s\n", i+1, b, mark)
	}
	g.printf("Options Reconfigured:\n")
	for _, k := range sortedKeys(v.Options) {
		g.printf("%s: %s\n", k, v.Options[k])
	}
}

func (g *glusterCall) infoXML(out *strings.Builder, v *volume) {
	word, number := v.sort()
	replica, arbiter := max(v.Replica, 1), 0
	if v.Arbiter {
		arbiter = 1
	}
	out.WriteString("<volume>")
	out.WriteString(elements("name", v.Name, "id", v.UUID, "status", v.stateNumber(), "statusStr", v.State, "snapshotCount", len(g.snapsOf(v.Name)),
		"brickCount", len(v.Bricks), "distCount", len(v.Bricks)/v.inSet(), "replicaCount", replica, "arbiterCount", arbiter,
		"disperseCount", v.Data+v.Redundancy, "redundancyCount", v.Redundancy, "type", number, "typeStr", word, "transport", 0))
	out.WriteString("<bricks>")
	for i, b := range v.Bricks {
		uuid, isArbiter := "", 0
		if n := g.w.nodes.get("", b.Host); n != nil {
			uuid = n.UUID
		}
		if v.Arbiter && i%3 == 2 {
			isArbiter = 1
		}
		fmt.Fprintf(out, "<brick uuid=%q>%s%s</brick>", uuid, escape(b.String()), elements("name", b, "hostUuid", uuid, "isArbiter", isArbiter))
	}
	fmt.Fprintf(out, "</bricks><optCount>%d</optCount><options>", len(v.Options))
	for _, k := range sortedKeys(v.Options) {
		out.WriteString("<option>" + elements("name", k, "value", v.Options[k]) + "</option>")
	}
	out.WriteString("</options></volume>")
}

func (g *glusterCall) volumeList() int {
	list := g.w.volumes.all(g.n.Pool)
	if len(list) == 0 && !g.xml {
		return g.fail(0, "No volumes present in cluster")
	}
	var words []string
	body := fmt.Sprintf("<volList><count>%d</count>", len(list))
	for _, v := range list {
		words = append(words, v.Name)
		body += element("volume", v.Name)
	}
	return g.done(strings.Join(words, "\n"), body+"</volList>")
}

// alive tells whether a brick is served.
func (g *glusterCall) alive(v *volume, b brick) bool {
	n := g.w.nodes.get("", b.Host)
	return v.State == "Started" && n != nil && n.glusterd() && g.w.stat(g.w.at(b.Host, b.Path)) != nil
}

func (g *glusterCall) volumeStatus() int {
	name := g.word(2)
	list := g.chosen(name)
	switch {
	case len(list) == 0 && name != "" && name != "all":
		return g.refuse("volume status", "Volume %s does not exist", name)
	case len(list) == 1 && name != "" && list[0].State != "Started":
		if g.xml {
			return g.answerXML(-1, 0, "Volume "+name+" is not started", "")
		}
		return g.fail(1, "Volume %s is not started", name)
	}
	var words, body strings.Builder
	for _, v := range list {
		if v.State == "Started" {
			g.statusOf(v, &words, &body)
		}
	}
	if words.Len() == 0 && !g.xml {
		return g.fail(0, "No volumes present")
	}
	return g.done(strings.TrimSuffix(words.String(), "\n"), "<volStatus><volumes>"+body.String()+"</volumes></volStatus>")
}

func (g *glusterCall) statusOf(v *volume, words, body *strings.Builder) {
	fmt.Fprintf(words, "Status of volume: %s\nGluster process                             TCP Port  RDMA Port  Online  Pid\n", v.Name)
	fmt.Fprintf(body, "<volume>%s", elements("volName", v.Name, "nodeCount", len(v.Bricks)))
	for i, b := range v.Bricks {
		online, port, pid, bit := "N", "N/A", "N/A", 0
		if g.alive(v, b) {
			online, port, pid, bit = "Y", fmt.Sprint(49152+i), fmt.Sprint(1000+i), 1
		}
		fmt.Fprintf(words, "Brick %s %s 0 %s %s\n", b, port, online, pid)
		uuid := ""
		if n := g.w.nodes.get("", b.Host); n != nil {
			uuid = n.UUID
		}
		fmt.Fprintf(body, "<node>%s</node>", elements("hostname", b.Name, "path", b.Path, "peerid", uuid, "status", bit, "port", port, "pid", pid))
	}
	body.WriteString("<tasks/></volume>")
}

// heal is heal NAME info [summary], or heal NAME [full|enable|disable], which starts nothing since nothing is out of step.
func (g *glusterCall) heal(v *volume) int {
	switch {
	case v.inSet() == 1:
		reason := fmt.Sprintf("Volume %s is not of type replicate/disperse", v.Name)
		if g.xml {
			return g.answerXML(-1, 0, reason, "")
		}
		return g.fail(255, "%s\nVolume heal failed.", reason)
	case v.State != "Started":
		if g.xml {
			return g.answerXML(-1, 0, "Volume "+v.Name+" is not started", "")
		}
		return g.fail(255, "%s: Not able to fetch volfile from glusterd\nVolume heal failed.", v.Name)
	case g.word(3) != "info":
		return g.done("Launching heal operation to perform index self heal on volume "+v.Name+" has been successful \nUse heal info commands to check status.", "")
	}
	var words, body strings.Builder
	for _, b := range v.Bricks {
		uuid := ""
		if n := g.w.nodes.get("", b.Host); n != nil {
			uuid = n.UUID
		}
		state, entries := "Connected", "0"
		if !g.alive(v, b) {
			state, entries = "Transport endpoint is not connected", "-"
		}
		fmt.Fprintf(&words, "Brick %s\nStatus: %s\nNumber of entries: %s\n\n", b, state, entries)
		fmt.Fprintf(&body, "<brick hostUuid=%q>%s</brick>", uuid, elements("name", b, "status", state, "totalNumberOfEntries", entries, "numberOfEntries", entries))
	}
	return g.done(strings.TrimSuffix(words.String(), "\n"), "<healInfo><bricks>"+body.String()+"</bricks></healInfo>")
}
