package vsphere

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"yardmaster/executors/vm"
)

// memoryPrefix begins the options that tune how a machine's memory is saved into snapshots. What follows it is the name of the
// setting in the machine's own configuration, below mainMem.
const memoryPrefix = "snapshot_mainMem_"

// options are what vm.Pool.Options may say to this provider.
type options struct {
	createFolders bool
	deltaDisks    bool
	manageHosts   bool
	usageLimit    float64
	hostsMaxAge   time.Duration
	memory        map[string]string // name below mainMem -> value
}

// Check says what is wrong with a pool, as far as that can be told without asking the server.
func (p *Provider) Check(pool vm.Pool) error {
	if _, err := relative("template", pool.Template); err != nil {
		return err
	}
	if _, err := relative("folder", pool.Folder); err != nil {
		return err
	}
	_, err := p.options(pool)
	return err
}

func (p *Provider) options(pool vm.Pool) (options, error) {
	o := options{
		createFolders: p.cfg.CreateFolders, deltaDisks: p.cfg.DeltaDisks, manageHosts: p.cfg.ManageHosts,
		usageLimit: float64(p.cfg.UsageLimit), hostsMaxAge: p.cfg.HostsMaxAge, memory: map[string]string{},
	}
	for name, value := range pool.Options {
		if err := o.set(name, value); err != nil {
			return o, wrong("options: %s: %w", name, err)
		}
	}
	return o, nil
}

func (o *options) set(name, value string) (err error) {
	if memory, ok := strings.CutPrefix(name, memoryPrefix); ok && memory != "" {
		o.memory[memory] = value
		return nil
	}
	switch name {
	case "create_folders":
		o.createFolders, err = truth(value)
	case "create_template_delta_disks":
		o.deltaDisks, err = truth(value)
	case "manage_host_selection":
		o.manageHosts, err = truth(value)
	case "utilization_limit":
		o.usageLimit, err = strconv.ParseFloat(value, 64)
		if err != nil || !(o.usageLimit >= 1 && o.usageLimit <= 100) {
			return fmt.Errorf("%q is not a percentage from 1 to 100", value)
		}
	case "host_selection_max_age":
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds < 0 || seconds > 86400 {
			return fmt.Errorf("%q is not a number of seconds from 0 to 86400", value)
		}
		o.hostsMaxAge = time.Duration(seconds) * time.Second
	default:
		return fmt.Errorf("no such option")
	}
	return err
}

func truth(value string) (bool, error) {
	switch value {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", value)
}
