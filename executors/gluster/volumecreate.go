package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"yardmaster/executors"
)

// What a script says on its standard output when it stopped before changing anything.
const (
	saysExists = "volume exists"
	saysUsed   = "brick used"
)

// VolumeCreate makes, configures and starts a volume, and returns when it would survive a power cut of any of its
// nodes. A volume of that name with the same bricks and the same record is completed; any other is ErrVolumeExists.
func (g *Gluster) VolumeCreate(ctx context.Context, host string, v Volume) error {
	create, err := g.volumeCreateCommand(v)
	if err != nil {
		return fmt.Errorf("create volume: %w", err)
	}
	script := "set -e\n" + g.prelude() + attempt(create, "already exists", saysExists, "already part of a volume", saysUsed) + volumeConfigure(v) + volumeStart(v.Name)
	out, err := g.gluster(ctx, host, "create volume", script)
	if err != nil {
		return err
	}
	switch {
	case strings.Contains(out, saysExists), strings.Contains(out, saysUsed):
		if err := g.volumeComplete(ctx, host, v, create); err != nil {
			return err
		}
	}
	return g.settle(ctx, v.bricks())
}

// volumeComplete goes on where an earlier run was cut: after gluster made the volume on all nodes, or on some.
func (g *Gluster) volumeComplete(ctx context.Context, host string, v Volume, create string) error {
	script := "set -e\n" + g.prelude()
	info, err := g.VolumeInfo(ctx, host, v.Name)
	switch {
	case errors.Is(err, ErrNoVolume):
		script += create + " force > /dev/null\n" + volumeConfigure(v) + volumeStart(v.Name)
	case err != nil:
		return err
	case !v.is(info):
		return taken(host, "create volume", v.Name)
	default:
		script += volumeConfigure(v)
		if !info.Started() {
			script += volumeStart(v.Name)
		}
	}
	_, err = g.gluster(ctx, host, "complete volume", script)
	return err
}

// taken is the refusal to touch a volume that is somebody else's.
func taken(host, what, name string) error {
	return &refusal{kind: ErrVolumeExists, exit: &executors.ExitError{
		Host: host, What: what, Result: executors.Result{Stderr: "Volume " + name + " already exists", Exit: 1}}}
}

// is tells whether a volume that was found is this one: the same bricks in the same order, and no other's record.
func (v Volume) is(info Info) bool {
	if id := info.RecordID(); id != "" && id != v.ID {
		return false
	}
	want := v.bricks()
	if len(want) != len(info.Bricks) {
		return false
	}
	for i, b := range info.Bricks {
		if b.Address() != want[i].address() {
			return false
		}
	}
	return true
}

// volumeCreateCommand names all bricks at once: one transaction, however many sets there are.
func (g *Gluster) volumeCreateCommand(v Volume) (string, error) {
	if err := v.check(); err != nil {
		return "", err
	}
	kind, err := v.kind()
	if err != nil {
		return "", err
	}
	bricks := v.bricks()
	if len(bricks) == 0 {
		return "", fmt.Errorf("volume %s: it has no bricks", v.Name)
	}
	return fmt.Sprintf("G volume create %s %s%s", v.Name, kind, quoteAll(addresses(bricks))), nil
}

func volumeConfigure(v Volume) string {
	options := v.Options
	if v.ID != "" {
		options = append(options[:len(options):len(options)], idOption+" "+v.ID)
	}
	var s strings.Builder
	for _, set := range setCommands(options) {
		fmt.Fprintf(&s, "G volume set %s %s > /dev/null\n", v.Name, set)
	}
	return s.String()
}

func volumeStart(name string) string { return fmt.Sprintf("G volume start %s > /dev/null\n", name) }

// attempt runs a command whose refusal may be known: after a known phrase the script says the word that goes with it
// and ends well, any other refusal ends it.
func attempt(command string, known ...string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "out=$(%s 2>&1) || case \"$out\" in\n", command)
	for i := 0; i+1 < len(known); i += 2 {
		fmt.Fprintf(&s, "*'%s'*)\n  echo '%s'\n  exit 0 ;;\n", known[i], known[i+1])
	}
	s.WriteString("*)\n  printf '%s\\n' \"$out\" >&2\n  exit 1 ;;\nesac\n")
	return s.String()
}

// VolumeSetOption sets options, each "key value", on a volume.
func (g *Gluster) VolumeSetOption(ctx context.Context, host, name string, options []string) error {
	v := Volume{Name: name, Options: options}
	if err := v.check(); err != nil {
		return fmt.Errorf("set volume option: %w", err)
	}
	set := volumeConfigure(v)
	if set == "" {
		return nil
	}
	_, err := g.gluster(ctx, host, "set volume option", "set -e\n"+g.prelude()+set)
	return err
}
