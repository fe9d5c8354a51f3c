package bench

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// tick is Linux' unit of the times of a process.
const tick = 10 * time.Millisecond

// resident is the memory that the server holds, in MiB; 0 where the system does not tell.
func (y *yard) resident() float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", y.Pid()))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	return 0
}

// busy is the time that the server has computed so far; 0 where the system does not tell.
func (y *yard) busy() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", y.Pid()))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}
