// Command plugins puts a build of the provider where terraform init and tofu init look by themselves, and takes it away again.
//
//	make install-provider     (plugins install BINARY VERSION)
//	make uninstall-provider   (plugins uninstall)
package main

import (
	"fmt"
	"os"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "install":
		err = install(os.Args[2], os.Args[3])
	case len(os.Args) == 2 && os.Args[1] == "uninstall":
		err = uninstall()
	default:
		fmt.Fprintln(os.Stderr, "usage: plugins install BINARY VERSION | plugins uninstall")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func install(binary, version string) error {
	folder, err := terraformcli.Install(binary, version)
	if err != nil {
		return err
	}
	fmt.Printf("Installed %s %s in %s.\n", terraformcli.Source, version, folder)
	fmt.Println("A new folder finds it by terraform init (or tofu init); one with a former version takes it by init -upgrade.")
	fmt.Println("Where your CLI configuration has a provider_installation block, that has to name this folder too.")
	fmt.Println("As long as a build is here, no release is taken from a registry: make uninstall-provider removes it.")
	return nil
}

func uninstall() error {
	folder, err := terraformcli.Uninstall()
	if err != nil {
		return err
	}
	fmt.Printf("No version of %s is in %s any more.\n", terraformcli.Source, folder)
	return nil
}
