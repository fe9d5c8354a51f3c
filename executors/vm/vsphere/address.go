package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

// errNoAddress is not the server's fault: its guest has no tools, or no network.
var errNoAddress = errors.New("the guest reports no address")

// Address waits for the address that the tools in the guest report.
func (p *Provider) Address(ctx context.Context, pool vm.Pool, name string) (ip string, err error) {
	err = p.call(ctx, "address", name, func(ctx context.Context) error {
		c, err := p.session.client(ctx)
		if err != nil {
			return err
		}
		m, err := p.machine(ctx, c, pool, name)
		if err != nil {
			return err
		}
		heard := false
		err = p.watch(ctx, c, m, []string{"guest.ipAddress", "guest.net"}, func(v values) (bool, error) {
			heard = true
			primary, _ := v["guest.ipAddress"].(string)
			nics, _ := v["guest.net"].(types.ArrayOfGuestNicInfo)
			ip = guestAddress(primary, nics.GuestNicInfo)
			return ip != "", nil
		})
		if err != nil && heard && ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errNoAddress, ctx.Err())
		}
		return err
	})
	return ip, err
}

// guestAddress picks the address that others reach a guest by: the one that its tools call the first, if it is one, else the first
// of any card, IPv4 before IPv6.
func guestAddress(primary string, nics []types.GuestNicInfo) string {
	if a, ok := usable(primary); ok {
		return a.String()
	}
	var six string
	for _, nic := range nics {
		for _, text := range nic.IpAddress {
			a, ok := usable(text)
			if ok && a.Is4() {
				return a.String()
			}
			if ok && six == "" {
				six = a.String()
			}
		}
	}
	return six
}

// usable leaves out what a guest has before it has an address: none, its own loop, and what it gave itself.
func usable(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	a = a.Unmap()
	ok := err == nil && a.Zone() == "" && a.IsGlobalUnicast() && !(a.Is4() && a.As4()[0] == 0)
	return a, ok
}
