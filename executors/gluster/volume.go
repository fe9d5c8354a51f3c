package gluster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The durabilities of a volume.
const (
	None      = "none"
	Replicate = "replicate"
	Disperse  = "disperse"
)

// idOption is the volume option in which a volume carries the id of its record.
const idOption = "user.heketi.id"

// Volume is a gluster volume as it is to be.
type Volume struct {
	Name             string
	ID               string
	Durability       string // None, Replicate or Disperse
	Replica          int
	Data, Redundancy int
	Arbiter          bool
	Sets             [][]Brick
	Options          []string // "key value"
}

// bricks gives the bricks of all sets in gluster's order.
func (v Volume) bricks() []Brick { return flatten(v.Sets) }

func flatten(sets [][]Brick) []Brick {
	var all []Brick
	for _, set := range sets {
		all = append(all, set...)
	}
	return all
}

func addresses(bricks []Brick) []string {
	out := make([]string, len(bricks))
	for i, b := range bricks {
		out[i] = b.address()
	}
	return out
}

// check refuses a volume whose names could not be put into a script.
func (v Volume) check() error {
	errs := []error{checkName("volume", v.Name)}
	if v.ID != "" {
		errs = append(errs, checkName("volume id", v.ID))
	}
	for _, b := range v.bricks() {
		errs = append(errs, checkHost(b.Storage), checkPath("brick path", b.Path))
	}
	for _, o := range v.Options {
		errs = append(errs, checkText("volume option", o))
	}
	return errors.Join(errs...)
}

// kind gives the words that say how a volume keeps its data.
func (v Volume) kind() (string, error) {
	switch v.Durability {
	case None, "":
		return "", nil
	case Replicate:
		if v.Arbiter {
			return "replica 3 arbiter 1 ", nil
		}
		switch v.Replica {
		case 0:
			return "replica 2 ", nil
		case 1:
			return "", nil
		}
		return "replica " + strconv.Itoa(v.Replica) + " ", nil
	case Disperse:
		return fmt.Sprintf("disperse-data %d redundancy %d ", v.Data, v.Redundancy), nil
	}
	return "", fmt.Errorf("durability %q: %w", v.Durability, ErrName)
}

// setCommands groups options into as few "volume set" arguments as gluster takes: a "group" stands alone.
func setCommands(options []string) []string {
	var out, run []string
	flush := func() {
		if len(run) > 0 {
			out, run = append(out, strings.Join(run, " ")), nil
		}
	}
	for _, o := range options {
		key, value, _ := strings.Cut(strings.TrimSpace(o), " ")
		if key == "" {
			continue
		}
		word := quote(key) + " " + quote(strings.TrimSpace(value))
		if key == "group" {
			flush()
			out = append(out, word)
			continue
		}
		run = append(run, word)
	}
	flush()
	return out
}
