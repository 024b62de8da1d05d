package ceph

import (
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// An image whose removal was cut off is still there, and its id leads to what ends it, also where another image has its name.
func TestHalfRemovedImage(t *testing.T) {
	for name, images := range map[string][]string{"alone": nil, "the name is taken": {"recorded"}} {
		t.Run(name, func(t *testing.T) {
			cluster, conn := withImages(t, map[string][]string{"vms": images})
			conn.removing, conn.busy = map[string]string{"1ab": "recorded"}, 1
			known := KnownImage{ImageRef: ImageRef{Pool: "vms", Name: "recorded"}, PoolID: 1, ID: "1ab"}
			ref, _, err := cluster.FindImage(t.Context(), known)
			expect.Problem(t, err, problem.Removing, `Image vms/recorded (id 1ab) of cluster "east" is half removed.`, "rbd trash rm vms/1ab.")
			for range 2 { // the second finds nothing to do
				if err := cluster.EndRemoval(t.Context(), ref, "1ab"); err != nil {
					t.Error(err)
				}
			}
			if want := []string{"vms 1ab", "vms 1ab"}; !slices.Equal(conn.ended, want) { // the first met a watcher
				t.Errorf("calls %q, want %q", conn.ended, want)
			}
			if _, _, err := cluster.FindImage(t.Context(), known); len(images) == 0 && !problem.Is(err, problem.NotFound) {
				t.Errorf("after its end: %v", err)
			}
		})
	}
}
