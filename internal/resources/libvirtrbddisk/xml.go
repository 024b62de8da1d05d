package libvirtrbddisk

import (
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// deviceCDROM is the device that is no disk.
const deviceCDROM = "cdrom"

type driver = libvirtxml.DomainDiskDriver

// newXML is a new disk as the model asks for it.
func (m *model) newXML(alias string) libvirtxml.DomainDisk {
	disk := libvirtxml.DomainDisk{
		Device: m.Device.ValueString(), Driver: &driver{Name: "qemu", Type: "raw"},
		Source: &libvirtxml.DomainDiskSource{Network: &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd"}},
		Target: &libvirtxml.DomainDiskTarget{Dev: m.TargetDev.ValueString(), Bus: m.Bus.ValueString()},
	}
	m.write(&model{}, &disk)
	if alias != "" {
		disk.Alias = &libvirtxml.DomainAlias{Name: alias}
	}
	return disk
}

// changedXML is an existing disk as the model asks for it: base is the disk as it was read, present the same as attributes. Only the
// attributes that differ are written, so that everything else comes out as it was, known or not.
func (m *model) changedXML(base *libvirtxml.DomainDisk, present *model) (libvirtxml.DomainDisk, error) {
	disk, err := clone(base)
	if err == nil {
		m.write(present, &disk)
	}
	return disk, err
}

// write writes those attributes into a disk that it doesn't have yet.
func (m *model) write(present *model, disk *libvirtxml.DomainDisk) {
	for _, a := range attributes {
		if !a.value(m).IsUnknown() && !a.same(present, m) {
			a.set(m, disk)
		}
	}
}

// readXML is a disk as attributes of a model that has nothing else.
func readXML(disk libvirtxml.DomainDisk) model {
	var m model
	m.Device = types.StringValue("disk")
	if disk.Device != "" {
		m.Device = types.StringValue(disk.Device)
	}
	if disk.Target != nil {
		m.TargetDev, m.Bus = tfkit.StringOrNull(disk.Target.Dev), tfkit.StringOrNull(disk.Target.Bus)
	}
	m.Monitors = types.SetNull(monitorType)
	if disk.Source != nil && disk.Source.Network != nil {
		m.readSource(disk.Source.Network)
	}
	if auth := libvirt.DiskAuth(disk); auth != nil {
		m.User = tfkit.StringOrNull(auth.Username)
		if auth.Secret != nil {
			m.SecretUUID = tfkit.StringOrNull(auth.Secret.UUID)
		}
	}
	if d := disk.Driver; d != nil {
		m.Cache, m.IO, m.Discard = tfkit.StringOrNull(d.Cache), tfkit.StringOrNull(d.IO), tfkit.StringOrNull(d.Discard)
		m.DetectZeroes, m.ErrorPolicy = tfkit.StringOrNull(d.DetectZeros), tfkit.StringOrNull(d.ErrorPolicy)
		m.IOThread, m.Queues = fromUint(d.IOThread), fromUint(d.Queues)
		m.CopyOnRead = trueOrNull(d.CopyOnRead == "on")
	}
	m.ReadOnly, m.Shareable = trueOrNull(disk.ReadOnly != nil), trueOrNull(disk.Shareable != nil)
	m.Serial, m.WWN = tfkit.StringOrNull(disk.Serial), tfkit.StringOrNull(disk.WWN)
	if disk.Boot != nil && disk.Boot.Order > 0 {
		m.BootOrder = types.Int64Value(int64(disk.Boot.Order)) //nolint:gosec // libvirt's boot orders are small.
	}
	m.Address = fromAddress(disk.Address)
	m.IOTune = fromIOTune(disk.IOTune, aliasName(disk))
	return m
}

func (m *model) readSource(source *libvirtxml.DomainDiskSourceNetwork) {
	ref := parseSource(source.Name)
	m.Pool, m.Namespace, m.Image = tfkit.StringOrNull(ref.Pool), tfkit.StringOrNull(ref.Namespace), tfkit.StringOrNull(ref.Name)
	m.Monitors = fromHosts(source.Hosts)
	if source.Snapshot != nil {
		m.Snapshot = tfkit.StringOrNull(source.Snapshot.Name)
	}
	if source.Config != nil {
		m.ConfigFile = tfkit.StringOrNull(source.Config.File)
	}
}

// fromXML takes over a disk as it was read. What means the same as the recorded value keeps its spelling.
func (m *model) fromXML(disk libvirtxml.DomainDisk) {
	read := readXML(disk)
	m.TargetDev, m.Bus, m.Device = read.TargetDev, read.Bus, read.Device
	if read.Device.ValueString() == deviceCDROM && !m.ReadOnly.ValueBool() {
		// A CD-ROM is read-only of its own accord, which libvirt writes down.
		read.ReadOnly = m.ReadOnly
	}
	for _, a := range attributes {
		if value := a.value(m); value.IsUnknown() || !a.same(m, &read) {
			a.take(m, &read)
		}
	}
	m.nullTypes()
}

// nullTypes gives absent sets and objects their types, without which the framework refuses them.
func (m *model) nullTypes() {
	if m.Monitors.IsNull() {
		m.Monitors = types.SetNull(monitorType)
	}
	if m.Address.IsNull() {
		m.Address = types.ObjectNull(addressTypes)
	}
	if m.IOTune.IsNull() {
		m.IOTune = types.ObjectNull(iotuneTypes())
	}
}

func clone(disk *libvirtxml.DomainDisk) (libvirtxml.DomainDisk, error) {
	var copied libvirtxml.DomainDisk
	text, err := disk.Marshal()
	if err == nil {
		err = copied.Unmarshal(text)
	}
	if err != nil {
		return copied, fmt.Errorf("copy the definition of a disk: %w", err)
	}
	return copied, nil
}

// forSaved is a disk of the running domain without what only a running one has.
func forSaved(live libvirtxml.DomainDisk) (libvirtxml.DomainDisk, error) {
	disk, err := clone(&live)
	disk.Alias, disk.Mirror = nil, nil
	if len(libvirt.BackingDisks(disk)) == 0 {
		disk.BackingStore = nil
	}
	if disk.Source != nil {
		disk.Source.Index = 0
	}
	for below := disk.BackingStore; below != nil; below = below.BackingStore {
		if below.Index = 0; below.Source != nil {
			below.Source.Index = 0
		}
	}
	return disk, err
}

// sameXML tells whether two disks are written alike.
func sameXML(a, b libvirtxml.DomainDisk) bool {
	x, errX := a.Marshal()
	y, errY := b.Marshal()
	return errX == nil && errY == nil && x == y
}

func aliasName(disk libvirtxml.DomainDisk) string {
	if disk.Alias == nil {
		return ""
	}
	return disk.Alias.Name
}

// sourceName of an RBD disk, empty for any other.
func sourceName(disk libvirtxml.DomainDisk) string {
	if disk.Source == nil || disk.Source.Network == nil || disk.Source.Network.Protocol != "rbd" {
		return ""
	}
	return disk.Source.Network.Name
}

func setSource(m *model, disk *libvirtxml.DomainDisk) { disk.Source.Network.Name = m.source().String() }

func setSnapshot(m *model, disk *libvirtxml.DomainDisk) {
	disk.Source.Network.Snapshot = nil
	if name := m.Snapshot.ValueString(); name != "" {
		disk.Source.Network.Snapshot = &libvirtxml.DomainDiskSourceNetworkSnapshot{Name: name}
	}
}

func setConfigFile(m *model, disk *libvirtxml.DomainDisk) {
	disk.Source.Network.Config = nil
	if file := m.ConfigFile.ValueString(); file != "" {
		disk.Source.Network.Config = &libvirtxml.DomainDiskSourceNetworkConfig{File: file}
	}
}

func setUser(m *model, disk *libvirtxml.DomainDisk) { authOf(disk).Username = m.User.ValueString() }

func setSecret(m *model, disk *libvirtxml.DomainDisk) {
	authOf(disk).Secret = &libvirtxml.DomainDiskSecret{Type: libvirt.UsageCeph, UUID: libvirt.CanonicalUUID(m.SecretUUID.ValueString())}
}

// authOf are the credentials where the disk has them, beside the source where it has none.
func authOf(disk *libvirtxml.DomainDisk) *libvirtxml.DomainDiskAuth {
	auth := libvirt.DiskAuth(*disk)
	if auth == nil {
		auth = &libvirtxml.DomainDiskAuth{}
		disk.Auth = auth
	}
	return auth
}

func setBootOrder(m *model, disk *libvirtxml.DomainDisk) {
	order := toUint(m.BootOrder)
	if order == nil {
		disk.Boot = nil
		return
	}
	if disk.Boot == nil {
		disk.Boot = &libvirtxml.DomainDeviceBoot{}
	}
	disk.Boot.Order = *order
}

func inDriver(set func(*model, *driver)) func(*model, *libvirtxml.DomainDisk) {
	return func(m *model, disk *libvirtxml.DomainDisk) {
		if disk.Driver == nil {
			disk.Driver = &driver{Name: "qemu", Type: "raw"}
		}
		set(m, disk.Driver)
	}
}

func toUint(n types.Int64) *uint {
	if n.IsNull() || n.IsUnknown() || n.ValueInt64() < 0 {
		return nil
	}
	value := uint(n.ValueInt64()) //nolint:gosec // it is not negative.
	return &value
}

func fromUint(n *uint) types.Int64 {
	if n == nil {
		return types.Int64Null()
	}
	return types.Int64Value(int64(*n)) //nolint:gosec // counts in a domain's definition are small.
}

func trueOrNull(flag bool) types.Bool {
	if !flag {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}

func portOf(text string) types.Int64 {
	port, err := strconv.ParseInt(text, 10, 64)
	if err != nil || port == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(port)
}
