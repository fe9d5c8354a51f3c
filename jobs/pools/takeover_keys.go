package pools

import (
	"cmp"
	"slices"
	"strings"

	"yardmaster/store"
)

// How a vmpooler names its keys. A pool's name, a token or a date follows those that end in two underscores.
const (
	keyPrefix   = "vmpooler__"
	tokenKey    = keyPrefix + "token__"
	machineKey  = keyPrefix + "vm__"
	activeKey   = keyPrefix + "active__"
	requestKey  = keyPrefix + "odrequest__"
	sizeKey     = keyPrefix + "config__poolsize"
	templateKey = keyPrefix + "config__template"
	targetKey   = keyPrefix + "config__clone_target"
	preparedKey = keyPrefix + "template__prepared"
	queuedKey   = keyPrefix + "provisioning__request"
	begunKey    = keyPrefix + "provisioning__processing"
	resetKey    = keyPrefix + "poolreset"
	diskKey     = keyPrefix + "tasks__disk"
	snapshotKey = keyPrefix + "tasks__snapshot"
	revertKey   = keyPrefix + "tasks__snapshot-revert"
)

// The queues of a pool. Of a machine that is in more than one, the first of these counts: nobody loses a machine that is checked
// out, and nobody is handed one that is about to be destroyed.
const (
	queueRunning    = "running"
	queueCompleted  = "completed"
	queueReady      = "ready"
	queuePending    = "pending"
	queueDiscovered = "discovered"
	queueMigrating  = "migrating" // beside running: nobody looked yet whether it should move
)

var queueOrder = []string{queueRunning, queueCompleted, queueReady, queuePending, queueDiscovered, queueMigrating}

// The tasks that have a hash for each day, by name.
const tagTask = "tag"

var dayTasks = []string{store.TaskClone, store.TaskBoot, tagTask}

// redisKeys are the keys that hold what is taken over, but for those that have a fixed name.
type redisKeys struct {
	queues, active, tokens, requests []string
	days                             []dayKey
}

// dayKey names the hash in which the tasks of one day are.
type dayKey struct{ date, task string }

func (k dayKey) String() string { return keyPrefix + k.task + "__" + k.date }

// sortKeys finds the keys that matter; days come in their order.
func sortKeys(keys []string, report *TakeoverReport) redisKeys {
	var out redisKeys
	slices.Sort(keys)
	for _, key := range keys {
		list := out.list(key)
		day, date, isCount := cutDay(key)
		switch {
		case list == nil && !isCount:
		case badText(key, maxKeyText) != "":
			report.complain(maskKey(key), "", "its name "+badText(key, maxKeyText))
		case list != nil:
			*list = append(*list, key)
		case !isDay(date):
			report.complain(key, "", "is named after no day")
		default:
			out.days = append(out.days, dayKey{date, day})
		}
	}
	slices.SortFunc(out.days, func(a, b dayKey) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.task, b.task)) })
	return out
}

// list is where a key belongs; nil if nowhere, or among the days.
func (k *redisKeys) list(key string) *[]string {
	switch _, _, isQueue := cutQueue(key); {
	case isQueue:
		return &k.queues
	case strings.HasPrefix(key, activeKey):
		return &k.active
	case strings.HasPrefix(key, tokenKey):
		return &k.tokens
	case strings.HasPrefix(key, requestKey):
		return &k.requests
	}
	return nil
}

func cutQueue(key string) (queue, pool string, ok bool) {
	queue, pool, ok = strings.Cut(strings.TrimPrefix(key, keyPrefix), "__")
	return queue, pool, ok && slices.Contains(queueOrder, queue)
}

func cutDay(key string) (task, date string, ok bool) {
	task, date, ok = strings.Cut(strings.TrimPrefix(key, keyPrefix), "__")
	return task, date, ok && slices.Contains(dayTasks, task)
}
