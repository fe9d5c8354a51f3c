package gluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// BlockSpec is a block volume as it is to be.
type BlockSpec struct {
	Volume  string // the block hosting volume
	Name    string
	SizeGiB int
	HA      int
	Auth    bool
	Hosts   []string // storage names of the nodes that export it
}

// BlockResult is a block volume as it was made.
type BlockResult struct {
	IQN, Username, Password string
	Hosts                   []string
	Lun                     int
}

// iqnPrefix is what gluster-block puts before a block volume's own id.
const iqnPrefix = "iqn.2016-12.org.gluster-block:"

func checkBlock(volume, name string) error {
	return errors.Join(checkName("volume", volume), checkName("block volume", name))
}

// BlockCreate makes a block volume; one of that name is read and given back.
func (g *Gluster) BlockCreate(ctx context.Context, host string, b BlockSpec) (BlockResult, error) {
	errs := []error{checkBlock(b.Volume, b.Name)}
	for _, h := range b.Hosts {
		errs = append(errs, checkHost(h))
	}
	if len(b.Hosts) == 0 || b.SizeGiB <= 0 || b.HA <= 0 || b.HA > len(b.Hosts) {
		errs = append(errs, fmt.Errorf("block volume %s: %d GiB on %d of %d hosts", b.Name, b.SizeGiB, b.HA, len(b.Hosts)))
	}
	if err := errors.Join(errs...); err != nil {
		return BlockResult{}, err
	}
	auth := "disable"
	if b.Auth {
		auth = "enable"
	}
	command := fmt.Sprintf("gluster-block create %s/%s ha %d auth %s prealloc %s %s %dGiB --json",
		b.Volume, b.Name, b.HA, auth, quote(g.opt.BlockPrealloc), quote(strings.Join(b.Hosts, ",")), b.SizeGiB)
	out, err := g.block(ctx, host, "create block volume", command)
	switch {
	case err != nil && strings.Contains(strings.ToLower(err.Error()), "already exist"):
		return g.blockFound(ctx, host, b)
	case err != nil:
		return BlockResult{}, err
	}
	return out.result(), nil
}

// blockFound gives back what an earlier run made.
func (g *Gluster) blockFound(ctx context.Context, host string, b BlockSpec) (BlockResult, error) {
	info, err := g.BlockInfo(ctx, host, b.Volume, b.Name)
	if err != nil {
		return BlockResult{}, err
	}
	r := BlockResult{IQN: iqnPrefix + info.GBID, Hosts: info.Hosts}
	if b.Auth {
		r.Username, r.Password = info.GBID, info.Password
	}
	return r, nil
}

// BlockDelete removes a block volume; none of that name is success.
func (g *Gluster) BlockDelete(ctx context.Context, host, volume, name string) error {
	if err := checkBlock(volume, name); err != nil {
		return err
	}
	_, err := g.block(ctx, host, "delete block volume", fmt.Sprintf("gluster-block delete %s/%s --json", volume, name))
	if errors.Is(err, ErrNoBlockVolume) {
		return nil
	}
	return err
}

// BlockExpand grows a block volume to sizeGiB; one of that size already is success.
func (g *Gluster) BlockExpand(ctx context.Context, host, volume, name string, sizeGiB int) error {
	if err := checkBlock(volume, name); err != nil {
		return err
	}
	_, refusal := g.block(ctx, host, "expand block volume",
		fmt.Sprintf("gluster-block modify %s/%s size %dGiB --json", volume, name, sizeGiB))
	if refusal == nil || errors.Is(refusal, ErrNoBlockVolume) {
		return refusal
	}
	if info, err := g.BlockInfo(ctx, host, volume, name); err == nil && info.SizeBytes == uint64(sizeGiB)<<30 {
		return nil
	}
	return refusal
}

// BlockInfo reads one block volume: ErrNoBlockVolume when there is none of that name.
func (g *Gluster) BlockInfo(ctx context.Context, host, volume, name string) (BlockInfo, error) {
	if err := checkBlock(volume, name); err != nil {
		return BlockInfo{}, err
	}
	out, err := g.block(ctx, host, "block volume info", fmt.Sprintf("gluster-block info %s/%s --json", volume, name))
	if err != nil {
		return BlockInfo{}, err
	}
	return out.info(), nil
}

// BlockList lists the names of the block volumes on a hosting volume.
func (g *Gluster) BlockList(ctx context.Context, host, volume string) ([]string, error) {
	if err := checkName("volume", volume); err != nil {
		return nil, err
	}
	out, err := g.block(ctx, host, "list block volumes", fmt.Sprintf("gluster-block list %s --json", volume))
	if err != nil {
		return nil, err
	}
	return out.Blocks, nil
}
