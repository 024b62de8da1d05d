package testbed

import "golang.org/x/sys/unix"

// adoptOrphans makes this process the parent of its descendants whose own parent ends.
func adoptOrphans() error {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}
