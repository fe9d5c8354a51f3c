package libvirt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

// domain is what matters here of a domain's XML.
type domain struct {
	Name, UUID string
	Active     bool
	Pool       string // whose it is; "" without our mark
	Template   string
	Mark       string // as given to Create
	Created    time.Time
	Disks      []string // files that it alone writes to
	Agent      bool     // a guest agent listens
}

// dump is a domain as libvirt writes it.
type dump struct {
	XMLName  xml.Name `xml:"domain"`
	ID       string   `xml:"id,attr"`
	Name     string   `xml:"name"`
	UUID     string   `xml:"uuid"`
	Metadata struct {
		Mark mark `xml:"urn:yardmaster:machine:1 machine"`
	} `xml:"metadata"`
	Disks []struct {
		Device string `xml:"device,attr"`
		Source struct {
			File string `xml:"file,attr"`
		} `xml:"source"`
		ReadOnly  *struct{} `xml:"readonly"`
		Shareable *struct{} `xml:"shareable"`
	} `xml:"devices>disk"`
	Channels []struct {
		Target struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
		} `xml:"target"`
	} `xml:"devices>channel"`
}

// mark is our element in a domain's metadata, in the namespace of marks.
type mark struct {
	Pool     string `xml:"pool,attr"`
	Template string `xml:"template,attr"`
	Created  string `xml:"created,attr"`
	Mark     string `xml:"mark,attr"`
}

// agentChannel is what guest agents listen at.
const agentChannel = "org.qemu.guest_agent.0"

var errAnswer = errors.New("answer not understood")

// parseDomains reads any number of dumps, one after the other.
func parseDomains(text string) ([]domain, error) {
	var out []domain
	for in := xml.NewDecoder(strings.NewReader(text)); ; {
		var d dump
		err := in.Decode(&d)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil && (d.Name == "" || !uuidShape.MatchString(d.UUID)) {
			err = fmt.Errorf("domain %.80q has no name or no UUID", d.Name)
		}
		if err != nil {
			return nil, fmt.Errorf("domains: %w: %w", errAnswer, err)
		}
		out = append(out, d.domain())
	}
}

func (d dump) domain() domain {
	mark := d.Metadata.Mark
	out := domain{Name: d.Name, UUID: d.UUID, Active: d.ID != "", Pool: mark.Pool, Template: mark.Template, Mark: mark.Mark}
	out.Created, _ = time.Parse(time.RFC3339, mark.Created) // of no use to anybody if it is broken
	for _, disk := range d.Disks {
		own := disk.Device == "" || disk.Device == "disk"
		if own && disk.Source.File != "" && disk.ReadOnly == nil && disk.Shareable == nil {
			out.Disks = append(out.Disks, disk.Source.File)
		}
	}
	for _, c := range d.Channels {
		out.Agent = out.Agent || c.Target.Name == agentChannel && c.Target.State == "connected"
	}
	return out
}

// machine is the domain as callers know it. It was started when it was made, as far as is known here.
func (d domain) machine(host string) vm.Machine {
	m := vm.Machine{Name: d.Name, Template: d.Template, Power: vm.PoweredOff, Host: host, Mark: d.Mark}
	if d.Active {
		m.Power, m.Booted = vm.PoweredOn, d.Created
	}
	return m
}
