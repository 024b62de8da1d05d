package libvirt

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DiskBytes returns the size in bytes that the running QEMU, and with it the guest, believes a disk to have. The image may
// have grown since.
//
// Similar to: virsh domblkinfo DOMAIN TARGET.
func (h *Host) DiskBytes(ctx context.Context, domainUUID, target string) (uint64, error) {
	e := errand{doing: fmt.Sprintf("read the size of disk %s of domain %s", target, domainUUID), absent: rpc.ErrNoDomain}
	_, id, ok := normalUUID(domainUUID)
	if !ok {
		return 0, h.notUUID("domain", domainUUID)
	}
	found, err := read(ctx, h, e, func(l *rpc.Libvirt) (rpc.Domain, error) { return l.DomainLookupByUUID(id) })
	if err != nil {
		return 0, err
	}
	return h.capacity(ctx, e, found, target)
}

func (h *Host) capacity(ctx context.Context, e errand, found rpc.Domain, target string) (uint64, error) {
	return read(ctx, h, e, func(l *rpc.Libvirt) (uint64, error) {
		_, capacity, _, err := l.DomainGetBlockInfo(found, target, 0)
		return capacity, err
	})
}

// ResizeDisk tells a running guest the size in bytes of an image that has grown. The disk is named as it was read. The image has
// to have this size already: QEMU would resize it otherwise. A size below the one that QEMU knows is problem.Refused, because
// QEMU would cut the image. A disk whose size isn't that of its image, as of an encrypted one, is problem.Unsupported. A disk that isn't
// there any more is problem.NotFound.
//
// Similar to: virsh blockresize DOMAIN TARGET SIZE.
func (h *Host) ResizeDisk(ctx context.Context, domainUUID string, disk libvirtxml.DomainDisk, bytes uint64) error {
	target := targetOf(disk)
	e := errand{doing: fmt.Sprintf("tell domain %s the new size of disk %s", domainUUID, target), changes: true}
	found, unlock, err := h.changing(ctx, e, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := h.disksThere(ctx, e, found, disk, Live)
	if err != nil {
		return err
	}
	if !ShowsWholeImage(there[0]) {
		return h.notWhole(e, there[0])
	}
	known, err := h.capacity(ctx, e, found, target)
	if err != nil {
		return err
	}
	if bytes == known {
		return nil
	}
	if bytes < known {
		return &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("Disk %s of domain %s on %s was not resized.", target, domainUUID, h.name()),
			Why:  fmt.Sprintf("The guest knows %d bytes, and %d are asked for. QEMU would cut the image off there, and its data with it.", known, bytes),
			Do:   "Set size to the size of the image. An image is made smaller only with allow_shrink, while no guest uses it.",
		}
	}
	_, err = change(ctx, h, e, nothing(func(l *rpc.Libvirt) error {
		return l.DomainBlockResize(found, target, bytes, rpc.DomainBlockResizeBytes)
	}))
	return err
}

// SetIOTune sets all I/O limits of a disk, live, saved or both: what tune leaves out, or all with nil, is unlimited. Rates
// are in bytes or operations per second, lengths in seconds. The disk is named as it was read. It reads back what it wrote. A disk
// that isn't there any more is problem.NotFound.
//
// Similar to: virsh blkdeviotune DOMAIN TARGET --live --config.
func (h *Host) SetIOTune(ctx context.Context, domainUUID string, disk libvirtxml.DomainDisk, tune *libvirtxml.DomainDiskIOTune, where Where) error {
	target := targetOf(disk)
	e := errand{doing: fmt.Sprintf("set the I/O limits of disk %s of domain %s", target, domainUUID), changes: true}
	found, unlock, err := h.changing(ctx, e, domainUUID)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := h.disksThere(ctx, e, found, disk, where)
	if err != nil {
		return err
	}
	wanted := value(tune, nil)
	set := func(limits iotune) error {
		_, err := change(ctx, h, e, nothing(func(l *rpc.Libvirt) error {
			return l.DomainSetBlockIOTune(found, target, iotuneParameters(limits), where.flags())
		}))
		return err
	}
	if wanted.GroupName == "" && slices.ContainsFunc(before, inGroup) {
		// A disk leaves its group only when it has no limit: libvirt keeps a group that a call doesn't name.
		if err := set(iotune{}); err != nil {
			return err
		}
	}
	if err := set(wanted); err != nil {
		return err
	}
	after, err := h.disksThere(ctx, e, found, disk, where)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(after, func(d libvirtxml.DomainDisk) bool {
		return !sameLimits(wanted, value(d.IOTune, nil)) || wanted.GroupName == "" && inGroup(d)
	}) {
		return &problem.Problem{
			Kind: problem.Unsupported,
			What: fmt.Sprintf("The I/O limits of disk %s of domain %s on %s are not as they were asked for.", target, domainUUID, h.name()),
			Why:  "libvirt reported success, but kept other values.",
			Do:   "Compare iotune with what virsh blkdeviotune shows, and leave out what this release of libvirt doesn't know.",
		}
	}
	return nil
}

// disksThere is a disk as it is now in each of the definitions; problem.NotFound where one doesn't have it.
func (h *Host) disksThere(ctx context.Context, e errand, found rpc.Domain, disk libvirtxml.DomainDisk, where Where) ([]libvirtxml.DomainDisk, error) {
	var there []libvirtxml.DomainDisk
	for _, one := range []Where{Live, Saved} {
		if where&one == 0 {
			continue
		}
		now, err := h.diskThere(ctx, e, found, disk, one)
		if err != nil {
			return nil, err
		}
		if now == nil {
			return nil, h.noDisk(e, targetOf(disk))
		}
		there = append(there, *now)
	}
	return there, nil
}

// iotuneField pairs libvirt's name of a limit with its field.
type iotuneField struct {
	name string
	at   func(*iotune) *uint64
}

type iotune = libvirtxml.DomainDiskIOTune

var iotuneFields = []iotuneField{
	{"total_bytes_sec", func(t *iotune) *uint64 { return &t.TotalBytesSec }},
	{"read_bytes_sec", func(t *iotune) *uint64 { return &t.ReadBytesSec }},
	{"write_bytes_sec", func(t *iotune) *uint64 { return &t.WriteBytesSec }},
	{"total_iops_sec", func(t *iotune) *uint64 { return &t.TotalIopsSec }},
	{"read_iops_sec", func(t *iotune) *uint64 { return &t.ReadIopsSec }},
	{"write_iops_sec", func(t *iotune) *uint64 { return &t.WriteIopsSec }},
	{"total_bytes_sec_max", func(t *iotune) *uint64 { return &t.TotalBytesSecMax }},
	{"read_bytes_sec_max", func(t *iotune) *uint64 { return &t.ReadBytesSecMax }},
	{"write_bytes_sec_max", func(t *iotune) *uint64 { return &t.WriteBytesSecMax }},
	{"total_iops_sec_max", func(t *iotune) *uint64 { return &t.TotalIopsSecMax }},
	{"read_iops_sec_max", func(t *iotune) *uint64 { return &t.ReadIopsSecMax }},
	{"write_iops_sec_max", func(t *iotune) *uint64 { return &t.WriteIopsSecMax }},
	{"total_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.TotalBytesSecMaxLength }},
	{"read_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.ReadBytesSecMaxLength }},
	{"write_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.WriteBytesSecMaxLength }},
	{"total_iops_sec_max_length", func(t *iotune) *uint64 { return &t.TotalIopsSecMaxLength }},
	{"read_iops_sec_max_length", func(t *iotune) *uint64 { return &t.ReadIopsSecMaxLength }},
	{"write_iops_sec_max_length", func(t *iotune) *uint64 { return &t.WriteIopsSecMaxLength }},
	{"size_iops_sec", func(t *iotune) *uint64 { return &t.SizeIopsSec }},
}

// iotuneParameters names every limit: libvirt keeps what a call leaves out.
func iotuneParameters(tune iotune) []rpc.TypedParam {
	params := make([]rpc.TypedParam, 0, len(iotuneFields)+1)
	for _, f := range iotuneFields {
		params = append(params, rpc.TypedParam{Field: f.name, Value: *rpc.NewTypedParamValueUllong(*f.at(&tune))})
	}
	if tune.GroupName != "" {
		params = append(params, rpc.TypedParam{Field: "group_name", Value: *rpc.NewTypedParamValueString(tune.GroupName)})
	}
	return params
}

// inGroup tells whether a disk shares its limits with a group that somebody named.
func inGroup(disk libvirtxml.DomainDisk) bool {
	return disk.IOTune != nil && !OwnGroup(disk.IOTune.GroupName, aliasOf(disk))
}

// OwnGroup tells whether a group of limits is the one that libvirt makes for a disk without another: none that has a name, or
// one that is named after the disk.
func OwnGroup(name, alias string) bool {
	return name == "" || alias != "" && strings.Contains(name, alias) || strings.HasPrefix(name, "libvirt-")
}

// sameLimits compares limits. libvirt fills in a length of 1 s for a burst without one, and a group's name.
func sameLimits(wanted, found iotune) bool {
	for _, f := range iotuneFields {
		w, is := *f.at(&wanted), *f.at(&found)
		if w == 0 && is == 1 && isLength(f.name) {
			*f.at(&found) = 0
		}
	}
	if wanted.GroupName == "" {
		found.GroupName = ""
	}
	return reflect.DeepEqual(wanted, found)
}

func isLength(name string) bool { return strings.HasSuffix(name, "_max_length") }
