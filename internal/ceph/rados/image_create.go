//go:build cgo

package rados

import (
	"context"
	"errors"
	"math/bits"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) CreateImage(ctx context.Context, spec ceph.ImageSpec) error {
	return do(ctx, c, func(h *rados.Conn) error {
		return c.withPool(ctx, h, spec.Pool, spec.Namespace, func(ioctx *rados.IOContext) error {
			options := rbd.NewRbdImageOptions()
			defer options.Destroy()
			if err := fillOptions(options, spec); err != nil {
				return err
			}
			if spec.Parent == nil {
				return rbd.CreateImage(ioctx, spec.Name, spec.SizeBytes, options)
			}
			from := spec.Parent.Image
			return c.withPool(ctx, h, from.Pool, from.Namespace, func(parents *rados.IOContext) error {
				return rbd.CloneImage(parents, from.Name, spec.Parent.Name, ioctx, spec.Name, options)
			})
		})
	})
}

// fillOptions turns a spec into librbd's options. What the spec leaves open stays unset, for librbd's own defaults.
func fillOptions(options *rbd.ImageOptions, spec ceph.ImageSpec) error {
	set := func(option rbd.ImageOption, value uint64) error {
		if value == 0 {
			return nil
		}
		return options.SetUint64(option, value)
	}
	order := uint64(0)
	if spec.ObjectSize != 0 {
		order = uint64(bits.TrailingZeros64(spec.ObjectSize)) //nolint:gosec // at most 64
	}
	striped := uint64(0)
	if spec.StripeUnit != 0 {
		striped = rbd.FeatureStripingV2
	}
	var features error
	if spec.Features == nil {
		features = set(rbd.ImageOptionFeaturesSet, striped)
	} else {
		// No features at all is a choice too.
		features = options.SetUint64(rbd.ImageOptionFeatures, featureBits(spec.Features)|striped)
	}
	var dataPool error
	if spec.DataPool != "" {
		dataPool = options.SetString(rbd.ImageOptionDataPool, spec.DataPool)
	}
	return errors.Join(
		features, dataPool,
		set(rbd.ImageOptionOrder, order),
		set(rbd.ImageOptionStripeUnit, spec.StripeUnit),
		set(rbd.ImageOptionStripeCount, spec.StripeCount),
	)
}
