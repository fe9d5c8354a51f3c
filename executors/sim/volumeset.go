package sim

import (
	"cmp"
	"fmt"
	"strings"
)

// optionRoots are the families of options that gluster has; "user" is anybody's.
var optionRoots = " user cluster performance network server client features storage diagnostics nfs auth transport changelog locks ssl config " +
	"geo-replication disperse ctime snap-activate-on-create storage delay-gen debug ganesha dht cool rebalance glusterd "

// optionGroups are the files of /var/lib/glusterd/groups.
var optionGroups = map[string][]string{
	"gluster-block": {"performance.quick-read=off", "performance.read-ahead=off", "performance.io-cache=off", "performance.stat-prefetch=off", "performance.open-behind=off",
		"performance.readdir-ahead=off", "performance.strict-o-direct=on", "network.remote-dio=disable", "cluster.eager-lock=enable", "cluster.quorum-type=auto",
		"cluster.data-self-heal-algorithm=full", "cluster.locking-scheme=granular", "features.shard=on", "features.shard-block-size=64MB", "user.cifs=off", "server.allow-insecure=on"},
	"virt":           {"performance.quick-read=off", "performance.io-cache=off", "features.shard=on", "user.cifs=off", "cluster.quorum-type=auto"},
	"db-workload":    {"performance.open-behind=on", "performance.write-behind=off"},
	"metadata-cache": {"features.cache-invalidation=on", "performance.stat-prefetch=on"},
	"nl-cache":       {"performance.nl-cache=on"},
	"samba":          {"features.cache-invalidation=on", "cluster.lookup-optimize=on"},
}

func knownOption(key string) bool {
	root, rest, dotted := strings.Cut(key, ".")
	return dotted && rest != "" && strings.Contains(optionRoots, " "+root+" ")
}

// volumeSet is set NAME KEY VALUE [KEY VALUE]..., or set NAME group FILE. All is checked before anything is set.
func (g *glusterCall) volumeSet(v *volume) int {
	pairs := g.words[3:]
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		return g.fail(1, "Usage:\nvolume set <VOLNAME> <KEY> <VALUE>")
	}
	add := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		switch {
		case key == "group":
			list, ok := optionGroups[value]
			if !ok {
				return g.fail(1, "Unable to open file '/var/lib/glusterd/groups/%s'. Error: No such file or directory", value)
			}
			for _, item := range list {
				k, val, _ := strings.Cut(item, "=")
				add[k] = val
			}
		case !knownOption(key):
			return g.refuse("volume set", "option : %s does not exist", key)
		case value == "":
			return g.refuse("volume set", "value for option %s is empty", key)
		default:
			add[key] = value
		}
	}
	for k, val := range add {
		v.Options[k] = val
	}
	g.w.volumes.put(v.Pool, v.Name, v)
	return g.done("volume set: success", "")
}

func (g *glusterCall) volumeReset(v *volume) int {
	key := g.word(3)
	for k := range v.Options {
		if key == "" && !strings.HasPrefix(k, "transport.") || k == key {
			delete(v.Options, k)
		}
	}
	g.w.volumes.put(v.Pool, v.Name, v)
	return g.done("volume reset: success: reset volume successful", "")
}

// volumeGet is get NAME KEY|all: options that were set, the others by their default "(null)".
func (g *glusterCall) volumeGet(v *volume) int {
	key := g.word(3)
	keys := []string{key}
	if key == "all" {
		keys = sortedKeys(v.Options)
	} else if !knownOption(key) {
		return g.refuse("volume get option", "Did you mean user.%s?\n%s is not a known option", key, key)
	}
	words, body := fmt.Sprintf("%-40s%-40s\n%-40s%-40s", "Option", "Value", "------", "-----"), fmt.Sprintf("<count>%d</count>", len(keys))
	for _, k := range keys {
		value := cmp.Or(v.Options[k], "(null)")
		words += fmt.Sprintf("\n%-40s%-40s", k, value)
		body += "<Opt>" + elements("Option", k, "Value", value) + "</Opt>"
	}
	return g.done(words, "<volGetopts>"+body+"</volGetopts>")
}

// rebalance is rebalance NAME start|status|stop|fix-layout. One of empty bricks ends as it starts.
func (g *glusterCall) rebalance(v *volume) int {
	what := "volume rebalance: " + v.Name
	verb := g.word(3)
	if v.State != "Started" {
		return g.refuse(what, "Volume %s needs to be started to perform rebalance", v.Name)
	}
	if len(v.Bricks) <= v.inSet() {
		return g.refuse(what, "Volume %s is not a distribute volume or contains only 1 brick.\nNot performing rebalance", v.Name)
	}
	switch verb {
	case "start", "fix-layout":
		v.Rebalance = g.w.uuid()
		g.w.volumes.put(v.Pool, v.Name, v)
		return g.done(what+": success: Rebalance on "+v.Name+" has been started successfully. Use rebalance status command to check status of the rebalance process.\nID: "+v.Rebalance+"\n",
			"<volRebalance>"+elements("task-id", v.Rebalance, "op", 19)+"</volRebalance>")
	case "status", "stop":
		if v.Rebalance == "" {
			return g.refuse(what, "Rebalance not started for volume %s.", v.Name)
		}
		return g.done("completed", "<volRebalance>"+elements("task-id", v.Rebalance)+"<aggregate>"+elements("status", 3, "statusStr", "completed")+"</aggregate></volRebalance>")
	}
	return g.unknown()
}
