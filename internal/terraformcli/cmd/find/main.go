// Command find prints the path of the Terraform to use, and fetches one when there is none.
//
//	go run ./internal/terraformcli/cmd/find build
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: find FOLDER   (where a Terraform is put if one must be fetched)")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	path, err := terraformcli.Find(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Println(path)
	return nil
}
