package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// show tells what the running guest and the hypervisor see now.
func show(ctx context.Context) error {
	dir, err := os.ReadFile(bedFile)
	if err != nil {
		return fmt.Errorf("no demo is up (make demo starts one): %w", err)
	}
	bed, err := testbed.Open(strings.TrimSpace(string(dir)))
	if err != nil {
		return err
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
	for _, args := range [][]string{{"secret-list"}, {"domblklist", domain}} {
		out, err := host.Virsh(ctx, args...)
		if err != nil {
			return err
		}
		fmt.Println(strings.TrimRight(out, "\n"))
	}

	say("The disks that the running guest sees, and how they begin")
	disks, err := guest.Disks(ctx)
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

// howToPlay is what to type next. The commands run from the top of the repository, in a root shell like the demo itself.
func howToPlay(bed *testbed.Bed) string {
	env := filepath.Join(folder, "env")
	var ceph strings.Builder
	for _, cluster := range bed.Clusters() {
		fmt.Fprintf(&ceph, "  ceph -c %s auth get client.libvirt\n", cluster.ConfigFile)
		fmt.Fprintf(&ceph, "  rbd -c %s status %s\n", cluster.ConfigFile, imageSpec)
	}
	return fmt.Sprintf(`It stays up. To play with it, in a root shell:

  . %[1]s    (the variables of the example and where Terraform finds the provider)

  cd %[2]s
  terraform plan                            nothing to do
  terraform apply -var image_size=40GiB     grows both images, and the guest sees it at once
  terraform destroy

  virsh -c '%[3]s' dumpxml %[4]s
%[5]s
  build/tools/demo show                     what the guest sees now (from the top of the repository)

To end it and remove everything: make demo-down
`, env, workspaceFolder, bed.Hypervisor(hypervisor).URI, domain, ceph.String())
}
