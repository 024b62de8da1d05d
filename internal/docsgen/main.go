// Command docsgen writes docs/ and the pages of examples/modules from the provider's schemas, templates/ and examples/, or checks that
// nothing in them is stale.
//
//	go run ./internal/docsgen -tfplugindocs build/tools/tfplugindocs [-check]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
)

func main() {
	tfplugindocs := flag.String("tfplugindocs", "", "path of the tfplugindocs command")
	check := flag.Bool("check", false, "write nothing; fail when something is stale")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *tfplugindocs, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, tfplugindocs string, check bool) error {
	tfplugindocs, err := filepath.Abs(tfplugindocs)
	if err != nil {
		return err
	}
	// The provider itself returns the schemas. This needs no connection and no librados, and also no Terraform, whose version would
	// change what the pages show.
	server := providerserver.NewProtocol6(provider.New("docs", nil)())()
	whole, err := schemas(ctx, server)
	if err != nil {
		return err
	}

	if err := complete(".", whole); err != nil {
		return err
	}

	if !check {
		// Before the pages, which quote the examples.
		if err := formatExamples(ctx); err != nil {
			return err
		}
	}

	work, err := os.MkdirTemp("", "docsgen-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()

	pages, err := render(ctx, tfplugindocs, ".", work, whole)
	if err != nil {
		return err
	}
	readmes, err := moduleReadmes(".")
	if err != nil {
		return err
	}
	if check {
		return errors.Join(stale("docs", pages), staleReadmes(".", readmes), formatExamples(ctx, "-check", "-diff"))
	}
	return errors.Join(write("docs", pages), writeReadmes(".", readmes))
}

// formatExamples formats the examples with Terraform. Similar to: terraform fmt -recursive examples.
func formatExamples(ctx context.Context, flags ...string) error {
	terraform, err := terraformcli.Find(ctx, "build")
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, terraform, append(append([]string{"fmt", "-recursive"}, flags...), "examples")...)
	command.Env = terraformcli.Env(os.DevNull)
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("examples/ is not in Terraform's format; run: make generate\n%s", strings.TrimSpace(string(out)))
	}
	return nil
}
