package gluster

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
)

// BrickHeal is what gluster knows about the healing of one brick.
type BrickHeal struct {
	InfoBrick
	Connected bool
	Pending   int64 // entries to be healed, -1 when unknown
}

// VolumeHealInfo reads the state of healing of a volume, brick by brick.
func (g *Gluster) VolumeHealInfo(ctx context.Context, host, name string) ([]BrickHeal, error) {
	if err := checkName("volume", name); err != nil {
		return nil, err
	}
	out, err := g.gluster(ctx, host, "heal info", g.cli()+" --xml volume heal "+name+" info\n")
	if err != nil {
		return nil, err
	}
	heals, err := parseHeal(out)
	if err != nil {
		return nil, fmt.Errorf("heal info of %s on %s: %w", name, host, failedXML(host, "heal info", err))
	}
	return heals, nil
}

// parseHeal reads the answer of "volume heal NAME info --xml". A brick that is away has no host in its name's place
// but "information not available", and no number of entries but "-".
func parseHeal(out string) ([]BrickHeal, error) {
	var doc struct {
		XMLName xml.Name `xml:"cliOutput"`
		answerXML
		Bricks []struct {
			Name    string `xml:"name"`
			Status  string `xml:"status"`
			Entries string `xml:"numberOfEntries"`
		} `xml:"healInfo>bricks>brick"`
	}
	if err := xml.Unmarshal([]byte(out), &doc); err != nil {
		return nil, fmt.Errorf("%w: heal info: %w", errAnswer, err)
	}
	if err := doc.failure(); err != nil {
		return nil, err
	}
	heals := make([]BrickHeal, 0, len(doc.Bricks))
	for _, b := range doc.Bricks {
		h := BrickHeal{Connected: b.Status == "Connected", Pending: -1}
		if n, err := strconv.ParseInt(strings.TrimSpace(b.Entries), 10, 64); err == nil && n >= 0 {
			h.Pending = n
		}
		if brick, err := parseAddress(b.Name); err == nil {
			h.InfoBrick = brick
		}
		heals = append(heals, h)
	}
	return heals, nil
}
