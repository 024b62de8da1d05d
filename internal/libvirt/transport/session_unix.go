//go:build unix

package transport

import "syscall"

// ownSession starts a command in a session of its own.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
