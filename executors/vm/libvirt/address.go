package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

const (
	lookFirst = 250 * time.Millisecond // between two looks for an address
	lookMost  = 3 * time.Second
	lookFails = 4 // looks in a row that nobody answers end the search
)

var errNoAddress = errors.New("nobody knows one yet")

// Address asks libvirt until it knows: its own DHCP leases, the guest's agent, the hypervisor's ARP table.
func (p *Provider) Address(ctx context.Context, pool vm.Pool, name string) (string, error) {
	fails := 0
	for wait := lookFirst; ; wait = min(2*wait, lookMost) {
		ip, err := p.address(ctx, pool, name)
		switch {
		case err == nil:
			return ip, nil
		case errors.Is(err, errNoAddress):
			fails = 0
		case errors.Is(err, vm.ErrUnavailable) && fails < lookFails:
			fails++
		default:
			return "", err
		}
		if ended := p.wait(ctx, wait); ended != nil {
			return "", fmt.Errorf("%w: %w", err, ended)
		}
	}
}

func (p *Provider) address(ctx context.Context, pool vm.Pool, name string) (string, error) {
	_, out, err := p.question(ctx, pool, name, "address of "+name, func(s *script, _ place) {
		s.add("most=%d\n", guestTime/time.Second)
		for _, source := range p.opt.Sources {
			s.add("V domifaddr %s --full --source %s 2> /dev/null || :\n", name, source)
		}
	})
	if err != nil {
		return "", err
	}
	if ip := parseAddresses(out, mac(name)); ip != "" {
		return ip, nil
	}
	return "", fmt.Errorf("address of %s: %w", name, errNoAddress)
}

// parseAddresses reads the tables of domifaddr and takes the first address of the network card, of version 4 if there is one.
// Addresses that lead nowhere from here are passed over.
func parseAddresses(tables, card string) string {
	var other string
	for _, line := range lines(tables) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.EqualFold(fields[1], card) {
			continue
		}
		prefix, err := netip.ParsePrefix(fields[3])
		if err != nil {
			continue
		}
		ip := prefix.Addr()
		if !ip.IsGlobalUnicast() {
			continue
		}
		if ip.Is4() {
			return ip.String()
		}
		if other == "" {
			other = ip.String()
		}
	}
	return other
}
