// Package serve runs a provider as the process that Terraform starts: what of it is logged, how its heap grows, and the protocol.
package serve

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

// Main serves the provider until Terraform ends the process. It is the whole of a main function.
func Main(newProvider func() provider.Provider) {
	debug := flag.Bool("debug", false, "wait for a debugger")
	flag.Parse()
	setLogLevels(os.Getenv, func(name, level string) { _ = os.Setenv(name, level) })
	growHeap(os.Getenv)
	err := providerserver.Serve(context.Background(), newProvider, providerserver.ServeOpts{
		Address: "registry.terraform.io/ceph-libvirt/ceph",
		Debug:   *debug,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
