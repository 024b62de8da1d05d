package libvirtrbddisk

import (
	"reflect"
	"slices"

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
	Encryption     types.Object   `tfsdk:"encryption"`
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
	BlockIO        types.Object   `tfsdk:"blockio"`
	QueueSize      types.Int64    `tfsdk:"queue_size"`
	RotationRate   types.Int64    `tfsdk:"rotation_rate"`
	Vendor         types.String   `tfsdk:"vendor"`
	Product        types.String   `tfsdk:"product"`
	BootOrder      types.Int64    `tfsdk:"boot_order"`
	Address        types.Object   `tfsdk:"address"`
	IOTune         types.Object   `tfsdk:"iotune"`
	AttachProbe    types.Bool     `tfsdk:"attach_probe"`
	OnChange       types.String   `tfsdk:"on_change"`
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

func (m *model) id() types.String { return tfkit.JoinID(m.Hypervisor, m.Domain, m.TargetDev) }

// source is the image as the model names it.
func (m *model) source() ceph.ImageRef {
	return ceph.ImageRef{Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Name: m.Image.ValueString()}
}

// namesSource tells whether the image's name is known as a whole.
func (m *model) namesSource() bool {
	return !m.Pool.IsUnknown() && !m.Namespace.IsUnknown() && !m.Image.IsUnknown()
}

// disk converts the model to a disk of the libvirt client; unknown values are left out.
func (m *model) disk() libvirt.Disk {
	return libvirt.Disk{
		Target: m.TargetDev.ValueString(), Bus: m.Bus.ValueString(), Device: m.Device.ValueString(),
		Pool: m.Pool.ValueString(), Namespace: m.Namespace.ValueString(), Image: m.Image.ValueString(), Snapshot: m.Snapshot.ValueString(),
		Monitors: monitorList(m.Monitors), ConfigFile: m.ConfigFile.ValueString(),
		User: m.User.ValueString(), SecretUUID: m.SecretUUID.ValueString(), Encryption: encryptionOf(m.Encryption),
		Cache: m.Cache.ValueString(), IO: m.IO.ValueString(), Discard: m.Discard.ValueString(), DetectZeroes: m.DetectZeroes.ValueString(),
		ErrorPolicy: m.ErrorPolicy.ValueString(), IOThread: count(m.IOThread), Queues: count(m.Queues),
		CopyOnRead: m.CopyOnRead.ValueBool(), ReadOnly: m.ReadOnly.ValueBool(), Shareable: m.Shareable.ValueBool(),
		Serial: m.Serial.ValueString(), WWN: m.WWN.ValueString(), BootOrder: count(m.BootOrder),
		BlockIO: blockSizesOf(m.BlockIO), QueueSize: count(m.QueueSize), RotationRate: count(m.RotationRate),
		Vendor: m.Vendor.ValueString(), Product: m.Product.ValueString(),
		Address: addressOf(m.Address), Limits: limitsOf(m.IOTune),
	}
}

// modelOf converts a disk of the libvirt client to a model that has only its arguments.
func modelOf(d libvirt.Disk) model {
	text := tfkit.StringOrNull
	return model{
		TargetDev: text(d.Target), Bus: text(d.Bus), Device: text(d.Device),
		Pool: text(d.Pool), Namespace: text(d.Namespace), Image: text(d.Image), Snapshot: text(d.Snapshot),
		Monitors: monitorSet(d.Monitors), ConfigFile: text(d.ConfigFile), User: text(d.User), SecretUUID: text(d.SecretUUID),
		Encryption: encryptionObject(d.Encryption),
		Cache:      text(d.Cache), IO: text(d.IO), Discard: text(d.Discard), DetectZeroes: text(d.DetectZeroes), ErrorPolicy: text(d.ErrorPolicy),
		IOThread: tfkit.CountOrNull(d.IOThread), Queues: tfkit.CountOrNull(d.Queues),
		CopyOnRead: tfkit.TrueOrNull(d.CopyOnRead), ReadOnly: tfkit.TrueOrNull(d.ReadOnly), Shareable: tfkit.TrueOrNull(d.Shareable),
		Serial: text(d.Serial), WWN: text(d.WWN), BootOrder: tfkit.CountOrNull(d.BootOrder),
		BlockIO: blockObject(d.BlockIO), QueueSize: tfkit.CountOrNull(d.QueueSize), RotationRate: tfkit.CountOrNull(d.RotationRate),
		Vendor: text(d.Vendor), Product: text(d.Product),
		Address: addressObject(d.Address), IOTune: limitsObject(d.Limits),
	}
}

// onto returns a disk changed to what the model asks for, in those fields that are wanted (nil wants all) and known.
func (m *model) onto(d libvirt.Disk, wanted func(libvirt.DiskField) bool) libvirt.Disk {
	asked := m.disk()
	for _, f := range libvirt.DiskFields {
		if !m.argument(f.Name).IsUnknown() && (wanted == nil || wanted(f)) {
			f.Take(&d, asked)
		}
	}
	return d
}

// read takes the wanted fields (nil wants all) of a disk as it was read. A value that means the same as the recorded one keeps its
// spelling.
func (m *model) read(d libvirt.Disk, wanted func(libvirt.DiskField) bool) {
	recorded, found := m.disk(), modelOf(d)
	for _, f := range libvirt.DiskFields {
		if (wanted == nil || wanted(f)) && (m.argument(f.Name).IsUnknown() || !f.Same(recorded, d)) {
			m.take(f.Name, &found)
		}
	}
}

// places are the indexes of the model's fields, by the names of the arguments.
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
		was, now := partlyUnknown(from.argument(f.Name)), partlyUnknown(to.argument(f.Name))
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

// ofSource tells whether a field describes what QEMU opens, and not the device.
func ofSource(f libvirt.DiskField) bool { return f.Source }

// ours returns how to find the disk in its domain.
func (m *model) ours(record diskRecord) libvirt.ManagedDisk {
	asked := func(name string) bool { return !m.argument(name).IsNull() }
	return libvirt.ManagedDisk{
		Alias: m.Alias.ValueString(), Target: m.TargetDev.ValueString(), Imported: record.Imported,
		Sources: append([]string{m.source().String(), record.Source, record.Asked}, record.FormerSources...),
		Unasked: slices.DeleteFunc(slices.Clone(record.Unasked), asked),
	}
}

func count(n types.Int64) uint {
	return uint(max(n.ValueInt64(), 0))
}

// diskRecord is what the provider remembers in the private state.
type diskRecord struct {
	// Domain and Target are where the disk is. The plan of its replacement, which has no state, knows it by them.
	Domain string `json:"domain"`
	Target string `json:"target"`
	// PoolID is the part of the source's identity that no attribute holds.
	PoolID int64 `json:"pool_id,omitempty"`
	// Imported disks that had no alias of ours are found by target and source.
	Imported bool `json:"imported,omitempty"`
	// FollowMonitors is set while the monitors are the default: those of the cluster's monitor map.
	FollowMonitors bool `json:"follow_monitors,omitempty"`
	// FormerSources are names under which a running guest opened the image before it was renamed.
	FormerSources []string `json:"former_sources,omitempty"`
	// DetachAsked is the number of the running domain whose guest did not follow a detach; 0 where there was none.
	DetachAsked int `json:"detach_asked,omitempty"`
	// Source is the image's name that was last applied or first read. A refresh may have put another name into the state since.
	Source string `json:"source,omitempty"`
	// ClusterUnsure is set while the disk has monitors that are perhaps not those of the recorded cluster: they have changed, and which
	// cluster they belong to was not to be learned.
	ClusterUnsure bool `json:"cluster_unsure,omitempty"`
	// Learned is how many steps of learnedFields the release knew that wrote the state, and Unasked are the arguments among them that stay
	// as they were found then, while the configuration doesn't name them.
	Learned int      `json:"learned,omitempty"`
	Unasked []string `json:"unasked,omitempty"`
	// LiveLimits is set while the state shows the limits of the running guest, which are not the saved ones.
	LiveLimits bool `json:"live_limits,omitempty"`
	// GoneOver is set where a guest was found on an image that has the mark of an unfinished copy: somebody has let it go over by hand, and
	// the next change takes the mark away.
	GoneOver bool `json:"gone_over,omitempty"`
	// Asked is the name of the image that a failed change has asked for: it may have taken effect, and an imported disk is known by it then.
	Asked string `json:"asked,omitempty"`
	// SeenOn is the host_uuid of running_on, where that is not the configured hypervisor.
	SeenOn string `json:"seen_on,omitempty"`
}

// recordKey is the name of the diskRecord in the private state.
const recordKey = "disk"

var (
	monitorAttributes = map[string]attr.Type{"host": types.StringType, "port": types.Int64Type}
	monitorType       = types.ObjectType{AttrTypes: monitorAttributes}
)

// monitorList converts the attribute monitors; empty for a null or unknown one.
func monitorList(set types.Set) []libvirt.Monitor {
	list := make([]libvirt.Monitor, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		host, _ := object.Attributes()["host"].(types.String)
		port, _ := object.Attributes()["port"].(types.Int64)
		list = append(list, libvirt.Monitor{Host: host.ValueString(), Port: int(port.ValueInt64())})
	}
	return list
}

func monitorSet(list []libvirt.Monitor) types.Set {
	if len(list) == 0 {
		return types.SetNull(monitorType)
	}
	var values []attr.Value
	for _, m := range libvirt.SortMonitors(list) {
		values = append(values, types.ObjectValueMust(monitorAttributes, map[string]attr.Value{
			"host": types.StringValue(m.Host), "port": tfkit.CountOrNull(uint(max(m.Port, 0))),
		}))
	}
	return types.SetValueMust(monitorType, values)
}

var addressTypes = map[string]attr.Type{
	"type": types.StringType, "domain": types.StringType, "bus": types.StringType, "slot": types.StringType, "function": types.StringType,
	"controller": types.StringType, "target": types.StringType, "unit": types.StringType,
}

func addressPart(object types.Object, name string) types.String {
	value, ok := object.Attributes()[name].(types.String)
	if !ok {
		return types.StringNull()
	}
	return value
}

// addressOf converts the attribute address; absent parts are 0, as libvirt reads them.
func addressOf(object types.Object) *libvirt.Address {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	address := &libvirt.Address{Type: addressPart(object, "type").ValueString()}
	for _, p := range libvirt.AddressParts[address.Type] {
		n, _ := p.Parse(addressPart(object, p.Name).ValueString()) // 0 where it is left out
		address.Numbers = append(address.Numbers, n)
	}
	return address
}

// addressValues are the attributes of an address without any number.
func addressValues(kind types.String) map[string]attr.Value {
	values := make(map[string]attr.Value, len(addressTypes))
	for name := range addressTypes {
		values[name] = types.StringNull()
	}
	values["type"] = kind
	return values
}

// addressObject converts an address to the attribute, null for none.
func addressObject(address *libvirt.Address) types.Object {
	if address == nil {
		return types.ObjectNull(addressTypes)
	}
	values := addressValues(types.StringValue(address.Type))
	for i, p := range libvirt.AddressParts[address.Type] {
		values[p.Name] = types.StringValue(p.Text(address.Numbers[i]))
	}
	return types.ObjectValueMust(addressTypes, values)
}

// planAddress completes a configured address: a part that is left out is 0, and one that belongs to the other type is null.
// Parts that mean the recorded number keep its spelling.
func planAddress(config, state types.Object) types.Object {
	if config.IsNull() || config.IsUnknown() {
		return config
	}
	kind := addressPart(config, "type")
	if kind.IsUnknown() {
		return types.ObjectUnknown(addressTypes)
	}
	values := addressValues(kind)
	for _, p := range libvirt.AddressParts[kind.ValueString()] {
		value := addressPart(config, p.Name)
		if value.IsNull() {
			value = types.StringValue(p.Text(0))
		}
		recorded := addressPart(state, p.Name)
		n, err := p.Parse(value.ValueString())
		was, errWas := p.Parse(recorded.ValueString())
		if !value.IsUnknown() && err == nil && errWas == nil && n == was {
			value = recorded
		}
		values[p.Name] = value
	}
	return types.ObjectValueMust(addressTypes, values)
}

const groupName = "group_name"

func limitTypes() map[string]attr.Type {
	all := map[string]attr.Type{groupName: types.StringType}
	for _, name := range libvirt.LimitNames() {
		all[name] = types.Int64Type
	}
	return all
}

// limitsOf converts the attribute iotune to the limits of a disk.
func limitsOf(object types.Object) libvirt.Limits {
	limits := libvirt.Limits{Rates: map[string]uint64{}}
	for name, value := range object.Attributes() {
		switch value := value.(type) {
		case types.Int64:
			limits.Rates[name] = uint64(max(value.ValueInt64(), 0))
		case types.String:
			limits.Group = value.ValueString()
		}
	}
	return limits
}

// limitsObject converts limits to the attribute iotune, null where nothing is limited.
func limitsObject(limits libvirt.Limits) types.Object {
	if len(limits.Rates) == 0 && limits.Group == "" {
		return types.ObjectNull(limitTypes())
	}
	values := map[string]attr.Value{groupName: tfkit.StringOrNull(limits.Group)}
	for _, name := range libvirt.LimitNames() {
		values[name] = types.Int64Null()
		if n := limits.Rates[name]; n != 0 {
			values[name] = types.Int64Value(int64(n)) //nolint:gosec // libvirt's own limit is below 2^63
		}
	}
	return types.ObjectValueMust(limitTypes(), values)
}
