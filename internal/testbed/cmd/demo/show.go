package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// show tells what the running guest and the hypervisor see now.
func show(ctx context.Context) error {
	bed, err := running()
	if err != nil {
		return err
	}
	if bed == nil {
		return errors.New("no demo is up: make demo starts one")
	}
	return showBed(ctx, bed)
}

func showBed(ctx context.Context, bed *testbed.Bed) error {
	host := bed.Hypervisor(hypervisor)
	guest, err := host.Guest(ctx, domain)
	if err != nil {
		return err
	}
	say("virsh secret-list and virsh domblklist " + domain + ", on " + hypervisor)
	attached := 0
	for _, args := range [][]string{{"secret-list"}, {"domblklist", domain}} {
		out, err := host.Virsh(ctx, args...)
		if err != nil {
			return err
		}
		attached = strings.Count(out, imageSpec)
		fmt.Println(strings.TrimRight(out, "\n"))
	}

	say("The disks that the running guest sees, named in the order in which they came, and how they begin")
	// A guest that is busy sees a new disk a moment after the attach.
	disks, err := guest.WaitDisks(ctx, attached)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "  device\tGiB\tfirst bytes")
	for _, disk := range disks {
		head := fmt.Sprintf("%q", disk.Head)
		if !disk.Readable {
			head = "(the guest can't read it)"
		}
		fmt.Fprintf(table, "  /dev/%s\t%d\t%s\n", disk.Name, disk.Bytes>>30, head)
	}
	return table.Flush()
}

// nextSteps returns the commands to try next, from the top of the repository and in a root shell like that of the demo itself.
func nextSteps(bed *testbed.Bed) string {
	var clusters strings.Builder
	for _, cluster := range bed.Clusters() {
		fmt.Fprintf(&clusters, "  rbd -c %s status %s\n", cluster.ConfigFile, imageSpec)
	}
	return fmt.Sprintf(`It stays up. To play with it, in a root shell, from the top of the repository:

  . %[1]s                           # what the example's variables are, and where the provider is
  cd %[2]s
  terraform plan                             # nothing to do
  export TF_VAR_image_size=40GiB
  terraform apply                            # grows both images, and the running guest sees it
  cd -
  %[3]s                      # what the guest sees now

The same from Ceph's and libvirt's side:

  virsh -c '%[4]s' dumpxml %[5]s
%[6]s
All that Terraform said is in %[7]s.
To end it and remove everything: make demo-down
`, filepath.Join(folder, "env"), workspaceFolder, showCommand, bed.Hypervisor(hypervisor).URI, domain, clusters.String(), terraformLog)
}
