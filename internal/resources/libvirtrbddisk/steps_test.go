//go:build cgo

package libvirtrbddisk_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

var planned = acctest.Planned(address)

// check makes a step's check of a question to a second view.
func check(ask func() error) resource.TestCheckFunc {
	return func(*terraform.State) error { return ask() }
}

func attr(name, value string) resource.TestCheckFunc {
	return resource.TestCheckResourceAttr(address, name, value)
}

// sees waits until the guest sees a disk of so many bytes.
func sees(g *testbed.Guest, bytes int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	_, err := g.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Bytes == bytes && d.Readable })
	return err
}

// seesNone waits until the guest sees no disk.
func seesNone(g *testbed.Guest) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	return g.WaitNoDisk(ctx, func(testbed.GuestDisk) bool { return true })
}

// powerCycle destroys a guest and starts it again.
func powerCycle(t *testing.T, g *testbed.Guest) {
	t.Helper()
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// detachByHand detaches the disk vdb of a guest on kvm1. With --live it waits until libvirt shows the disk no more: virsh waits only
// 5 seconds, and the guest releases the disk a moment before libvirt knows.
func detachByHand(t *testing.T, g *testbed.Guest, flags ...string) {
	t.Helper()
	acctest.Virsh(t, "kvm1", append([]string{"detach-disk", g.Name, "vdb"}, flags...)...)
	if slices.Contains(flags, "--live") {
		if err := seesNone(g); err != nil {
			t.Fatal(err)
		}
		expect.Eventually(t, "the detach of vdb from "+g.Name, func() bool { return diskOf(t, "kvm1", g.Name, "vdb", false) == nil })
	}
}

// reattach detaches a running guest's disk by hand, and attaches it again with a change.
func reattach(t *testing.T, domain, target string, change func(*acctest.Disk)) {
	t.Helper()
	disk := diskOf(t, "kvm1", domain, target, false)
	acctest.Virsh(t, "kvm1", "detach-disk", domain, target, "--live")
	expect.Eventually(t, "the end of disk "+target, func() bool { return diskOf(t, "kvm1", domain, target, false) == nil })
	disk.Source.Index = 0
	change(disk)
	acctest.VirshIn(t, "kvm1", acctest.XML(t, disk), "attach-device", domain, "/dev/stdin", "--live")
}

// definitions returns both definitions of a domain on kvm1 as virsh shows them.
func definitions(t *testing.T, domain string) string {
	t.Helper()
	return acctest.Virsh(t, "kvm1", "dumpxml", domain) + acctest.Virsh(t, "kvm1", "dumpxml", domain, "--inactive")
}
