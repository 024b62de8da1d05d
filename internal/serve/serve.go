// Package serve runs a provider as the process that Terraform starts: what of it is logged, how its heap grows, what is kept of a request,
// when it ends, and the protocol.
package serve

import (
	"flag"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// address is the provider's name in the registry.
const address = "registry.terraform.io/ceph-libvirt/ceph"

// Main serves the provider until Terraform ends the process. It is the whole of a main function.
func Main(newProvider func() provider.Provider) {
	debug := flag.Bool("debug", false, "wait for a debugger")
	flag.Parse()
	setLogLevels(os.Getenv, func(name, level string) { _ = os.Setenv(name, level) })
	growHeap(os.Getenv)
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		go exitWithoutTerraform()
	}
	err := tf6server.Serve(address, func() tfprotov6.ProviderServer { return NewServer(newProvider()) }, options...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
