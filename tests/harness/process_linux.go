package harness

import "syscall"

// die makes a child end with this process, even if that is killed.
func die() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
