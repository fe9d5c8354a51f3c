package libvirt

import (
	"fmt"
	"regexp"
	"strings"

	"yardmaster/executors/vm"
)

// What may stand in a script is matched in full before it does; it is quoted all the same.
var (
	labelShape  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)            // a machine: one label of a host name
	hostShape   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.:-]{0,253}[A-Za-z0-9])?$`)        // a hypervisor
	poolShape   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.+-]{0,99})$`)                     // a pool of ours
	idShape     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$`)           // a disk or a snapshot
	objectShape = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.:+@ -]{0,199}[A-Za-z0-9_.+])?$`) // a storage pool, a volume, a network
	wordShape   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.+-]{0,63})$`)
	pathShape   = regexp.MustCompile(`^(/[^/[:cntrl:]]+)+$`)
	uuidShape   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	plainWord   = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)
)

// quote makes s one word of a shell command, whatever it holds.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// named tells whether a pool's machine may have that name. What consists of digits, or looks like a UUID, virsh would take for
// the id of another domain.
func named(name string) bool {
	return labelShape.MatchString(name) && !uuidShape.MatchString(name) && strings.Trim(name, "0123456789") != ""
}

// wrong is a refusal that no other try will mend. It names the field and the reason.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", vm.ErrPermanent, fmt.Errorf(format, args...))
}

// unknown is a machine that cannot be there: no machine of a pool has such a name.
func unknown(name string) error { return fmt.Errorf("%.80q: %w", name, vm.ErrNotFound) }

func checkID(what, id string) error {
	if !idShape.MatchString(id) {
		return wrong("%s %.80q is not made of letters, digits, dashes and underscores", what, id)
	}
	return nil
}

// The volumes of a machine. A machine's name holds no dot, so none of them can be another machine's.
func rootVolume(name string) string     { return name + ".root.qcow2" }
func diskVolume(name, id string) string { return name + ".disk-" + id + ".qcow2" }
