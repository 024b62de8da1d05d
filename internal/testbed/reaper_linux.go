package testbed

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate gives a process a network of its own, in which it reaches nobody, not even at 127.0.0.1.
func isolate(attributes *syscall.SysProcAttr) { attributes.Cloneflags |= unix.CLONE_NEWNET }

// adoptOrphans makes this process the parent of its descendants whose own parent ends.
func adoptOrphans() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
