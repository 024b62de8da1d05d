package libvirtrbddisk

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

type model struct {
	ID             types.String   `tfsdk:"id"`
	Hypervisor     types.String   `tfsdk:"hypervisor"`
	Domain         types.String   `tfsdk:"domain"`
	Cluster        types.String   `tfsdk:"cluster"`
	Monitors       types.Set      `tfsdk:"monitors"`
	ConfigFile     types.String   `tfsdk:"config_file"`
	Pool           types.String   `tfsdk:"pool"`
	Namespace      types.String   `tfsdk:"namespace"`
	Image          types.String   `tfsdk:"image"`
	Snapshot       types.String   `tfsdk:"snapshot"`
	Size           tfkit.Size     `tfsdk:"size"`
	User           types.String   `tfsdk:"user"`
	SecretUUID     types.String   `tfsdk:"secret_uuid"`
	TargetDev      types.String   `tfsdk:"target_dev"`
	Bus            types.String   `tfsdk:"bus"`
	Device         types.String   `tfsdk:"device"`
	Cache          types.String   `tfsdk:"cache"`
	IO             types.String   `tfsdk:"io"`
	Discard        types.String   `tfsdk:"discard"`
	DetectZeroes   types.String   `tfsdk:"detect_zeroes"`
	ErrorPolicy    types.String   `tfsdk:"error_policy"`
	IOThread       types.Int64    `tfsdk:"iothread"`
	Queues         types.Int64    `tfsdk:"queues"`
	CopyOnRead     types.Bool     `tfsdk:"copy_on_read"`
	ReadOnly       types.Bool     `tfsdk:"read_only"`
	Shareable      types.Bool     `tfsdk:"shareable"`
	Serial         types.String   `tfsdk:"serial"`
	WWN            types.String   `tfsdk:"wwn"`
	BootOrder      types.Int64    `tfsdk:"boot_order"`
	Address        types.Object   `tfsdk:"address"`
	IOTune         types.Object   `tfsdk:"iotune"`
	AttachProbe    types.Bool     `tfsdk:"attach_probe"`
	OnSourceChange types.String   `tfsdk:"on_source_change"`
	Alias          types.String   `tfsdk:"alias"`
	DomainUUID     types.String   `tfsdk:"domain_uuid"`
	HostUUID       types.String   `tfsdk:"host_uuid"`
	FSID           types.String   `tfsdk:"fsid"`
	ImageID        types.String   `tfsdk:"image_id"`
	RunningOn      types.String   `tfsdk:"running_on"`
	Live           types.Bool     `tfsdk:"live"`
	Persistent     types.Bool     `tfsdk:"persistent"`
	PendingRestart types.Bool     `tfsdk:"pending_restart"`
	MonitorsStale  types.Bool     `tfsdk:"monitors_stale"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

// identity is the resource identity.
type identity struct {
	Hypervisor types.String `tfsdk:"hypervisor"`
	Domain     types.String `tfsdk:"domain"`
	TargetDev  types.String `tfsdk:"target_dev"`
}

func (m *model) identity() identity { return identity{m.Hypervisor, m.Domain, m.TargetDev} }

// id is planned from its parts and unknown while one of them is.
func (m *model) id() types.String {
	if m.Hypervisor.IsUnknown() || m.Domain.IsUnknown() || m.TargetDev.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(strings.Join([]string{m.Hypervisor.ValueString(), m.Domain.ValueString(), m.TargetDev.ValueString()}, "/"))
}

// source is the image as the model names it.
func (m *model) source() ceph.ImageRef {
	return ceph.ImageRef{Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Name: m.Image.ValueString()}
}

// sourceKnown tells whether all parts of the image's name are known.
func (m *model) sourceKnown() bool {
	return !m.Pool.IsUnknown() && !m.Namespace.IsUnknown() && !m.Image.IsUnknown()
}

// parseSource splits the name of an RBD source, POOL/IMAGE or POOL/NAMESPACE/IMAGE.
func parseSource(name string) ceph.ImageRef {
	pool, rest, _ := strings.Cut(name, "/")
	if namespace, image, ok := strings.Cut(rest, "/"); ok {
		return ceph.ImageRef{Pool: pool, Namespace: namespace, Name: image}
	}
	return ceph.ImageRef{Pool: pool, Name: rest}
}

// ownAlias is the alias of a disk of ours. It names the domain too, so that a copy of the domain's definition under another
// UUID is not taken for ours.
func ownAlias(domainUUID, target string) string {
	sum := sha256.Sum256([]byte(domainUUID + "/" + target))
	return aliasPrefix + target + "-" + hex.EncodeToString(sum[:4])
}

// aliasPrefix starts the aliases of all disks of this provider. libvirt keeps an alias only where it starts with "ua-".
const aliasPrefix = "ua-terraform-"

func isOwnAlias(alias string) bool { return strings.HasPrefix(alias, aliasPrefix) }

// memory is what the provider remembers beside the state, in the private state.
type memory struct {
	// Domain and Target are where the disk is, so that the plan which replaces it knows its own disk.
	Domain string `json:"domain"`
	Target string `json:"target"`
	// PoolID is the part of the source's identity that no attribute holds.
	PoolID int64 `json:"pool_id,omitempty"`
	// Imported disks have no alias of ours and are found by target and source.
	Imported bool `json:"imported,omitempty"`
	// FollowMonitors is set while the monitors are the default: those of the cluster's monitor map.
	FollowMonitors bool `json:"follow_monitors,omitempty"`
	// FormerSources are names under which a running guest opened the image before it was renamed.
	FormerSources []string `json:"former_sources,omitempty"`
	// DetachAsked is the number of the running domain whose guest was asked in vain to give the disk up; 0 where none was.
	DetachAsked int `json:"detach_asked,omitempty"`
	// Source is the name of the image that was last applied, or was there when this was noted first. The state may name another since.
	Source string `json:"source,omitempty"`
}

// memoryKey is the private state's name for it.
const memoryKey = "disk"
