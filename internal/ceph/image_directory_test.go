package ceph

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// byID finds an image of the pool vms by its id.
func byID(ctx context.Context, t *testing.T, cluster *Cluster, id string) (ImageRef, error) {
	t.Helper()
	ref, image, err := cluster.FindImage(ctx, KnownImage{ImageRef: ImageRef{Pool: "vms", Name: "recorded"}, PoolID: 1, ID: id})
	if err == nil && image.ID != id {
		t.Errorf("image %s has the id %s, want %s", ref, image.ID, id)
	}
	return ref, err
}

// One listing serves the refresh of all images of a namespace. What it doesn't tell, or no longer tells rightly, is asked for alone.
func TestImagesShareAListing(t *testing.T) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("image-%d", i))
	}
	cluster, conn := withImages(t, map[string][]string{"vms": append(names, "clone"), "vms/apart": {"image-0"}})
	shared := readcache.Share(t.Context())
	want := func(listings int, opened ...string) {
		t.Helper()
		if conn.listings != listings || !slices.Equal(conn.opened, opened) {
			t.Errorf("%d listings, want %d; opened %v, want %v", conn.listings, listings, conn.opened, opened)
		}
	}
	for _, name := range names {
		ref, err := byID(shared, t, cluster, "id of "+name)
		if err != nil || ref.String() != "vms/"+name {
			t.Errorf("image %s, %v; want vms/%s", ref, err, name)
		}
		pool, id, err := cluster.ImageIdentity(shared, ref, 1, "id of "+name)
		if err != nil || pool != 1 || id != "id of "+name {
			t.Errorf("the identity of %s is %d, %q, %v", name, pool, id, err)
		}
	}
	want(1)
	if got := len(conn.sent("osd pool ls")); got != 1 {
		t.Errorf("%d listings of pools", got)
	}
	if _, err := byID(shared, t, cluster, "id of clone"); err != nil {
		t.Error(err)
	}
	want(1, "clone")

	// Somebody removes one image and renames another right after the listing.
	conn.removed = "image-1"
	if _, err := byID(shared, t, cluster, "id of image-1"); !problem.Is(err, problem.NotFound) {
		t.Errorf("the removed image: %v", err)
	}
	conn.removed, conn.images["vms"][2] = "", "renamed"
	if ref, err := byID(shared, t, cluster, "id of renamed"); err != nil || ref.Name != "renamed" {
		t.Errorf("the renamed image: %s, %v", ref, err)
	}
	conn.opened = nil

	// A change of this process is seen at once.
	before := conn.listings
	if err := cluster.RenameImage(t.Context(), ImageRef{Pool: "vms", Name: "image-3"}, "other"); err != nil {
		t.Error(err)
	}
	conn.images["vms"][3] = "image-3 is other now"
	if ref, err := byID(shared, t, cluster, "id of image-3 is other now"); err != nil || ref.Name != "image-3 is other now" {
		t.Errorf("after a rename: %s, %v", ref, err)
	}
	want(before + 1)

	// What is no refresh asks for itself.
	if _, err := byID(t.Context(), t, cluster, "id of image-5"); err != nil {
		t.Error(err)
	}
	want(before+1, "image-5")

	// That costs no listing of the pools, unless the pool is missing.
	pools := len(conn.sent("osd pool ls"))
	for range 2 {
		if _, err := byID(readcache.Afresh(t.Context()), t, cluster, "id of image-5"); err != nil {
			t.Error(err)
		}
	}
	if got := len(conn.sent("osd pool ls")) - pools; got != 0 {
		t.Errorf("%d listings of pools for two images", got)
	}
	_, _, err := cluster.ImageByID(t.Context(), 7, "", "id of image-5")
	expect.Problem(t, err, problem.NotFound, "no pool with id 7", "Its pools are")
}
