package ceph

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ErasureCodeProfile is what a cluster keeps of an erasure code profile: Parameters are those for which there is no field.
type ErasureCodeProfile struct {
	Name          string
	K, M          *int64 // nil where the plugin derives them
	Plugin        string
	Technique     string // empty where the plugin has none
	Root          string
	FailureDomain string
	DeviceClass   string // empty for all classes
	StripeUnit    string // as it was given; empty for the cluster's default
	Parameters    map[string]string
}

// ErasureCodeProfile reads one erasure code profile. It answers problem.NotFound only from a complete listing of the cluster's profiles.
//
// Similar to: ceph osd erasure-code-profile get
func (c *Cluster) ErasureCodeProfile(ctx context.Context, name string) (ErasureCodeProfile, error) {
	what := fmt.Sprintf("Unable to read erasure code profile %q of cluster %q.", name, c.cfg.Label)
	var stored map[string]string
	refused, err := c.monStatus(ctx, what, command{"prefix": "osd erasure-code-profile get", "name": name}, &stored)
	if refused.is(ENOENT) {
		return ErasureCodeProfile{}, c.explainNoProfile(ctx, what, name, err)
	}
	if err != nil {
		return ErasureCodeProfile{}, err
	}
	return profileOf(name, stored), nil
}

// ErasureCodeProfiles reads all erasure code profiles, in the order of their names. One that is removed meanwhile is left out.
//
// Similar to: ceph osd erasure-code-profile ls
func (c *Cluster) ErasureCodeProfiles(ctx context.Context) ([]ErasureCodeProfile, error) {
	names, err := c.profileNames(ctx, fmt.Sprintf("Unable to list the erasure code profiles of cluster %q.", c.cfg.Label))
	if err != nil {
		return nil, err
	}
	return gather(names, func(name string) ([]ErasureCodeProfile, error) {
		profile, err := c.ErasureCodeProfile(ctx, name)
		if problem.Is(err, problem.NotFound) {
			return nil, nil
		}
		return []ErasureCodeProfile{profile}, err
	})
}

func (c *Cluster) profileNames(ctx context.Context, what string) (names []string, err error) {
	err = c.mon(ctx, what, command{"prefix": "osd erasure-code-profile ls"}, &names)
	slices.Sort(names)
	return names, err
}

// explainNoProfile asks for the names that there are. The refusal stays the error where the listing has the profile all the same.
func (c *Cluster) explainNoProfile(ctx context.Context, what, name string, refusal error) error {
	names, err := c.profileNames(ctx, what)
	if err != nil {
		return err
	}
	if slices.Contains(names, name) {
		return refusal
	}
	return notThere(fmt.Sprintf("Cluster %q has no erasure code profile %q.", c.cfg.Label, name), "The cluster has no erasure code profiles.",
		"Its profiles are", names, "Create the profile (ceph osd erasure-code-profile set), or correct its name or the cluster.")
}

func profileOf(name string, stored map[string]string) ErasureCodeProfile {
	take := func(key, unset string) string {
		value := stored[key]
		delete(stored, key)
		if value == "" {
			return unset
		}
		return value
	}
	count := func(key string) *int64 {
		n, err := strconv.ParseInt(stored[key], 10, 64)
		if err != nil {
			return nil // stays among the parameters
		}
		delete(stored, key)
		if n < 0 { // the plugin lrc with layers of its own
			return nil
		}
		return &n
	}
	// The cluster's first profile, "default", is stored without what every plugin assumes.
	return ErasureCodeProfile{
		Name: name, K: count("k"), M: count("m"), Plugin: take("plugin", ""), Technique: take("technique", ""),
		Root: take("crush-root", "default"), FailureDomain: take("crush-failure-domain", "host"), DeviceClass: take("crush-device-class", ""),
		StripeUnit: take("stripe_unit", ""), Parameters: stored,
	}
}
