package vsphere

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"yardmaster/executors/vm"
)

func TestTheAddressIsOneThatOthersCanReach(t *testing.T) {
	nics := func(lists ...[]string) (all []types.GuestNicInfo) {
		for _, l := range lists {
			all = append(all, types.GuestNicInfo{IpAddress: l})
		}
		return all
	}
	tests := []struct {
		name    string
		primary string
		nics    []types.GuestNicInfo
		want    string
	}{
		{"the tools' own choice", "10.1.2.3", nics([]string{"10.9.9.9"}), "10.1.2.3"},
		{"none yet", "", nil, ""},
		{"link-local before DHCP answers", "169.254.7.7", nics([]string{"169.254.7.7", "fe80::1"}), ""},
		{"zeros", "0.0.0.0", nil, ""},
		{"this network", "0.0.3.4", nil, ""},
		{"loop", "127.0.0.1", nil, ""},
		{"from another card", "169.254.7.7", nics([]string{"169.254.7.7"}, []string{"192.168.0.5"}), "192.168.0.5"},
		{"IPv4 before IPv6", "", nics([]string{"2001:db8::5", "192.168.0.5"}), "192.168.0.5"},
		{"IPv6 if that is all", "fe80::1", nics([]string{"fe80::1%eth0", "2001:db8::5"}), "2001:db8::5"},
		{"IPv4 in IPv6", "::ffff:10.1.2.3", nil, "10.1.2.3"},
		{"nonsense", "unknown", nics([]string{"", "x"}), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := guestAddress(tt.primary, tt.nics); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// report lets the tools in a guest tell an address.
func (w *world) report(name, ip string) {
	w.t.Helper()
	spec := types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "SET.guest.ipAddress", Value: ip}}}
	w.done(w.vm("pools/a/"+name).Reconfigure(w.t.Context(), spec))
}

func TestAGuestWithoutToolsIsNotTheServersFault(t *testing.T) {
	w := newWorld(t)
	w.noTools = true
	p := w.provider()
	w.must(p.Create(t.Context(), w.pool, "mute"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := p.Address(ctx, w.pool, "mute")
	if !errors.Is(err, errNoAddress) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, vm.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
