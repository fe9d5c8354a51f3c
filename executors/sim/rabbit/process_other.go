//go:build !linux

package rabbit

import (
	"os"
	"syscall"
)

func alone() *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }
