// Command suite runs a command with the Ceph, libvirt and QEMU of another release of Debian, and with its compiler, in the place of this
// machine's. What that needs is downloaded into the user's cache, and nothing is installed. DEBIAN_MIRROR names a mirror where this
// machine's apt uses none of Debian.
//
//	suite trixie virsh --version
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "suite: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: suite RELEASE COMMAND [ARGUMENTS]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	debian := testbed.Suite{Name: args[0], Mirror: os.Getenv("DEBIAN_MIRROR")}
	programs, err := debian.Programs(ctx)
	stop()
	if err != nil {
		return err
	}
	return testbed.Run(programs, args[1:])
}
