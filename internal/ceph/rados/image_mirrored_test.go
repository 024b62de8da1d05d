//go:build cgo

package rados_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// A move to the trash would end the mirroring of an image, and with it the copies on other clusters.
func TestTrashOfMirroredImage(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "mirrored")
	ref := ceph.ImageRef{Pool: "mirrored", Name: "i"}
	rbd(t, c, "create", "--size", "4M", "mirrored/i")
	for _, row := range []struct{ pool, begin, end, mode string }{
		{"image", "mirror image enable mirrored/i snapshot", "mirror image disable mirrored/i", "snapshot"},
		{"image", "mirror image enable mirrored/i journal", "mirror image disable mirrored/i", "journal"},
		{"pool", "feature enable mirrored/i journaling", "feature disable mirrored/i journaling", "journal"},
	} {
		rbd(t, c, "mirror", "pool", "enable", "mirrored", row.pool)
		rbd(t, c, strings.Fields(row.begin)...)
		expect.Problem(t, cluster.TrashImage(ctx, ref, 0), problem.Refused, "It is mirrored", "rbd "+row.end, "It was left where it is")
		if info := rbd(t, c, "info", "mirrored/i"); !strings.Contains(info, "mirroring mode: "+row.mode) {
			t.Errorf("%s: after the refusal:\n%s", row.begin, info)
		}
		rbd(t, c, strings.Fields(row.end)...)
		expect.NoError(t, cluster.TrashImage(ctx, ref, 0))
		id, _, _ := strings.Cut(rbd(t, c, "trash", "ls", "mirrored"), " ")
		rbd(t, c, "trash", "restore", "mirrored/"+id)
	}
	rbd(t, c, "mirror", "pool", "disable", "mirrored")
}
