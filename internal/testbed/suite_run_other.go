//go:build !linux

package testbed

import "errors"

// Run needs Linux.
func Run(string, []string) error {
	return errors.New("programs of a release of Debian need Linux")
}
