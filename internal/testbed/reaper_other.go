//go:build !linux

package testbed

import "errors"

func adoptOrphans() error {
	return errors.New("a testbed's hypervisors need Linux")
}
