package gluster

import (
	"context"
	"encoding/xml"
	"fmt"
	"strings"

	"yardmaster/executors"
)

// Info is what gluster knows about a volume.
type Info struct {
	Name    string
	ID      string // gluster's own id
	Status  string // "Created", "Started", "Stopped"
	Type    string // "Replicate", "Distributed-Disperse"
	Bricks  []InfoBrick
	Options map[string]string

	Count, Dist, Replica, ArbiterCount, Disperse, Redundancy int
	Snapshots                                                int
}

// InfoBrick is one brick of a volume: the host as peers name it, and the path.
type InfoBrick struct{ Host, Path string }

// Address is the brick in gluster's words.
func (b InfoBrick) Address() string { return b.Host + ":" + b.Path }

// dir is the directory that a snapshot's brick is mounted on.
func (b InfoBrick) dir() string { return b.Path[:strings.LastIndex(b.Path, "/")] }

// Started tells whether the volume serves.
func (i Info) Started() bool { return i.Status == "Started" }

// RecordID is the id of the record that the volume belongs to, empty when it has none.
func (i Info) RecordID() string { return i.Options[idOption] }

// VolumeInfo reads one volume: ErrNoVolume when there is none of that name.
func (g *Gluster) VolumeInfo(ctx context.Context, host, name string) (Info, error) {
	if err := checkName("volume", name); err != nil {
		return Info{}, err
	}
	out, err := g.gluster(ctx, host, "volume info", g.cli()+" --xml volume info "+quote(name)+"\n")
	if err != nil {
		return Info{}, err
	}
	all, err := g.infos(host, out)
	if err != nil {
		return Info{}, err
	}
	for _, i := range all {
		if i.Name == name {
			return i, nil
		}
	}
	return Info{}, fmt.Errorf("volume %s on %s: %w", name, host, ErrNoVolume)
}

// Volumes reads all volumes of the trusted pool that host belongs to.
func (g *Gluster) Volumes(ctx context.Context, host string) ([]Info, error) {
	out, err := g.gluster(ctx, host, "volume info", g.cli()+" --xml volume info\n")
	if err != nil {
		return nil, err
	}
	return g.infos(host, out)
}

func (g *Gluster) infos(host, out string) ([]Info, error) {
	all, err := parseVolumes(out)
	if err != nil {
		return nil, fmt.Errorf("volume info on %s: %w", host, failedXML(host, "volume info", err))
	}
	return all, nil
}

// xmlFailure is a refusal that gluster gave as XML, with which it exits 0.
type xmlFailure struct {
	code int
	text string
}

func (x *xmlFailure) Error() string { return x.text }

// failedXML gives a refusal inside an answer the same form as any other refusal.
func failedXML(host, what string, err error) error {
	x, ok := err.(*xmlFailure)
	if !ok {
		return err
	}
	return refused(host, what, executors.Result{Stderr: x.text, Exit: max(x.code, 1)})
}

// answerXML is the head that all of gluster's XML answers share.
type answerXML struct {
	Ret   int    `xml:"opRet"`
	Errno int    `xml:"opErrno"`
	Text  string `xml:"opErrstr"`
}

func (a answerXML) failure() error {
	if a.Ret == 0 {
		return nil
	}
	text := strings.TrimSpace(a.Text)
	if text == "" {
		text = fmt.Sprintf("gluster answered %d, error number %d", a.Ret, a.Errno)
	}
	return &xmlFailure{code: a.Errno, text: text}
}

type volInfoXML struct {
	XMLName xml.Name `xml:"cliOutput"`
	answerXML
	Volumes []volumeXML `xml:"volInfo>volumes>volume"`
}

type volumeXML struct {
	Name       string `xml:"name"`
	ID         string `xml:"id"`
	Status     string `xml:"statusStr"`
	Type       string `xml:"typeStr"`
	Count      int    `xml:"brickCount"`
	Dist       int    `xml:"distCount"`
	Replica    int    `xml:"replicaCount"`
	Arbiter    int    `xml:"arbiterCount"`
	Disperse   int    `xml:"disperseCount"`
	Redundancy int    `xml:"redundancyCount"`
	Snapshots  int    `xml:"snapshotCount"`
	Bricks     []struct {
		Text string `xml:",chardata"`
		Name string `xml:"name"`
	} `xml:"bricks>brick"`
	Options []struct {
		Name  string `xml:"name"`
		Value string `xml:"value"`
	} `xml:"options>option"`
}

// parseVolumes reads the answer of "volume info --xml".
func parseVolumes(out string) ([]Info, error) {
	var doc volInfoXML
	if err := xml.Unmarshal([]byte(out), &doc); err != nil {
		return nil, fmt.Errorf("volume info: %w", err)
	}
	if err := doc.failure(); err != nil {
		return nil, err
	}
	infos := make([]Info, 0, len(doc.Volumes))
	for _, v := range doc.Volumes {
		info, err := v.info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func (v volumeXML) info() (Info, error) {
	i := Info{
		Name: v.Name, ID: v.ID, Status: v.Status, Type: v.Type, Options: map[string]string{},
		Count: v.Count, Dist: v.Dist, Replica: v.Replica, ArbiterCount: v.Arbiter,
		Disperse: v.Disperse, Redundancy: v.Redundancy, Snapshots: v.Snapshots,
	}
	for _, b := range v.Bricks {
		name := b.Name
		if name == "" {
			name = strings.TrimSpace(b.Text)
		}
		brick, err := parseAddress(name)
		if err != nil {
			return Info{}, fmt.Errorf("volume %s: %w", v.Name, err)
		}
		i.Bricks = append(i.Bricks, brick)
	}
	for _, o := range v.Options {
		i.Options[o.Name] = o.Value
	}
	return i, nil
}

// parseAddress splits host:/path; the host may be an IPv6 address.
func parseAddress(s string) (InfoBrick, error) {
	at := strings.Index(s, ":/")
	if at <= 0 {
		return InfoBrick{}, fmt.Errorf("brick %q is not host:/path", s)
	}
	return InfoBrick{Host: s[:at], Path: s[at+1:]}, nil
}
