package gluster

import (
	"context"
	"fmt"
	"strings"
)

// Examination is all that one machine says about itself.
type Examination struct {
	Host    string
	Volumes []Info
	Raw     map[string]string // by command: "volume info", "pvs", "vgs", "lvs", "mounts", "fstab", "blocks"
	Bricks  []FoundBrick
	PVs     []map[string]string
	VGs     []map[string]string
	LVs     []map[string]string
	Blocks  []string // what gluster-block lists, on nodes that have it
}

// Examine asks one machine about everything that an operator may want to compare with the records. A part that the
// machine cannot give stays empty; only a machine that cannot be asked is an error.
func (g *Gluster) Examine(ctx context.Context, host string) (Examination, error) {
	e := Examination{Host: host, Raw: map[string]string{}}
	parts := g.examineParts()
	var s strings.Builder
	for i, p := range parts {
		if i > 0 {
			fmt.Fprintf(&s, "echo '%s'\n", divider)
		}
		fmt.Fprintf(&s, "%s 2> /dev/null || :\n", p.command)
	}
	out, err := g.call(ctx, host, "examine", g.glusterLimit(), s.String())
	if err != nil {
		return e, err
	}
	answers, err := sections(out, len(parts))
	if err != nil {
		return e, fmt.Errorf("examine %s: %w", host, err)
	}
	for i, p := range parts {
		e.Raw[p.name] = answers[i]
	}
	e.Volumes, _ = parseVolumes(e.Raw["volume info"])
	e.PVs, _ = parseReport(e.Raw["pvs"], "pv")
	e.VGs, _ = parseReport(e.Raw["vgs"], "vg")
	e.LVs, _ = parseReport(e.Raw["lvs"], "lv")
	e.Bricks, _ = g.findBricks(e.Raw["lvs"], e.Raw["mounts"], e.Raw["fstab"])
	e.Blocks = strings.Fields(e.Raw["blocks"])
	return e, nil
}

type examinePart struct{ name, command string }

func (g *Gluster) examineParts() []examinePart {
	return []examinePart{
		{"volume info", g.cli() + " --xml volume info"},
		{"pvs", g.lvm() + " pvs --reportformat json --units k"},
		{"vgs", g.lvm() + " vgs --reportformat json --units k"},
		{"lvs", g.lvsCommand()},
		{"mounts", "mount"},
		{"fstab", "cat " + g.opt.Fstab},
		{"blocks", "gluster-block list"},
	}
}
