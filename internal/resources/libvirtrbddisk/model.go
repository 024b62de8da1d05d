package libvirtrbddisk

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
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

// disk is what the model asks libvirt for; what isn't known yet is left out.
func (m *model) disk() libvirt.Disk {
	return libvirt.Disk{
		Target: m.TargetDev.ValueString(), Bus: m.Bus.ValueString(), Device: m.Device.ValueString(),
		Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(), Snapshot: m.Snapshot.ValueString(),
		Monitors: monitorList(m.Monitors), ConfigFile: m.ConfigFile.ValueString(),
		User: m.User.ValueString(), SecretUUID: m.SecretUUID.ValueString(),
		Cache: m.Cache.ValueString(), IO: m.IO.ValueString(), Discard: m.Discard.ValueString(), DetectZeroes: m.DetectZeroes.ValueString(),
		ErrorPolicy: m.ErrorPolicy.ValueString(), IOThread: count(m.IOThread), Queues: count(m.Queues),
		CopyOnRead: m.CopyOnRead.ValueBool(), ReadOnly: m.ReadOnly.ValueBool(), Shareable: m.Shareable.ValueBool(),
		Serial: m.Serial.ValueString(), WWN: m.WWN.ValueString(), BootOrder: count(m.BootOrder),
		Address: addressOf(m.Address), Limits: limitsOf(m.IOTune),
	}
}

// modelOf is a disk as arguments of a model that has nothing else.
func modelOf(d libvirt.Disk) model {
	text := tfkit.StringOrNull
	return model{
		TargetDev: text(d.Target), Bus: text(d.Bus), Device: text(d.Device),
		Pool: text(d.Pool), Namespace: text(d.Namespace), Image: text(d.Image), Snapshot: text(d.Snapshot),
		Monitors: monitorSet(d.Monitors), ConfigFile: text(d.ConfigFile), User: text(d.User), SecretUUID: text(d.SecretUUID),
		Cache: text(d.Cache), IO: text(d.IO), Discard: text(d.Discard), DetectZeroes: text(d.DetectZeroes), ErrorPolicy: text(d.ErrorPolicy),
		IOThread: tfkit.CountOrNull(d.IOThread), Queues: tfkit.CountOrNull(d.Queues),
		CopyOnRead: tfkit.TrueOrNull(d.CopyOnRead), ReadOnly: tfkit.TrueOrNull(d.ReadOnly), Shareable: tfkit.TrueOrNull(d.Shareable),
		Serial: text(d.Serial), WWN: text(d.WWN), BootOrder: tfkit.CountOrNull(d.BootOrder),
		Address: addressObject(d.Address), IOTune: limitsObject(d.Limits),
	}
}

// onto is a disk with what the model asks for, but for fields that aren't wanted (nil wants all) and those that aren't known yet.
func (m *model) onto(d libvirt.Disk, wanted func(libvirt.DiskField) bool) libvirt.Disk {
	asked := m.disk()
	for _, f := range libvirt.DiskFields {
		if !m.argument(f.Name).IsUnknown() && (wanted == nil || wanted(f)) {
			f.Take(&d, asked)
		}
	}
	return d
}

// read takes over a disk as it was read, but for fields that aren't wanted. What means the same as the recorded value keeps its
// spelling.
func (m *model) read(d libvirt.Disk, wanted func(libvirt.DiskField) bool) {
	recorded, found := m.disk(), modelOf(d)
	for _, f := range libvirt.DiskFields {
		if (wanted == nil || wanted(f)) && (m.argument(f.Name).IsUnknown() || !f.Same(recorded, d)) {
			m.take(f.Name, &found)
		}
	}
}

// places of the model's fields by the names of the arguments.
var places = func() map[string]int {
	all := map[string]int{}
	for i, kind := 0, reflect.TypeFor[model](); i < kind.NumField(); i++ {
		all[kind.Field(i).Tag.Get("tfsdk")] = i
	}
	return all
}()

// argument is the value of an argument.
func (m *model) argument(name string) attr.Value {
	return reflect.ValueOf(m).Elem().Field(places[name]).Interface().(attr.Value) //nolint:forcetypeassert // all fields are
}

// take copies an argument from one model to another.
func (m *model) take(name string, from *model) {
	reflect.ValueOf(m).Elem().Field(places[name]).Set(reflect.ValueOf(from).Elem().Field(places[name]))
}

// changes names the arguments of the disk in which two models differ, of those that are wanted; nil wants all.
func changes(from, to *model, wanted func(libvirt.DiskField) bool) []string {
	is, will := from.disk(), to.disk()
	var names []string
	for _, f := range libvirt.DiskFields {
		was, now := from.argument(f.Name).IsUnknown(), to.argument(f.Name).IsUnknown()
		if (wanted == nil || wanted(f)) && (was != now || !was && !f.Same(is, will)) {
			names = append(names, f.Name)
		}
	}
	return names
}

// namesImage tells whether a field is a part of the image's name.
func namesImage(f libvirt.DiskField) bool {
	return slices.Contains([]string{"pool", "namespace", "image"}, f.Name)
}

// ofSource tells whether a field describes the source, which QEMU opens, and not the device.
func ofSource(f libvirt.DiskField) bool { return f.Source }

// ours tells how to find the disk in its domain.
func (m *model) ours(remembered memory) libvirt.Ours {
	return libvirt.Ours{
		Alias: m.Alias.ValueString(), Target: m.TargetDev.ValueString(), Imported: remembered.Imported,
		Sources: append([]string{m.source().String(), remembered.Source}, remembered.FormerSources...),
	}
}

func count(n types.Int64) uint {
	return uint(max(n.ValueInt64(), 0))
}

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
