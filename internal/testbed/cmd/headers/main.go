// Command headers downloads the C headers of the newest Ceph that is supported, those of Debian 13, unless they are in the user's cache,
// and prints their folder. A release is built with them. DEBIAN_MIRROR names a mirror where this machine's apt uses none of Debian.
//
//	CGO_CFLAGS="-O2 -g -I$(go run ./internal/testbed/cmd/headers)" go build -tags stubs,reef .
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	debian := testbed.Suite{Name: "trixie", Mirror: os.Getenv("DEBIAN_MIRROR")}
	tree, err := debian.Unpack(ctx, "ceph-headers", []string{"librados-dev", "librbd-dev"}, false)
	if err != nil {
		fmt.Fprintf(os.Stderr, "The headers with which a release is built can't be had: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(filepath.Join(tree, "usr", "include"))
}
