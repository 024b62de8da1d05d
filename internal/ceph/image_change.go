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

// FeatureNames are the features that an image can be created with, by librbd's names.
var FeatureNames = []string{"layering", "striping", "exclusive-lock", "object-map", "fast-diff", "deep-flatten", "journaling"}

// ImplicitFeatures are set by librbd itself and can't be asked for.
var ImplicitFeatures = []string{"data-pool", "operations", "migrating"}

// The features that can be changed on an existing image.
var (
	EnableableFeatures  = []string{"exclusive-lock", "object-map", "fast-diff", "journaling"}
	DisableableFeatures = []string{"exclusive-lock", "object-map", "fast-diff", "journaling", "deep-flatten"}
)

// MutableFeatures tells whether these features can be switched on and off on an existing image.
func MutableFeatures(enable, disable []string) bool {
	for _, feature := range enable {
		if !slices.Contains(EnableableFeatures, feature) {
			return false
		}
	}
	for _, feature := range disable {
		if !slices.Contains(DisableableFeatures, feature) {
			return false
		}
	}
	return true
}

// The limits of the size of an image's objects, in bytes; it is a power of two.
const (
	MinObjectSize uint64 = 4 << 10
	MaxObjectSize uint64 = 32 << 20
)

// ValidObjectSize tells whether librbd takes this size of objects, in bytes.
func ValidObjectSize(bytes uint64) bool {
	return bits.OnesCount64(bytes) == 1 && bytes >= MinObjectSize && bytes <= MaxObjectSize
}

// CreateImage creates an image, then sets its metadata and config. created tells that the image exists, also when the
// second step failed. An image of that name is problem.Exists and stays as it is. A pool without enough OSDs is problem.Unserved.
//
// Similar to: rbd create; rbd image-meta set; rbd config image set
func (c *Cluster) CreateImage(ctx context.Context, spec ImageSpec) (created bool, err error) {
	what := fmt.Sprintf("Unable to create image %s in cluster %q.", spec.ImageRef, c.cfg.Label)
	if err := c.checkImageSpec(what, spec); err != nil {
		return false, err
	}
	if err := c.refuseUnservedImage(ctx, what, spec); err != nil {
		return false, err
	}
	release, err := c.claim(ctx, what, "image", spec.String())
	if err != nil {
		return false, err
	}
	defer release()
	former, _, _ := c.imageSize(ctx, what, spec.ImageRef)
	errno, err := c.onErrno(ctx, what, func(conn Conn) error { return conn.CreateImage(ctx, spec) })
	if problem.Unanswered(err) {
		return c.imageMadeAfterAll(ctx, what, spec, former == ENOENT, err)
	}
	if err != nil {
		return false, c.explainCreateImage(ctx, spec, errno, err)
	}
	raw := rawMetadata(spec.Metadata, spec.Config)
	if len(raw) == 0 {
		return true, nil
	}
	return true, c.SetImageMetadata(ctx, spec.ImageRef, raw, nil)
}

// refuseUnservedImage asks for the objects that librbd writes first: its own wait would end with operation_timeout.
func (c *Cluster) refuseUnservedImage(ctx context.Context, what string, spec ImageSpec) error {
	err := c.refuseUnserved(ctx, what, spec.Pool, spec.Namespace, "rbd_directory", "rbd_id."+spec.Name)
	if err == nil && spec.DataPool != "" {
		err = c.refuseUnserved(ctx, what, spec.DataPool, "", "rbd_info")
	}
	return err
}

// imageSize reads how large an image is, in bytes. The number is that of librbd's answer: a look, no proof that the image is missing.
func (c *Cluster) imageSize(ctx context.Context, what string, ref ImageRef) (errno Errno, bytes uint64, err error) {
	errno, err = c.reading(ctx, what, func(ctx context.Context, conn Conn) error {
		found, err := conn.Image(ctx, ref)
		bytes = found.SizeBytes
		return err
	})
	return errno, bytes, err
}

// imageMadeAfterAll looks for an image whose creation got no answer. One of that size that was not there before is the one that was
// to be made. The error stays: its metadata is still to be set.
func (c *Cluster) imageMadeAfterAll(ctx context.Context, what string, spec ImageSpec, wasMissing bool, failure error) (bool, error) {
	bytes, err := askAgain(ctx, func(ctx context.Context) (uint64, error) {
		_, bytes, err := c.imageSize(ctx, what, spec.ImageRef)
		return bytes, err
	})
	switch {
	case !wasMissing || err != nil || bytes != spec.SizeBytes:
	case len(rawMetadata(spec.Metadata, spec.Config)) == 0:
		return true, nil
	default:
		return true, failure
	}
	return false, notKnown(failure, "The image may still be made: if the next apply finds that it exists, import it, or remove it"+
		" with rbd rm.")
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
	return nil
}

func (c *Cluster) explainCreateImage(ctx context.Context, spec ImageSpec, errno Errno, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch errno {
	case EEXIST:
		p.Why = "An image of this name exists already. It was left as it is."
		p.Do = fmt.Sprintf("To manage that image, import it: terraform import ceph_rbd_image.NAME %s/%s. Otherwise choose another name.",
			c.cfg.Label, spec.ImageRef)
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
			p.Do = fmt.Sprintf("Create it first: rbd namespace create %s/%s.", spec.Pool, spec.Namespace)
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

// ResizeImage changes the size of an image, in bytes. A smaller size is problem.Refused unless allowShrink is set.
//
// Similar to: rbd resize
func (c *Cluster) ResizeImage(ctx context.Context, ref ImageRef, bytes uint64, allowShrink bool) error {
	what := fmt.Sprintf("Unable to resize image %s of cluster %q to %d bytes.", ref, c.cfg.Label, bytes)
	if !allowShrink {
		image, err := c.Image(ctx, ref)
		if err != nil {
			return err
		}
		if bytes < image.SizeBytes {
			return &problem.Problem{
				Kind: problem.Refused, What: what,
				Why: fmt.Sprintf("It has %d bytes now; shrinking it destroys what is stored beyond the new end.", image.SizeBytes),
				Do:  "Shrink the file system in the guest first, then set allow_shrink.",
			}
		}
	}
	err := c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.ResizeImage(ctx, ref, bytes, allowShrink) })
	var p *problem.Problem
	if problem.Is(err, problem.Invalid) && errors.As(err, &p) {
		p.Why = "librbd does not take this size: with the feature object-map an image has at most 256000000 objects."
		p.Do = "Choose a smaller size, or take object-map and fast-diff out of the features."
	}
	return err
}

// RenameImage renames an image within its pool and namespace. An image that already has the name is problem.Exists.
//
// Similar to: rbd rename
func (c *Cluster) RenameImage(ctx context.Context, ref ImageRef, name string) error {
	what := fmt.Sprintf("Unable to rename image %s of cluster %q to %q.", ref, c.cfg.Label, name)
	return c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.RenameImage(ctx, ref, name) })
}

// SetImageFeatures switches features of an existing image. What is disabled goes first.
//
// Similar to: rbd feature disable; rbd feature enable
func (c *Cluster) SetImageFeatures(ctx context.Context, ref ImageRef, enable, disable []string) error {
	what := fmt.Sprintf("Unable to change the features of image %s of cluster %q.", ref, c.cfg.Label)
	if !MutableFeatures(enable, disable) {
		return &problem.Problem{
			Kind: problem.Unsupported, What: what,
			Why: fmt.Sprintf("Only %s can be enabled, and these and deep-flatten disabled, on an existing image.",
				strings.Join(EnableableFeatures, ", ")),
			Do: "Replace the image to change other features.",
		}
	}
	for _, step := range []struct {
		features []string
		enabled  bool
	}{{disable, false}, {enable, true}} {
		if len(step.features) == 0 {
			continue
		}
		err := c.changeImage(ctx, what, ref, func(conn Conn) error {
			return conn.SetImageFeatures(ctx, ref, step.features, step.enabled)
		})
		var p *problem.Problem
		if problem.Is(err, problem.Invalid) && errors.As(err, &p) {
			p.Why = "A feature needs another one, or one that stays needs it."
			p.Do = "Object-map needs exclusive-lock, fast-diff needs object-map, journaling needs exclusive-lock."
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SetImageMetadata sets and removes metadata by its raw keys; those of settings begin with conf_, see ConfigKey. Keys that
// are not named stay as they are, and removing one that isn't there is no error.
//
// Similar to: rbd image-meta set; rbd image-meta remove; rbd config image set; rbd config image remove
func (c *Cluster) SetImageMetadata(ctx context.Context, ref ImageRef, set map[string]string, remove []string) error {
	what := fmt.Sprintf("Unable to change the metadata of image %s of cluster %q.", ref, c.cfg.Label)
	err := c.changeImage(ctx, what, ref, func(conn Conn) error { return conn.SetImageMetadata(ctx, ref, set, remove) })
	var p *problem.Problem
	if problem.Is(err, problem.Invalid) && errors.As(err, &p) {
		p.Do = "Correct the setting; rbd config image list shows the known names and their values."
	}
	return err
}

// ConfigKey returns the metadata key of a setting.
func ConfigKey(name string) string { return configPrefix + name }

func rawMetadata(metadata, config map[string]string) map[string]string {
	raw := make(map[string]string, len(metadata)+len(config))
	for key, value := range metadata {
		raw[key] = value
	}
	for name, value := range config {
		raw[ConfigKey(name)] = value
	}
	return raw
}

func (c *Cluster) changeImage(ctx context.Context, what string, ref ImageRef, call func(Conn) error) error {
	if err := c.refuseUnserved(ctx, what, ref.Pool, ref.Namespace, "rbd_id."+ref.Name); err != nil {
		return err
	}
	errno, err := c.onErrno(ctx, what, call)
	if errno == ENOENT {
		return c.imageMissing(ctx, ref, err)
	}
	return err
}
