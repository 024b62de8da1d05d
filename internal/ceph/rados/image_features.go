//go:build cgo

package rados

import (
	"context"
	"slices"

	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// featureNames sorts librbd's names; its binding calls striping by another name than the rbd command.
func featureNames(names []string) []string {
	for i, name := range names {
		if name == rbd.FeatureNameStripingV2 {
			names[i] = "striping"
		}
	}
	slices.Sort(names)
	return names
}

func featureBits(names []string) uint64 {
	own := make([]string, len(names))
	for i, name := range names {
		own[i] = name
		if name == "striping" {
			own[i] = rbd.FeatureNameStripingV2
		}
	}
	return uint64(rbd.FeatureSetFromNames(own))
}

func (c *conn) SetImageFeatures(ctx context.Context, ref ceph.ImageRef, features []string, enabled bool) error {
	return changing(ctx, c, ref, func(image *rbd.Image) error {
		return image.UpdateFeatures(featureBits(features), enabled)
	})
}
