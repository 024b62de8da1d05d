package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// FeatureNames are the features that an image can be created with, by librbd's names.
var FeatureNames = []string{"layering", "striping", "exclusive-lock", "object-map", "fast-diff", "deep-flatten", "journaling"}

// The features that can be changed on an existing image.
var (
	enableableFeatures  = []string{"exclusive-lock", "object-map", "fast-diff", "journaling"}
	disableableFeatures = []string{"exclusive-lock", "object-map", "fast-diff", "journaling", "deep-flatten"}
)

// MutableFeatures tells whether these features can be switched on and off on an existing image.
func MutableFeatures(enable, disable []string) bool {
	for _, feature := range enable {
		if !slices.Contains(enableableFeatures, feature) {
			return false
		}
	}
	for _, feature := range disable {
		if !slices.Contains(disableableFeatures, feature) {
			return false
		}
	}
	return true
}

// CheckDisabling refuses to switch off features of an image that its mirroring needs.
func (c *Cluster) CheckDisabling(ctx context.Context, ref ImageRef, features []string) error {
	if !slices.Contains(features, "journaling") {
		return nil
	}
	what := fmt.Sprintf("The features of image %s of cluster %q can't be changed.", ref, c.cfg.Label)
	relations, err := c.relations(ctx, what, ref)
	if err != nil {
		return err
	}
	return refuseObstacles(what, relations.againstDisablingJournaling(ref), "Nothing was changed.")
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
				strings.Join(enableableFeatures, ", ")),
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
			p.Why = "A feature needs another one, or one that stays, or mirroring, needs it."
			p.Do = "Object-map needs exclusive-lock, fast-diff needs object-map, journaling needs exclusive-lock."
		}
		if err != nil {
			return err
		}
	}
	return nil
}
