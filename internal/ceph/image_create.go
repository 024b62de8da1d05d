package ceph

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ImageSpec is an image to create. Zero values mean the client library's defaults.
type ImageSpec struct {
	ImageRef
	Parent      *Snapshot // of a clone; nil for an image of its own
	Flatten     bool      // of a clone: give it the parent's data at once
	AllowShrink bool      // of a clone: take a size that is smaller than the parent's
	SizeBytes   uint64    // of a clone, 0 is the parent's
	Features    []string  // nil means the client's default (rbd_default_features)
	ObjectSize  uint64
	StripeUnit  uint64
	StripeCount uint64
	DataPool    string
	Encryption  *Encryption // nil for none
	Metadata    map[string]string
	Config      map[string]string // by bare name
}

// The limits of the size of an image's objects, in bytes; it is a power of two.
const (
	minObjectSize uint64 = 4 << 10
	maxObjectSize uint64 = 32 << 20
)

// ValidObjectSize tells whether librbd takes this size of objects, in bytes.
func ValidObjectSize(bytes uint64) bool {
	return bits.OnesCount64(bytes) == 1 && bytes >= minObjectSize && bytes <= maxObjectSize
}

// CreateImage creates an image, or a clone of a snapshot, and encrypts it; then it sets its metadata and config, and gives a clone its size
// and, if asked for, its parent's data. created tells that the image exists, also when what comes after that failed. An image of that name
// is problem.Exists and stays as it is. A pool without enough OSDs is problem.Unserved. One that can't be encrypted is removed again.
//
// Similar to: rbd create, rbd clone; rbd encryption format; rbd image-meta set; rbd config image set; rbd resize; rbd flatten
func (c *Cluster) CreateImage(ctx context.Context, spec ImageSpec) (created bool, err error) {
	what := fmt.Sprintf("Unable to create image %s in cluster %q.", spec.ImageRef, c.cfg.Label)
	if err := c.checkImageSpec(what, spec); err != nil {
		return false, err
	}
	if err := c.refuseUnservedImage(ctx, what, spec); err != nil {
		return false, err
	}
	release, err := c.claim(ctx, what, imageKind, spec.String())
	if err != nil {
		return false, err
	}
	defer release()
	in, remark := spec.intent(), ""
	former, foundErr, err := c.formerImage(ctx, what, spec.ImageRef)
	switch {
	case err != nil:
		return false, err
	case former == ENOENT:
		c.intend(ctx, in)
	case foundErr == nil:
		var takenUp bool
		takenUp, remark = c.takesUp(ctx, in, func() bool { return c.imageIsAsWanted(ctx, spec) })
		if takenUp {
			return c.finishImage(ctx, what, spec)
		}
	}
	defer c.changingImages()()
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.CreateImage(ctx, spec) })
	if errno == EEXIST && former == ENOENT {
		errno, err = c.createOverRemains(ctx, what, spec, errno, err)
	}
	if problem.Unanswered(err) {
		created, err := c.confirmImage(ctx, what, spec, former == ENOENT, err)
		if created {
			c.recordMade(ctx, in)
		}
		if created && spec.Encryption != nil {
			return c.finishImage(ctx, what, spec)
		}
		return created, err
	}
	if err != nil {
		if former == ENOENT { // otherwise what is recorded of it is another create's
			c.forget(ctx, in)
		}
		err = c.explainCreateImage(ctx, spec, errno, err)
		if p := (*problem.Problem)(nil); remark != "" && errors.As(err, &p) {
			return false, withRemark(p, remark)
		}
		return false, err
	}
	c.recordMade(ctx, in)
	return c.finishImage(ctx, what, spec)
}

// finishImage encrypts a new image and sets what the create has not. created is false where it could not be encrypted, and is gone again.
func (c *Cluster) finishImage(ctx context.Context, what string, spec ImageSpec) (created bool, err error) {
	if err := c.encryptNewImage(ctx, what, spec); err != nil {
		return false, err
	}
	return true, c.completeImage(ctx, spec)
}

// intent is the intent to create the image.
func (s ImageSpec) intent() intent {
	layout := fmt.Sprintf("%d %q %d %d %d %q", s.SizeBytes, s.Features, s.ObjectSize, s.StripeUnit, s.StripeCount, s.DataPool)
	if s.Parent != nil {
		layout += fmt.Sprintf(" %v %t", s.Parent.Identity(), s.Flatten)
	}
	if s.Encryption != nil {
		layout += " " + s.Encryption.Format // its passphrase stands nowhere
	}
	return newIntent(imageKind, s.String(), layout)
}

// bytesAtFirst is the size with which the image comes into being; a clone has that of its parent.
func (s ImageSpec) bytesAtFirst() uint64 {
	if s.Parent != nil {
		return s.Parent.SizeBytes
	}
	return s.SizeBytes
}

// bytes is the size that the image is to have in the end.
func (s ImageSpec) bytes() uint64 {
	if s.SizeBytes == 0 {
		return s.bytesAtFirst()
	}
	return s.SizeBytes
}

// completed tells whether nothing is left to do once the image is there.
func (s ImageSpec) completed() bool {
	return len(rawMetadata(s.Metadata, s.Config)) == 0 && s.bytes() == s.bytesAtFirst() && !s.Flatten
}

// completeImage sets of a new image what the create has not.
func (c *Cluster) completeImage(ctx context.Context, spec ImageSpec) error {
	if spec.bytes() != spec.bytesAtFirst() {
		if err := c.ResizeImage(ctx, spec.ImageRef, spec.bytes(), spec.AllowShrink); err != nil {
			return err
		}
	}
	if raw := rawMetadata(spec.Metadata, spec.Config); len(raw) > 0 {
		if err := c.SetImageMetadata(ctx, spec.ImageRef, raw, nil); err != nil {
			return err
		}
	}
	if spec.Flatten {
		return c.FlattenImage(ctx, spec.ImageRef)
	}
	return nil
}

// imageIsAsWanted tells whether an image is what a create would have made, and nobody has used it yet. Data in a clone that is flattened
// may be its parent's.
func (c *Cluster) imageIsAsWanted(ctx context.Context, spec ImageSpec) bool {
	image, err := c.Image(ctx, spec.ImageRef)
	if err != nil || image.SizeBytes != spec.bytes() && image.SizeBytes != spec.bytesAtFirst() || !spec.hasParent(image.Parent) ||
		spec.DataPool != "" && image.DataPool != spec.DataPool || spec.ObjectSize != 0 && image.ObjectSize != spec.ObjectSize ||
		spec.StripeCount != 0 && image.StripeCount != spec.StripeCount {
		return false
	}
	for _, feature := range spec.Features {
		if !slices.Contains(image.Features, feature) {
			return false
		}
	}
	contents, err := c.ImageContents(ctx, spec.ImageRef, spec.Encryption.format())
	contents.Allocated = contents.Allocated && !spec.Flatten
	return err == nil && contents.Empty() && len(contents.Snapshots) == 0
}

// hasParent tells whether an image with this parent can be what the create has made.
func (s ImageSpec) hasParent(parent *SnapshotID) bool {
	if s.Parent == nil {
		return parent == nil
	}
	if parent == nil {
		return s.Flatten
	}
	return *parent == s.Parent.Identity()
}

// createOverRemains creates an image whose name is taken though there is no image, where a create that was killed inside of librbd has left
// it so: what has no header holds no data.
func (c *Cluster) createOverRemains(ctx context.Context, what string, spec ImageSpec, exists Errno, failure error) (Errno, error) {
	ctx = OneMap(ctx) // what is removed is found by a map of its own
	takenUp, _ := c.takesUp(ctx, spec.intent(), func() bool {
		// Somebody else's create under way looks the same for a moment.
		_, err := recheck(ctx, func(ctx context.Context) (Image, error) { return c.Image(ctx, spec.ImageRef) })
		return err != nil && !problem.Unanswered(err)
	})
	if !takenUp {
		return exists, failure
	}
	if errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemoveImage(ctx, spec.ImageRef) }); err != nil {
		return errno, err
	}
	return c.callErrno(ctx, what, func(conn Conn) error { return conn.CreateImage(ctx, spec) })
}

func (c *Cluster) checkImageSpec(what string, spec ImageSpec) error {
	invalid := func(why, do string) error {
		return &problem.Problem{Kind: problem.Invalid, What: what, Why: why, Do: do}
	}
	for _, feature := range spec.Features {
		if !slices.Contains(FeatureNames, feature) {
			return invalid(fmt.Sprintf("There is no feature %q.", feature), fmt.Sprintf("Use some of %s.", strings.Join(FeatureNames, ", ")))
		}
	}
	if spec.ObjectSize != 0 && !ValidObjectSize(spec.ObjectSize) {
		return invalid(fmt.Sprintf("Objects can't have %d bytes.", spec.ObjectSize), "Use a power of two from 4KiB to 32MiB.")
	}
	if (spec.StripeUnit == 0) != (spec.StripeCount == 0) {
		return invalid("Striping needs both a unit and a count.", "Give stripe_unit and stripe_count, or neither.")
	}
	if spec.bytes() < spec.bytesAtFirst() && !spec.AllowShrink {
		return invalid(fmt.Sprintf("Its parent %s has %d bytes, and the clone would have %d: the rest would be cut off.", spec.Parent,
			spec.bytesAtFirst(), spec.bytes()), "Leave size out, for the parent's, or give a larger one. If the rest is not needed, set"+
			" allow_shrink = true.")
	}
	return nil
}

// refuseUnservedImage checks the pools, and of the objects that librbd writes first those that many images share: librbd itself would wait
// until operation_timeout. The object of the image's own is for [Cluster.formerImage].
func (c *Cluster) refuseUnservedImage(ctx context.Context, what string, spec ImageSpec) error {
	if pool, err := c.Pool(ctx, spec.Pool); err == nil {
		if err := c.refuseFull(ctx, what, pool); err != nil {
			return err
		}
	}
	err := c.refuseUnservedShared(ctx, what, spec.Pool, spec.Namespace, "rbd_directory")
	if err == nil && spec.DataPool != "" {
		err = c.refuseUnservedShared(ctx, what, spec.DataPool, "", "rbd_info")
	}
	if err == nil && spec.Parent != nil {
		from := spec.Parent
		err = c.refuseUnservedShared(ctx, what, from.Image.Pool, from.Image.Namespace, "rbd_header."+from.ImageID)
	}
	return err
}

// formerImage looks for an image of the name of one to create: errno and found are those of [Cluster.imageSize]. err refuses the create,
// where OSDs are missing for the object that has the name.
func (c *Cluster) formerImage(ctx context.Context, what string, ref ImageRef) (errno Errno, found, err error) {
	err = c.refuseUnanswered(ctx, func(ctx context.Context) error {
		return c.refuseUnserved(ctx, what, ref.Pool, ref.Namespace, "rbd_id."+ref.Name)
	}, func(ctx context.Context) error {
		errno, _, found = c.imageSize(ctx, what, ref)
		return found
	})
	return errno, found, err
}

func (c *Cluster) explainCreateImage(ctx context.Context, spec ImageSpec, errno Errno, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) || spec.Parent != nil && c.explainClone(ctx, spec, errno, p) {
		return err
	}
	switch errno {
	case EEXIST:
		p.Why = "An image of this name exists already. It was left as it is."
		p.Do = c.importInstead("image", "ceph_rbd_image", spec.String())
	case ENOENT:
		p.Why = "The pool, the namespace or the data pool does not exist."
		p.Do = "Create what is missing first; in the configuration refer to its resource, so that the order is known."
		for _, pool := range []string{spec.Pool, spec.DataPool} {
			if _, missing := c.Pool(ctx, pool); pool != "" && problem.Is(missing, problem.NotFound) {
				p.Why = fmt.Sprintf("Cluster %q has no pool %q.", c.cfg.Label, pool)
				return p
			}
		}
		if names, err := c.Namespaces(ctx, spec.Pool); err == nil && spec.Namespace != "" && !slices.Contains(names, spec.Namespace) {
			p.Why = fmt.Sprintf("Pool %q has no namespace %q.", spec.Pool, spec.Namespace)
			p.Do = fmt.Sprintf("Create it first, with ceph_rbd_namespace or by hand: rbd namespace create %s. In the configuration refer to the"+
				" namespace's resource, so that the order is known.", problem.Word(spec.Pool+"/"+spec.Namespace))
		}
	case EINVAL, ERANGE, EDOM, ENOSYS, EOPNOTSUPP:
		p.Kind = problem.Invalid
		p.Why = "The client library or the pool does not accept this combination of features, object size, striping and data pool."
		p.Do = "Object-map needs exclusive-lock, fast-diff needs object-map, journaling needs exclusive-lock; the stripe unit divides the" +
			" object size; a data pool that is erasure-coded needs allow_ec_overwrites, and only a replicated pool can hold the image itself. With" +
			" object-map the size is at most 256000000 objects."
	}
	return err
}

// confirmImage looks for an image whose creation got no answer. One of that size that was not there before is the one that was
// to be made. The error is returned too where more is still to be done.
func (c *Cluster) confirmImage(ctx context.Context, what string, spec ImageSpec, wasMissing bool, failure error) (bool, error) {
	bytes, err := recheck(ctx, func(ctx context.Context) (uint64, error) {
		_, bytes, err := c.imageSize(ctx, what, spec.ImageRef)
		return bytes, err
	})
	switch {
	case !wasMissing || err != nil || bytes != spec.bytesAtFirst():
	case spec.completed():
		return true, nil
	default:
		return true, failure
	}
	return false, outcomeUnknown(failure, mayStillBe("image"))
}

// imageSize reads how large an image is, in bytes. An ENOENT of librbd is no proof that the image is missing.
func (c *Cluster) imageSize(ctx context.Context, what string, ref ImageRef) (errno Errno, bytes uint64, err error) {
	found, errno, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (Image, error) { return conn.Image(ctx, ref) })
	return errno, found.SizeBytes, err
}
