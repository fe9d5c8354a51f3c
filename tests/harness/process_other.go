//go:build !linux

package harness

import "syscall"

func die() *syscall.SysProcAttr { return nil }
