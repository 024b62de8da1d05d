//go:build cgo

package endtoend_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// TestAccMovingADisk applies the files of the guide "Moving a disk while its guest runs": the guest writes all the time while its disk
// moves to the other cluster, and no write fails.
func TestAccMovingADisk(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	g := definedGuestFor(ctx, t, "kvm1", "centos80")
	if err := g.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	before := inventory(t)
	examples := acctest.NewWorkspace(t, "examples")
	w := examples.In(t, "moving-a-disk")
	setMovingDisk(t, w)
	w.Set(t, "image_size", "32MiB")
	step := func(livesOn string, imagesOn ...string) {
		t.Helper()
		w.Set(t, "images_on", imagesOn)
		w.Set(t, "lives_on", livesOn)
		w.Apply(t)
		w.ExpectEmptyPlan(t)
	}
	step("east", "east")
	disks, err := g.WaitDisks(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	device := disks[0].Name
	if err := g.Write(ctx, device, 0, "written on east"); err != nil {
		t.Fatal(err)
	}
	if err := g.StartCounter(ctx, device); err != nil {
		t.Fatal(err)
	}

	step("west", "east", "west")
	expectCounting := func(when string, from int) (now int) {
		t.Helper()
		expect.Eventually(t, when+": the guest's next write", func() bool {
			now = rounds(t, g)
			return now > from
		})
		return now
	}
	moved := expectCounting("moved", 0)
	if got, err := g.Read(ctx, device, 0, 15); err != nil || got != "written on east" {
		t.Errorf("the guest reads %q, %v", got, err)
	}
	for cluster, open := range map[string]bool{"east": false, "west": true} {
		if status := acctest.RBD(t, cluster, "status", "guests/centos80-data"); strings.Contains(status, "watcher=") != open {
			t.Errorf("cluster %s: %s", cluster, status)
		}
	}

	step("west", "west")
	if trash := acctest.RBD(t, "east", "trash", "ls", "guests"); !strings.Contains(trash, "centos80-data") {
		t.Errorf("the former image is not in the trash: %q", trash)
	}
	expectCounting("without the former image", moved)
	if err := g.StopCounter(ctx); err != nil {
		t.Fatal(err)
	}
	w.Write(t, strings.Replace(unprotected(t, examples, "moving-a-disk"), `applications = ["rbd"]`,
		"applications = [\"rbd\"]\n  force_destroy = true", 1))
	w.Apply(t)
	w.Destroy(t)
	expectInventory(t, before)
}

// setMovingDisk gives the example "moving-a-disk" the clusters and the hypervisor of the bed.
func setMovingDisk(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	bed := acctest.Bed(t)
	clusters, keys := map[string]any{}, map[string]any{}
	for _, cluster := range bed.Clusters() {
		clusters[cluster.Name], keys[cluster.Name] = map[string]any{"mon_host": cluster.MonHost}, cluster.AdminKey
	}
	w.Set(t, "clusters", clusters)
	w.Set(t, "admin_keys", keys)
	w.Set(t, "hypervisor_uri", bed.Hypervisor("kvm1").URI)
}
