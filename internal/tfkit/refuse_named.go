package tfkit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
)

// RefuseNamedImage refuses to delete an image that a domain on a configured hypervisor still names, whether it runs or is only defined, and
// wherever in the definition: a domain that is shut off has no watcher on the image, and would miss its disk at the next start. Only a
// hypervisor that does not answer is left out, with a warning.
func (c *Connections) RefuseNamedImage(ctx context.Context, cluster *ceph.Cluster, ref ceph.ImageRef, diags *diag.Diagnostics) error {
	return c.refuseNamed(ctx, cluster, "Image "+ref.String(), func(use libvirt.ImageUse) bool { return use.Image == ref.String() }, diags)
}

// RefuseNamedSnapshot is [Connections.RefuseNamedImage] for a snapshot: a disk that reads it would have nothing to read. Disks of the image
// itself don't matter.
func (c *Connections) RefuseNamedSnapshot(ctx context.Context, cluster *ceph.Cluster, s ceph.Snapshot, diags *diag.Diagnostics) error {
	return c.refuseNamed(ctx, cluster, "Snapshot "+s.String(), func(use libvirt.ImageUse) bool {
		return use.Image == s.Image.String() && use.Snapshot == s.Name
	}, diags)
}

// RefuseNamedPool is [Connections.RefuseNamedImage] for all images of a pool, and for images whose data is in the pool.
func (c *Connections) RefuseNamedPool(ctx context.Context, cluster *ceph.Cluster, pool string, diags *diag.Diagnostics) error {
	within := func(use libvirt.ImageUse) bool { return strings.HasPrefix(use.Image, pool+"/") }
	if len(c.Hypervisors.All()) == 0 {
		return c.refuseNamed(ctx, cluster, "Pool "+pool, within, diags) // without a hypervisor no listing is needed
	}
	contents, err := cluster.PoolContents(ctx, pool)
	if err != nil {
		return err
	}
	named := func(use libvirt.ImageUse) bool {
		return within(use) || slices.ContainsFunc(contents.DataOf, func(ref ceph.ImageRef) bool { return use.Image == ref.String() })
	}
	return c.refuseNamed(ctx, cluster, "Pool "+pool, named, diags)
}

// ImageSearch searches the domains of all configured hypervisors for images.
func (c *Connections) ImageSearch() rbdusage.Search {
	return rbdusage.Search{Clusters: c.Clusters.All(), Hosts: c.Hypervisors.All()}
}

func (c *Connections) refuseNamed(
	ctx context.Context, cluster *ceph.Cluster, what string, named func(libvirt.ImageUse) bool, diags *diag.Diagnostics,
) error {
	found, err := c.ImageSearch().Users(ctx, cluster, named)
	if err != nil {
		return err
	}
	for _, host := range found.Unreached {
		diags.AddWarning("Hypervisor not searched", fmt.Sprintf(
			"It was not checked whether a domain on hypervisor %q names %s on cluster %q.\n\n%s",
			host.Label, what, cluster.Label(), host.Err))
	}
	if waiting := c.Hypervisors.waiting(); waiting != "" {
		diags.AddWarning("Hypervisor not searched", fmt.Sprintf("It was not checked whether a domain on %s names %s on cluster %q,"+
			" because the provider configuration waits for values that are known only after apply.", waiting, what, cluster.Label()))
	}
	if len(found.Uses) > 0 {
		return namedBy(what, cluster, found)
	}
	return notSearched(what, cluster, found.Failed)
}

// maxNamed limits the places that an error names: a domain may have a hundred snapshots.
const maxNamed = 20

func namedBy(what string, cluster *ceph.Cluster, found rbdusage.Found) error {
	var hits []string
	metadata, unknown := true, true
	for _, use := range found.Uses {
		hits = append(hits, use.String())
		metadata = metadata && !use.Defined
		unknown = unknown && use.On == rbdusage.Unknown
	}
	slices.Sort(hits)
	hits = slices.Compact(hits) // the two definitions of a domain may name different monitors
	if more := len(hits) - maxNamed; more > 0 {
		hits = append(hits[:maxNamed], fmt.Sprintf("%d more", more))
	}
	p := &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("%s on cluster %q is named by %s.", what, cluster.Label(), strings.Join(hits, ", ")),
		Why:  "These domains would lose a disk, or could not be started any more. force_destroy does not override this.",
		Do: "Detach the disks, or move them to another image, in one apply, and delete in the next. A disk that is not managed here is detached" +
			" with virsh detach-disk --persistent; an overlay is merged into its base with virsh blockcommit, or filled from it with" +
			" virsh blockpull.",
	}
	if slices.ContainsFunc(found.Uses, func(use rbdusage.Use) bool { return !use.Defined }) {
		p.Do += " What only a snapshot, a checkpoint or a managed save image names is given up with virsh snapshot-delete," +
			" checkpoint-delete or managedsave-remove."
	}
	if metadata {
		p.Why = "These domains could not be reverted or restored any more. force_destroy does not override this."
	}
	if unknown {
		p.Why += " They name no monitors, or none of a cluster that is configured and answers, so nothing shows that they mean another cluster."
	}
	if err := notSearched(what, cluster, found.Failed); err != nil {
		p.Raw = err.Error()
	}
	return p
}

// notSearched is the error where a hypervisor answers but its domains could not all be searched. Only one that doesn't answer at all may be
// left out.
func notSearched(what string, cluster *ceph.Cluster, failed []libvirt.HostError) error {
	if len(failed) == 0 {
		return nil
	}
	var labels, replies []string
	for _, host := range failed {
		labels = append(labels, fmt.Sprintf("%q", host.Label))
		replies = append(replies, host.Err.Error())
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("It could not be checked whether a domain on hypervisor %s names %s on cluster %q.",
			strings.Join(labels, ", "), what, cluster.Label()),
		Why: "The hypervisor answers, but its domains could not all be searched. A domain that names it would lose a disk. Nothing was deleted.",
		Do:  "Remove the cause that is named below, then apply again.",
		Raw: strings.Join(replies, "; "),
	}
}
