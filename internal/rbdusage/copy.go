package rbdusage

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// CopySource is the identity of the image that a block copy reads.
type CopySource struct {
	FSID      string `json:"fsid"`
	PoolID    int64  `json:"pool_id"`
	Namespace string `json:"namespace,omitempty"`
	ImageID   string `json:"image_id"`
}

// copyMark is the metadata of an image that a block copy fills: the identity of its source. It is there until the copy is complete, and
// lets an interrupted one begin anew over what it has written.
const copyMark = "terraform-provider-ceph/live_copy"

func (s CopySource) mark() string {
	text, _ := json.Marshal(s) //nolint:errchkjson // there is nothing in it that could fail
	return string(text)
}

// Opens tells whether a disk of a running domain opens the image of a: it has its name, and names monitors of its cluster.
func (a Access) Opens(ctx context.Context, disk libvirt.Disk) (Answer, error) {
	if disk.Source() != a.Disk.Source() || disk.Snapshot != "" {
		return No, nil
	}
	addresses, err := a.Addresses(ctx)
	if err != nil {
		return Unknown, err
	}
	return addresses.Answer(ctx, disk.Monitors), nil
}

// ConfirmOpened makes sure that the image is open, by the running domain whose definition says so.
//
// Similar to: rbd status IMAGE.
func (a Access) ConfirmOpened(ctx context.Context, domain libvirt.Domain) error {
	watchers, err := a.Cluster.Watchers(ctx, a.image())
	if err != nil || len(ceph.Holders(watchers)) > 0 {
		return problem.At("image", err)
	}
	return problem.At("image", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q names image %s of cluster %q, and nobody has that image open.",
			a.Disk.Target, domain.Name, a.Host.Label(), a.image(), a.Cluster.Label()),
		Why: "The guest opened its image under this name, and another image may have the name since. Nothing was changed.",
		Do:  "Find out which image the guest has (rbd status IMAGE, of those that it may be), and let pool and image name that one.",
	})
}

// HoldsUnfinishedCopy tells whether a block copy has begun to fill the image, and has not completed it.
func HoldsUnfinishedCopy(image ceph.Image) bool {
	_, marked := image.Metadata[copyMark]
	return marked
}

// RefuseUnfinished refuses an image that an interrupted block copy has filled in part, for a disk that would be opened with it.
func (a Access) RefuseUnfinished(image ceph.Image) error {
	if !HoldsUnfinishedCopy(image) {
		return nil
	}
	return problem.At("image", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Image %s on cluster %q holds a copy that was not completed.", a.image(), a.Cluster.Label()),
		Why: "A copy by on_source_change = \"live_copy\" was interrupted, so that the image lacks a part of what its source holds. Nothing was" +
			" changed.",
		Do: fmt.Sprintf("Apply the copy again while the guest runs with its former image. If what the image holds is of no use any more, or"+
			" complete by other means, take the mark away: rbd image-meta remove %s %s.", problem.Word(a.image().String()), copyMark),
	})
}

// RefuseCopyTarget refuses an image that a block copy of a disk with so many bytes may not fill: another size, or anything in it that would
// be lost, unless it is what an interrupted copy of the very same source has written. Errors name the argument at fault.
//
// Similar to: rbd info; rbd diff; rbd snap ls; rbd children; rbd image-meta get
func (a Access) RefuseCopyTarget(ctx context.Context, image ceph.Image, from CopySource, bytes uint64) error {
	fsid, err := a.Cluster.FSID(ctx)
	if err != nil {
		return problem.At("cluster", err)
	}
	if from == (CopySource{FSID: fsid, PoolID: image.PoolID, Namespace: a.Disk.Namespace, ImageID: image.ID}) {
		return a.refuseCopy("It is the image that the guest has already, under another name. A copy onto itself would destroy it.",
			"Plan again: the refresh shows the image's names.")
	}
	if image.SizeBytes != bytes {
		return a.refuseCopy(fmt.Sprintf("It has %d bytes, and the guest's disk %d. QEMU copies only to an image of exactly the same size.",
			image.SizeBytes, bytes), "Make the image as large as the present one, as by size = ceph_rbd_image.NAME.size; grow it when the guest has"+
			" gone over. If the present image has grown, let the guest be told first (size of the disk).")
	}
	if image.Parent != nil {
		return a.refuseCopy("It is a clone, and what it shows of its parent would be lost.", newImage)
	}
	if err := a.Cluster.CheckImageChange(ctx, a.image()); err != nil {
		return problem.At("image", err)
	}
	contents, err := a.Cluster.ImageContents(ctx, a.image(), "") // an encryption header counts: the copy would be written over it
	if err != nil {
		return problem.At("image", err)
	}
	var holds []string
	if len(contents.Snapshots) > 0 {
		holds = append(holds, "snapshots")
	}
	if len(contents.Clones) > 0 {
		holds = append(holds, "clones that hang on it")
	}
	if contents.Allocated && image.Metadata[copyMark] != from.mark() {
		holds = append(holds, "data")
	}
	if len(holds) > 0 {
		return a.refuseCopy("It holds "+strings.Join(holds, ", ")+". QEMU would write over it without a question.", newImage)
	}
	return nil
}

const newImage = "Name an image that holds nothing: a new one, as of a ceph_rbd_image with the size of the present one."

func (a Access) refuseCopy(why, do string) error {
	return problem.At("image", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s can't be copied to image %s on cluster %q.", a.Disk.Target, a.image(), a.Cluster.Label()),
		Why:  why + " Nothing was changed.",
		Do:   do,
	})
}

// MarkCopy notes in the image that a block copy of this source fills it.
//
// Similar to: rbd image-meta set
func (a Access) MarkCopy(ctx context.Context, from CopySource) error {
	return problem.At("image", a.Cluster.SetImageMetadata(ctx, a.image(), map[string]string{copyMark: from.mark()}, nil))
}

// UnmarkCopy takes the note away, once the copy is complete.
//
// Similar to: rbd image-meta remove
func (a Access) UnmarkCopy(ctx context.Context) error {
	return problem.At("image", a.Cluster.SetImageMetadata(ctx, a.image(), nil, []string{copyMark}))
}
