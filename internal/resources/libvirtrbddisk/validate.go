package libvirtrbddisk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// Buses, and how the targets of their disks begin.
var prefixes = map[string]string{"virtio": "vd", "scsi": "sd", "sata": "sd", "usb": "sd", "ide": "hd"}

// serialLimits are the lengths beyond which a device cuts a serial off without a word.
var serialLimits = map[string]int{"virtio": 20, "sata": 20, "ide": 20, "usb": 20, "scsi": 36}

var hexadecimal = regexp.MustCompile(`^0x`)

// ValidateConfig finds combinations that can't work, without a connection.
func (r *diskResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	checkCombinations(&config, &resp.Diagnostics)
	checkBus(&config, &resp.Diagnostics)
	checkIOTune(config.IOTune, &resp.Diagnostics)
	checkAddress(config.Address, &resp.Diagnostics)
}

func invalid(diags *diag.Diagnostics, attribute, format string, values ...any) {
	diags.AddAttributeError(path.Root(attribute), "Invalid combination", fmt.Sprintf(format, values...))
}

// checkCombinations finds arguments that exclude each other whatever the bus is.
func checkCombinations(m *model, diags *diag.Diagnostics) {
	cached := !m.Cache.IsUnknown() && !slices.Contains([]string{"none", "directsync"}, m.Cache.ValueString())
	if m.IO.ValueString() == "native" && cached {
		invalid(diags, "io", "io = \"native\" needs cache = \"none\" or \"directsync\": QEMU refuses it with the host's page cache.")
	}
	if m.CopyOnRead.ValueBool() && m.ReadOnly.ValueBool() {
		invalid(diags, "copy_on_read", "A read-only disk can't copy what it reads into itself. Remove copy_on_read or read_only.")
	}
	writes := !m.ReadOnly.IsUnknown() && !m.ReadOnly.ValueBool() && !m.Device.IsUnknown() && m.Device.ValueString() != libvirt.DeviceCDROM
	if !m.Snapshot.IsNull() && writes {
		invalid(diags, "snapshot", "A snapshot can only be read. Set read_only = true: a domain with a disk that would write a snapshot"+
			" doesn't start.")
	}
	if !m.Snapshot.IsNull() && !m.Size.IsNull() {
		invalid(diags, "size", "A snapshot never changes its size. Remove size.")
	}
	if m.Shareable.ValueBool() && cached && m.Cache.ValueString() != "" {
		invalid(diags, "cache", "A disk that guests share must not be cached on each host by itself: with shareable use cache = \"none\" or"+
			" \"directsync\", or leave it out.")
	}
}

// checkBus finds arguments that the disk's bus can't have. The bus of a configuration that names none is settled in the plan.
func checkBus(m *model, diags *diag.Diagnostics) {
	bus := m.Bus.ValueString()
	if bus == "" {
		return
	}
	target := m.TargetDev.ValueString()
	if prefix := prefixes[bus]; target != "" && !strings.HasPrefix(target, prefix) {
		invalid(diags, "target_dev", "The target of a disk on bus %q begins with %q, as in %q. Change target_dev, or"+
			" bus.", bus, prefix, prefix+"b")
	}
	if m.Device.ValueString() == libvirt.DeviceCDROM && bus == "virtio" {
		invalid(diags, "device", "A CD-ROM can't be on bus \"virtio\". Set bus to \"scsi\", \"sata\", \"ide\" or \"usb\".")
	}
	if bus != "virtio" {
		for name, value := range map[string]types.Int64{"queues": m.Queues, "iothread": m.IOThread} {
			if !value.IsNull() {
				invalid(diags, name, "%s is for disks on bus \"virtio\". On bus \"scsi\" it belongs to the domain's virtio-scsi controller.", name)
			}
		}
	}
	if !m.WWN.IsNull() && bus != "scsi" && bus != "sata" && bus != "ide" {
		invalid(diags, "wwn", "A disk on bus %q has no World Wide Name. Use serial to recognise it, or bus = \"scsi\".", bus)
	}
	if limit := serialLimits[bus]; limit > 0 && len(m.Serial.ValueString()) > limit {
		invalid(diags, "serial", "The serial has %d characters. A disk on bus %q shows the guest only the first"+
			" %d.", len(m.Serial.ValueString()), bus, limit)
	}
	if kind := addressPart(m.Address, "type").ValueString(); kind != "" && kind != libvirt.AddressType(bus) {
		fitting := libvirt.AddressType(bus)
		if fitting == "" {
			invalid(diags, "address", "The address of a disk on bus %q can't be chosen here. Remove address.", bus)
			return
		}
		invalid(diags, "address", "A disk on bus %q has an address of type %q.", bus, fitting)
	}
}

// checkAddress finds parts that don't belong to the address's type, and numbers that are none.
func checkAddress(address types.Object, diags *diag.Diagnostics) {
	kind := addressPart(address, "type")
	if address.IsNull() || address.IsUnknown() || kind.IsUnknown() {
		return
	}
	fitting := map[string]libvirt.AddressPart{}
	var names []string
	for _, p := range libvirt.AddressParts[kind.ValueString()] {
		fitting[p.Name] = p
		names = append(names, p.Name)
	}
	for name := range addressTypes {
		value := addressPart(address, name)
		if name == "type" || value.IsNull() || value.IsUnknown() {
			continue
		}
		at := path.Root("address").AtName(name)
		p, ok := fitting[name]
		if !ok {
			diags.AddAttributeError(at, "Invalid combination",
				fmt.Sprintf("An address of type %q has no %s. It has %s.", kind.ValueString(), name, strings.Join(names, ", ")))
			continue
		}
		if _, err := parsePart(value.ValueString(), p.Limit); err != nil {
			diags.AddAttributeError(at, "Invalid address", err.Error()+".")
		} else if text := value.ValueString(); strings.HasPrefix(text, "0") && len(text) > 1 && !hexadecimal.MatchString(text) {
			diags.AddAttributeError(at, "Invalid address", fmt.Sprintf("%q could be meant as octal. Write it decimal, or with 0x in"+
				" hexadecimal.", text))
		}
	}
}

// checkIOTune finds limits that exclude or need each other, as QEMU sees it.
func checkIOTune(object types.Object, diags *diag.Diagnostics) {
	if object.IsNull() || object.IsUnknown() {
		return
	}
	set := func(name string) bool {
		value := object.Attributes()[name]
		return value != nil && !value.IsNull()
	}
	report := func(name, format string, values ...any) {
		diags.AddAttributeError(path.Root("iotune").AtName(name), "Invalid combination", fmt.Sprintf(format, values...))
	}
	for _, what := range []string{"bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"} {
		for _, direction := range []string{"read_", "write_"} {
			if set("total_"+what) && set(direction+what) {
				report("total_"+what, "total_%s and %s%s exclude each other. Limit the total, or reading and writing apart.", what, direction, what)
			}
		}
	}
	for _, name := range libvirt.LimitNames() {
		if base, ok := strings.CutSuffix(name, "_length"); ok && set(name) && !set(base) {
			report(name, "%s is the length of the burst that %s allows. Set that too.", name, base)
		}
		if base, ok := strings.CutSuffix(name, "_max"); ok && set(name) && !set(base) {
			report(name, "%s is how far a burst may go beyond %s. Set that too.", name, base)
		}
	}
}
