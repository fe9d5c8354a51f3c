package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// blockCall is one gluster-block command: VERB VOLUME[/NAME] and what follows.
type blockCall struct {
	*call
	n        *node
	words    []string
	volume   *volume
	group    string // pool/volume
	of, name string
}

func glusterBlock(c *call) int {
	b := &blockCall{call: c, n: c.node()}
	for _, a := range c.args {
		if !strings.HasPrefix(a, "--") {
			b.words = append(b.words, a)
		}
	}
	if len(b.words) < 2 {
		return c.fail(22, "gluster-block: Inadequate arguments")
	}
	b.of, b.name, _ = strings.Cut(b.words[1], "/")
	b.group = b.n.Pool + "/" + b.of
	b.volume = b.w.volumes.get(b.n.Pool, b.of)
	switch {
	case !b.n.glusterd():
		return b.refuse(107, "Connection failed. Please check if gluster-block daemon is operational.")
	case b.volume == nil || b.volume.State != "Started":
		return b.refuse(2, "Volume %s does not exist", b.of)
	}
	switch b.words[0] {
	case "list":
		return b.answer(map[string]any{"blocks": b.names(), "RESULT": "SUCCESS"})
	case "create":
		return b.create()
	}
	return b.known()
}

// names gives the block volumes of the hosting volume.
func (b *blockCall) names() []string {
	names := sortedKeys(b.w.blocks.groups[b.group])
	if names == nil {
		return []string{}
	}
	return names
}

// known dispatches what needs a block volume that is there.
func (b *blockCall) known() int {
	blk := b.w.blocks.get(b.group, b.name)
	if blk == nil {
		return b.refuse(2, "block %s/%s doesn't exist", b.of, b.name)
	}
	switch b.words[0] {
	case "delete":
		b.w.blocks.del(b.group, b.name)
		return b.answer(map[string]any{"SUCCESSFUL ON": blk.Hosts, "RESULT": "SUCCESS"})
	case "info":
		return b.answer(map[string]any{"NAME": blk.Name, "VOLUME": blk.Volume, "GBID": blk.UUID, "SIZE": humanGiB(blk.GiB), "HA": blk.HA, "PASSWORD": blk.Password, "EXPORTED ON": blk.Hosts})
	case "modify":
		return b.modify(blk)
	}
	return b.fail(22, "gluster-block: Unknown option: %s", b.words[0])
}

func (b *blockCall) refuse(code int, format string, args ...any) int {
	b.answer(map[string]any{"RESULT": "FAIL", "errCode": code, "errMsg": fmt.Sprintf(format, args...)})
	return code
}

func (b *blockCall) answer(doc map[string]any) int {
	text, err := json.Marshal(doc)
	if err != nil {
		return b.fail(1, "gluster-block: %v", err)
	}
	b.printf("%s\n", text)
	return 0
}

func humanGiB(n float64) string { return fmt.Sprintf("%.1f GiB", n) }

func gib(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(s, "B"), "Gi"), 64)
	return n, err == nil && strings.HasSuffix(s, "GiB") && n > 0 && n < 1<<30
}

// create is create VOLUME/NAME [ha N] [auth enable|disable] [prealloc full|no] HOST,HOST SIZE.
func (b *blockCall) create() int {
	blk := &block{Volume: b.of, Name: b.name, HA: 1}
	var rest []string
	for i := 2; i < len(b.words); i++ {
		if w := b.words[i]; i+1 < len(b.words) && (w == "ha" || w == "auth" || w == "prealloc" || w == "ring-buffer" || w == "block-size") {
			i++
			switch w {
			case "ha":
				blk.HA = atoi(b.words[i])
			case "auth":
				blk.Auth = b.words[i] == "enable"
			}
			continue
		}
		rest = append(rest, b.words[i])
	}
	if len(rest) != 2 || b.name == "" {
		return b.refuse(22, "Inadequate arguments for create")
	}
	n, ok := gib(rest[1])
	blk.GiB, blk.Hosts = n, strings.Split(rest[0], ",")
	switch {
	case !ok:
		return b.refuse(22, "<size> is not valid: %s", rest[1])
	case b.w.blocks.get(b.group, b.name) != nil:
		return b.refuse(17, "BLOCK with name: '%s' already EXIST", b.name)
	case blk.HA != len(blk.Hosts):
		return b.refuse(22, "number of servers provided (%d) doesn't match with mpath count (%d)", len(blk.Hosts), blk.HA)
	}
	if room := b.room(); blk.GiB > room {
		return b.refuse(28, "Not sufficient space on volume %s: %s left", b.of, humanGiB(room))
	}
	for _, h := range blk.Hosts {
		other := b.w.findNode(h)
		if other == nil && b.auto {
			continue // a made-up node whose storage name nobody has said yet
		}
		if other == nil || other.Pool != b.n.Pool || !other.glusterd() {
			return b.refuse(255, "failed to configure on %s : No route to host", h)
		}
	}
	return b.make(blk)
}

func (b *blockCall) make(blk *block) int {
	blk.UUID = b.w.uuid()
	doc := map[string]any{"IQN": "iqn.2016-12.org.gluster-block:" + blk.UUID, "RESULT": "SUCCESS"}
	portals := make([]string, len(blk.Hosts))
	for i, h := range blk.Hosts {
		portals[i] = h + ":3260"
	}
	doc["PORTAL(S)"] = portals
	if blk.Auth {
		blk.Password = b.w.uuid()
		doc["USERNAME"], doc["PASSWORD"] = blk.UUID, blk.Password
	}
	b.w.blocks.put(b.group, blk.Name, blk)
	return b.answer(doc)
}

// room is what the hosting volume has left, its smallest brick taken for each set.
func (b *blockCall) room() float64 {
	perSet, total := b.volume.inSet(), 0.0
	for at := 0; at+perSet <= len(b.volume.Bricks); at += perSet {
		smallest := math.Inf(1)
		for _, br := range b.volume.Bricks[at : at+perSet] {
			p := b.w.at(br.Host, br.Path)
			if p.mount == nil {
				continue
			}
			if d := b.w.device(br.Host, p.mount.Device); d != nil {
				smallest = min(smallest, float64(d.sizeKiB())/(1<<20))
			}
		}
		if !math.IsInf(smallest, 1) {
			total += smallest * float64(max(b.volume.Data, 1))
		}
	}
	for _, other := range b.w.blocks.groups[b.group] {
		total -= other.GiB
	}
	return total
}

func (b *blockCall) modify(blk *block) int {
	if len(b.words) < 4 || b.words[2] != "size" {
		return b.refuse(22, "Inadequate arguments for modify")
	}
	n, ok := gib(b.words[3])
	switch {
	case !ok:
		return b.refuse(22, "<size> is not valid: %s", b.words[3])
	case n < blk.GiB:
		return b.refuse(22, "Shrink size ?\nUse 'force' option [current size %s, request size %s]", humanGiB(blk.GiB), humanGiB(n))
	case n == blk.GiB:
		return b.refuse(22, "block device is already of requested size %s", humanGiB(n))
	case n-blk.GiB > b.room():
		return b.refuse(28, "Not sufficient space on volume %s", b.of)
	}
	grown := *blk
	grown.GiB = n
	b.w.blocks.put(b.group, blk.Name, &grown)
	return b.answer(map[string]any{"IQN": "iqn.2016-12.org.gluster-block:" + blk.UUID, "SIZE": humanGiB(n), "SUCCESSFUL ON": blk.Hosts, "RESULT": "SUCCESS"})
}
