//go:build !unix

package transport

import "syscall"

// ownSession is nil: this system has no sessions, and a command stays with the caller.
func ownSession() *syscall.SysProcAttr { return nil }
