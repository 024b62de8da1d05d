package libvirt

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// Effect is when a running guest notices a change of a disk's field.
type Effect int

// When a change takes effect.
const (
	AtNextStart Effect = iota // QEMU takes it when the domain is started
	atNextOpen                // QEMU takes it when it opens the image, which for a running guest is the next start too
	AtOnce                    // the running guest is told
	Replaces                  // libvirt makes another disk of it
)

// DiskField is a field of a disk that is managed: how it is read, compared and written.
type DiskField struct {
	Name   string // the argument of libvirt_rbd_disk
	Effect Effect
	Source bool // part of the source, not of the device

	get  func(*Disk, *domainDisk)
	set  func(*Disk, *domainDisk)
	take func(to, from *Disk)
	same func(a, b *Disk) bool
}

// Same compares the field of two disks by meaning.
func (f DiskField) Same(a, b Disk) bool { return f.same(&a, &b) }

// Take copies the field from one disk to another.
func (f DiskField) Take(to *Disk, from Disk) { f.take(to, &from) }

// DiffDisks names the fields in which two disks differ, of those that are wanted; nil wants all.
func DiffDisks(a, b Disk, wanted func(DiskField) bool) []string {
	var names []string
	for _, f := range DiskFields {
		if (wanted == nil || wanted(f)) && !f.same(&a, &b) {
			names = append(names, f.Name)
		}
	}
	return names
}

type driver = libvirtxml.DomainDiskDriver

// newDriver is the driver of a new disk.
func newDriver() *driver { return &driver{Name: "qemu", Type: "raw"} }

// DiskFields are all of them.
var DiskFields = []DiskField{
	field("target_dev", Replaces, func(d *Disk) *string { return &d.Target }, asWritten,
		func(d *Disk, e *domainDisk) { d.Target = targetIn(e).Dev }, func(d *Disk, e *domainDisk) { targetOf(e).Dev = d.Target }),
	field("bus", Replaces, func(d *Disk) *string { return &d.Bus }, asWritten,
		func(d *Disk, e *domainDisk) { d.Bus = targetIn(e).Bus }, func(d *Disk, e *domainDisk) { targetOf(e).Bus = d.Bus }),
	field("device", Replaces, func(d *Disk) *string { return &d.Device }, asWritten,
		func(d *Disk, e *domainDisk) { d.Device = cmp.Or(e.Device, "disk") }, func(d *Disk, e *domainDisk) { e.Device = d.Device }),
	ofSource("monitors", func(d *Disk) *[]Monitor { return &d.Monitors }, SortMonitors, getMonitors, setMonitors),
	ofSource("config_file", func(d *Disk) *string { return &d.ConfigFile }, asWritten, getConfigFile, setConfigFile),
	ofSource("pool", func(d *Disk) *string { return &d.Pool }, asWritten, getImage, setImage),
	ofSource("namespace", func(d *Disk) *string { return &d.Namespace }, asWritten, getImage, setImage),
	ofSource("image", func(d *Disk) *string { return &d.Image }, asWritten, getImage, setImage),
	ofSource("snapshot", func(d *Disk) *string { return &d.Snapshot }, asWritten, getSnapshot, setSnapshot),
	ofSource("user", func(d *Disk) *string { return &d.User }, asWritten,
		func(d *Disk, e *domainDisk) { d.User = value(authOf(*e)).Username },
		func(d *Disk, e *domainDisk) { authIn(e).Username = d.User }),
	ofSource("secret_uuid", func(d *Disk) *string { return &d.SecretUUID }, CanonicalUUID,
		func(d *Disk, e *domainDisk) { d.SecretUUID = value(value(authOf(*e)).Secret).UUID },
		func(d *Disk, e *domainDisk) {
			authIn(e).Secret = &libvirtxml.DomainDiskSecret{Type: UsageCeph, UUID: CanonicalUUID(d.SecretUUID)}
		}),
	ofSource("encryption", func(d *Disk) *Encryption { return &d.Encryption }, Encryption.normal, getEncryption, setEncryption),
	cacheField(),
	inDriver("io", func(d *Disk) *string { return &d.IO }, func(x *driver) *string { return &x.IO }),
	inDriver("discard", func(d *Disk) *string { return &d.Discard }, func(x *driver) *string { return &x.Discard }),
	inDriver("detect_zeroes", func(d *Disk) *string { return &d.DetectZeroes }, func(x *driver) *string { return &x.DetectZeros }),
	inDriver("error_policy", func(d *Disk) *string { return &d.ErrorPolicy }, func(x *driver) *string { return &x.ErrorPolicy }),
	countInDriver("iothread", func(d *Disk) *uint { return &d.IOThread }, func(x *driver) **uint { return &x.IOThread }),
	countInDriver("queues", func(d *Disk) *uint { return &d.Queues }, func(x *driver) **uint { return &x.Queues }),
	countInDriver("queue_size", func(d *Disk) *uint { return &d.QueueSize }, func(x *driver) **uint { return &x.QueueSize }),
	field("copy_on_read", AtNextStart, func(d *Disk) *bool { return &d.CopyOnRead }, asWritten,
		func(d *Disk, e *domainDisk) { d.CopyOnRead = value(e.Driver).CopyOnRead == "on" },
		func(d *Disk, e *domainDisk) { driverIn(e).CopyOnRead = map[bool]string{true: "on"}[d.CopyOnRead] }),
	readOnlyField(),
	field("shareable", AtNextStart, func(d *Disk) *bool { return &d.Shareable }, asWritten,
		func(d *Disk, e *domainDisk) { d.Shareable = e.Shareable != nil },
		func(d *Disk, e *domainDisk) { e.Shareable = present[libvirtxml.DomainDiskShareable](d.Shareable) }),
	field("serial", AtNextStart, func(d *Disk) *string { return &d.Serial }, asWritten,
		func(d *Disk, e *domainDisk) { d.Serial = e.Serial }, func(d *Disk, e *domainDisk) { e.Serial = d.Serial }),
	field("wwn", AtNextStart, func(d *Disk) *string { return &d.WWN }, plainWWN,
		func(d *Disk, e *domainDisk) { d.WWN = e.WWN }, func(d *Disk, e *domainDisk) { e.WWN = d.WWN }),
	field("blockio", AtNextStart, func(d *Disk) *BlockSizes { return &d.BlockIO }, asWritten, getBlockSizes, setBlockSizes),
	field("rotation_rate", AtNextStart, func(d *Disk) *uint { return &d.RotationRate }, asWritten,
		func(d *Disk, e *domainDisk) { d.RotationRate = targetIn(e).RotationRate },
		func(d *Disk, e *domainDisk) { targetOf(e).RotationRate = d.RotationRate }),
	field("vendor", AtNextStart, func(d *Disk) *string { return &d.Vendor }, asWritten,
		func(d *Disk, e *domainDisk) { d.Vendor = e.Vendor }, func(d *Disk, e *domainDisk) { e.Vendor = d.Vendor }),
	field("product", AtNextStart, func(d *Disk) *string { return &d.Product }, asWritten,
		func(d *Disk, e *domainDisk) { d.Product = e.Product }, func(d *Disk, e *domainDisk) { e.Product = d.Product }),
	field("boot_order", AtNextStart, func(d *Disk) *uint { return &d.BootOrder }, asWritten,
		func(d *Disk, e *domainDisk) { d.BootOrder = value(e.Boot).Order }, setBootOrder),
	field("address", AtNextStart, func(d *Disk) **Address { return &d.Address }, asWritten,
		func(d *Disk, e *domainDisk) { d.Address = addressOf(e.Address) }, setAddress),
	field("iotune", AtOnce, func(d *Disk) *Limits { return &d.Limits }, Limits.normal,
		func(d *Disk, e *domainDisk) { d.Limits = limitsOf(*e) }, setLimits),
}

// field is a field of a disk. Two values are equal where compared makes the same of them.
func field[T any](name string, effect Effect, at func(*Disk) *T, compared func(T) T, get, set func(*Disk, *domainDisk)) DiskField {
	return DiskField{
		Name: name, Effect: effect, get: get, set: set,
		take: func(to, from *Disk) { *at(to) = *at(from) },
		same: func(a, b *Disk) bool { return reflect.DeepEqual(compared(*at(a)), compared(*at(b))) },
	}
}

func asWritten[T any](v T) T { return v }

// SameWWN tells whether two texts are the same World Wide Name, which libvirt keeps as it is written: in upper or lower case, with 0x or
// without.
func SameWWN(a, b string) bool { return plainWWN(a) == plainWWN(b) }

func plainWWN(text string) string { return strings.TrimPrefix(strings.ToLower(text), "0x") }

func ofSource[T any](name string, at func(*Disk) *T, compared func(T) T, get, set func(*Disk, *domainDisk)) DiskField {
	f := field(name, atNextOpen, at, compared, get, set)
	f.Source = true
	return f
}

func inDriver(name string, at func(*Disk) *string, in func(*driver) *string) DiskField {
	return field(name, AtNextStart, at, asWritten,
		func(d *Disk, e *domainDisk) { x := value(e.Driver); *at(d) = *in(&x) },
		func(d *Disk, e *domainDisk) { *in(driverIn(e)) = *at(d) })
}

func countInDriver(name string, at func(*Disk) *uint, in func(*driver) **uint) DiskField {
	return field(name, AtNextStart, at, asWritten,
		func(d *Disk, e *domainDisk) { x := value(e.Driver); *at(d) = value(*in(&x)) },
		func(d *Disk, e *domainDisk) {
			*in(driverIn(e)) = nil
			if n := *at(d); n > 0 {
				*in(driverIn(e)) = &n
			}
		})
}

// cacheField takes "none" for unset where guests share the disk: libvirt writes it into the running domain then, and leaves the saved
// definition as it is. Only where both disks are so: what is unset of a disk that isn't shared any more is another mode.
func cacheField() DiskField {
	f := inDriver("cache", func(d *Disk) *string { return &d.Cache }, func(x *driver) *string { return &x.Cache })
	same := f.same
	f.same = func(a, b *Disk) bool {
		return same(a, b) || a.uncachedByDefault() && b.uncachedByDefault() && cmp.Or(a.Cache, uncached) == cmp.Or(b.Cache, uncached)
	}
	return f
}

const uncached = "none"

// uncachedByDefault tells whether libvirt takes an unset cache for "none".
func (d *Disk) uncachedByDefault() bool { return d.Shareable && !d.ReadOnly && d.Device != DeviceCDROM }

// readOnlyField takes a CD-ROM for read-only: libvirt writes <readonly/> for each.
func readOnlyField() DiskField {
	f := field("read_only", AtNextStart, func(d *Disk) *bool { return &d.ReadOnly }, asWritten,
		func(d *Disk, e *domainDisk) { d.ReadOnly = e.ReadOnly != nil },
		func(d *Disk, e *domainDisk) {
			e.ReadOnly = present[libvirtxml.DomainDiskReadOnly](d.ReadOnly || d.Device == DeviceCDROM)
		})
	same := f.same
	f.same = func(a, b *Disk) bool {
		return same(a, b) || a.Device == DeviceCDROM || b.Device == DeviceCDROM
	}
	return f
}

// DeviceCDROM is the device of a CD-ROM drive.
const DeviceCDROM = "cdrom"

// value is a pointer's target, or the zero value for nil.
func value[T any](p *T) T {
	var v T
	if p != nil {
		v = *p
	}
	return v
}

// present is an element without content, or nil.
func present[T any](there bool) *T {
	if !there {
		return nil
	}
	return new(T)
}

func targetIn(e *domainDisk) libvirtxml.DomainDiskTarget { return value(e.Target) }

func targetOf(e *domainDisk) *libvirtxml.DomainDiskTarget {
	if e.Target == nil {
		e.Target = &libvirtxml.DomainDiskTarget{}
	}
	return e.Target
}

func driverIn(e *domainDisk) *driver {
	if e.Driver == nil {
		e.Driver = &driver{}
	}
	return e.Driver
}

// authOf are a disk's credentials, which libvirt keeps beside the source or within it; nil where it has none.
func authOf(e domainDisk) *libvirtxml.DomainDiskAuth {
	if e.Source != nil && e.Source.Network != nil && e.Source.Network.Auth != nil {
		return e.Source.Network.Auth
	}
	return e.Auth
}

// authIn are the credentials where the disk has them, beside the source where it has none.
func authIn(e *domainDisk) *libvirtxml.DomainDiskAuth {
	if auth := authOf(*e); auth != nil {
		return auth
	}
	e.Auth = &libvirtxml.DomainDiskAuth{}
	return e.Auth
}

// rbdOf is the source of an RBD disk, an empty one for any other.
func rbdOf(e *domainDisk) libvirtxml.DomainDiskSourceNetwork {
	if e.Source == nil || e.Source.Network == nil || e.Source.Network.Protocol != "rbd" {
		return libvirtxml.DomainDiskSourceNetwork{}
	}
	return *e.Source.Network
}

func networkIn(e *domainDisk) *libvirtxml.DomainDiskSourceNetwork {
	if e.Source == nil {
		e.Source = &libvirtxml.DomainDiskSource{}
	}
	if e.Source.Network == nil {
		e.Source.Network = &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd"}
	}
	return e.Source.Network
}

// Source is the name of the RBD image that the disk reads, POOL/IMAGE or POOL/NAMESPACE/IMAGE; empty where it reads anything else.
func (d Disk) Source() string {
	return strings.Join(slices.DeleteFunc([]string{d.Pool, d.Namespace, d.Image}, func(part string) bool { return part == "" }), "/")
}

func getImage(d *Disk, e *domainDisk) {
	parts := strings.SplitN(rbdOf(e).Name, "/", 3)
	d.Pool, d.Namespace, d.Image = parts[0], "", ""
	switch len(parts) {
	case 2:
		d.Image = parts[1]
	case 3:
		d.Namespace, d.Image = parts[1], parts[2]
	}
}

func setImage(d *Disk, e *domainDisk) { networkIn(e).Name = d.Source() }

func getSnapshot(d *Disk, e *domainDisk) { d.Snapshot = value(rbdOf(e).Snapshot).Name }

func setSnapshot(d *Disk, e *domainDisk) {
	networkIn(e).Snapshot = nil
	if d.Snapshot != "" {
		networkIn(e).Snapshot = &libvirtxml.DomainDiskSourceNetworkSnapshot{Name: d.Snapshot}
	}
}

func getConfigFile(d *Disk, e *domainDisk) { d.ConfigFile = value(rbdOf(e).Config).File }

func setConfigFile(d *Disk, e *domainDisk) {
	networkIn(e).Config = nil
	if d.ConfigFile != "" {
		networkIn(e).Config = &libvirtxml.DomainDiskSourceNetworkConfig{File: d.ConfigFile}
	}
}

func getMonitors(d *Disk, e *domainDisk) {
	d.Monitors = nil
	for _, host := range rbdOf(e).Hosts {
		d.Monitors = append(d.Monitors, monitorOf(host))
	}
}

func monitorOf(host libvirtxml.DomainDiskSourceHost) Monitor {
	return Monitor{Host: host.Name, Port: portOf(host.Port)}
}

// portOf is a port as a definition has it; 0 where there is none, or what can't be one.
func portOf(text string) int {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

// setMonitors writes the monitors. Those that the disk names already stay as they are written, in their order.
func setMonitors(d *Disk, e *domainDisk) {
	wanted, network := SortMonitors(d.Monitors), networkIn(e)
	network.Hosts = slices.DeleteFunc(network.Hosts, func(host libvirtxml.DomainDiskSourceHost) bool {
		return !slices.Contains(wanted, monitorOf(host))
	})
	for _, m := range wanted {
		if slices.ContainsFunc(network.Hosts, func(host libvirtxml.DomainDiskSourceHost) bool { return monitorOf(host) == m }) {
			continue
		}
		host := libvirtxml.DomainDiskSourceHost{Name: m.Host}
		if m.Port != 0 {
			host.Port = strconv.Itoa(m.Port)
		}
		network.Hosts = append(network.Hosts, host)
	}
}

// SortMonitors are monitors as a set: each of them once, in order.
func SortMonitors(list []Monitor) []Monitor {
	list = append([]Monitor{}, list...)
	slices.SortFunc(list, func(a, b Monitor) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port)) })
	return slices.Compact(list)
}

func setBootOrder(d *Disk, e *domainDisk) {
	if d.BootOrder == 0 {
		e.Boot = nil
		return
	}
	if e.Boot == nil {
		e.Boot = &libvirtxml.DomainDeviceBoot{}
	}
	e.Boot.Order = d.BootOrder
}
