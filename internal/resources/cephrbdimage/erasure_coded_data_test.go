//go:build cgo

package cephrbdimage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// TestAccErasureCodedData applies the files of the guide "Images on an erasure-coded pool": what a guest writes is on that pool alone, the
// least caps are enough for it, and neither the image nor the pools go while it is there.
func TestAccErasureCodedData(t *testing.T) {
	const name = "backup1"
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	guest, err := bed.Hypervisor("kvm1").DefineGuest(ctx, testbed.GuestOptions{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspace(t, "examples").In(t, "erasure-coded-data")
	w.Set(t, "mon_host", bed.Cluster("west").MonHost)
	w.Set(t, "admin_key", bed.Cluster("west").AdminKey)
	w.Set(t, "hypervisor_uri", bed.Hypervisor("kvm1").URI)
	// The cluster has one host and three OSDs.
	w.Set(t, "chunks", map[string]int{"data": 2, "parity": 1})
	w.Set(t, "failure_domain", "osd")
	w.Set(t, "guests", map[string]string{name: "64MiB"})
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	if info := acctest.RBD(t, "west", "info", "archive/"+name); !strings.Contains(info, "data_pool: archive-data") {
		t.Errorf("rbd info shows\n%s", info)
	}

	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Readable }); err != nil {
		t.Fatal(err)
	}
	const written = "what the guest has written"
	if err := guest.Write(ctx, "vda", 0, written); err != nil {
		t.Fatal(err)
	}
	if read, err := guest.Read(ctx, "vda", 0, len(written)); err != nil || read != written {
		t.Errorf("the guest reads %q, %v", read, err)
	}
	for pool, want := range map[string]bool{"archive": false, "archive-data": true} {
		objects, err := bed.Cluster("west").Rados(ctx, "--pool", pool, "ls")
		if has := strings.Contains(string(objects), "rbd_data"); err != nil || has != want {
			t.Errorf("pool %s holds data: %t, %v\n%s", pool, has, err, objects)
		}
	}
	if err := guest.Destroy(ctx); err != nil {
		t.Fatal(err)
	}

	out, err := w.Try(t, "destroy", "-auto-approve", "-input=false")
	if err == nil || !acctest.Message("What it holds: data.").MatchString(out) {
		t.Errorf("destroyed with data: %v\n%s", err, out)
	}
	acctest.RBD(t, "west", "rm", "--no-progress", "archive/"+name)
	w.Destroy(t)
}
