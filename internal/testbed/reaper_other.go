//go:build !linux

package testbed

import (
	"errors"
	"syscall"
)

// isolate does nothing: a testbed's hypervisors need Linux.
func isolate(*syscall.SysProcAttr) {}

func adoptOrphans() error {
	return errors.New("a testbed's hypervisors need Linux")
}
