// Package standstill makes processes hang as those of a sick machine do: nothing of them runs, and their connections stay.
package standstill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// within is how long threads may take to stop; a processor that others wait for lets it take a while.
const within = 10 * time.Second

// Begin stops processes and returns when none of their threads runs any more. The signal alone does not say so: until one thread has
// taken it the others go on, and answer. A process that has ended is as still as one can be.
func Begin(pids ...int) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
	}
	for _, pid := range pids {
		if err := settle(pid); err != nil {
			End(pids...)
			return err
		}
	}
	return nil
}

func settle(pid int) error {
	for began := time.Now(); runs(pid); time.Sleep(time.Millisecond) {
		if time.Since(began) > within {
			return fmt.Errorf("process %d runs on after it was told to stop", pid)
		}
	}
	return nil
}

// runs tells whether a thread of the process may still do something. Where the system does not show threads it says no.
func runs(pid int) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " ")
		if !strings.ContainsAny(after[:min(1, len(after))], "TtZX") {
			return true
		}
	}
	return false
}

// End lets them go on.
func End(pids ...int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended meanwhile
	}
}
