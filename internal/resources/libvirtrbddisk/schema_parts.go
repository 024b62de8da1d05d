package libvirtrbddisk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func monitorsAttribute() schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Where the cluster's monitors are, as the hypervisor reaches them. Default: those of the cluster's monitor map, which they then follow." +
			" Once set, removing it keeps the current ones, and an imported disk keeps those that it has. A change rewrites the saved definition; a running guest follows the cluster by itself and is not" +
			" touched (`monitors_stale`). `<host>` in the XML.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name or address, an IPv6 address without brackets.",
				Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^([^\s:/\[\],]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.%\w]*)$`),
					`must be a host name or an address: without port, brackets, "v1:" or "v2:" (the port has an argument of its own)`)},
			},
			"port": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Port. Unset, both of Ceph's own ports are tried: 3300 and 6789.",
				Validators:          []validator.Int64{int64validator.Between(1, 65535)},
			},
		}},
		Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
	}
}

func addressAttribute() schema.SingleNestedAttribute {
	number := func(text string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: text + " Decimal, or with `0x` in hexadecimal. Left out it is 0.",
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Where the disk is in the guest's machine, as in the domain XML: `{ type = \"pci\", domain, bus, slot, function }` on bus `virtio`," +
			" `{ type = \"drive\", controller, bus, target, unit }` on `scsi`, `sata` and `ide`. Default: libvirt chooses, and keeps it. " + nextStart +
			" Removing it keeps the current one. `<address>` in the XML.",
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "`pci` or `drive`.",
				Validators:          []validator.String{stringvalidator.OneOf(libvirt.AddressPCI, libvirt.AddressDrive)},
			},
			"domain":     number("PCI domain."),
			"bus":        number("PCI bus, or the drive's bus."),
			"slot":       number("PCI slot, 0 to 31."),
			"function":   number("PCI function, 0 to 7."),
			"controller": number("Index of the controller."),
			"target":     number("Target on the controller."),
			"unit":       number("Unit on the controller."),
		},
	}
}

func iotuneAttribute() schema.SingleNestedAttribute {
	attributes := map[string]schema.Attribute{
		groupName: schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Disks of the domain with the same group name share these limits.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
	}
	for _, name := range libvirt.LimitNames() {
		attributes[name] = schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: describeLimit(name),
			Validators:          []validator.Int64{int64validator.AtLeast(1)},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Limits of the disk's throughput, by libvirt's names. Changed at once in the running guest and in the saved definition" +
			" (`virsh blkdeviotune`); what is removed is unlimited. `<iotune>` in the XML.",
		Attributes: attributes,
	}
}

// describeLimit explains a limit by the words of its name.
func describeLimit(name string) string {
	if name == "size_iops_sec" {
		return "Bytes that count as one operation: a larger request counts as several."
	}
	direction := map[string]string{"total": "reading and writing together", "read": "reading", "write": "writing"}[strings.SplitN(name, "_", 2)[0]]
	unit := "Operations per second"
	if strings.Contains(name, "_bytes_") {
		unit = "Bytes per second"
	}
	switch {
	case strings.HasSuffix(name, "_max_length"):
		return "How long a burst may last, in seconds, " + direction + ". Left out it is 1."
	case strings.HasSuffix(name, "_max"):
		return unit + " during a burst, " + direction + "."
	}
	return unit + ", " + direction + "."
}

// choiceValidator refuses what is none of the values. What libvirt calls default is to be left out: libvirt drops it from the XML.
type choiceValidator struct {
	tfkit.Described
	values []string
}

func (v choiceValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if value := req.ConfigValue; !value.IsNull() && !value.IsUnknown() && !slices.Contains(v.values, value.ValueString()) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid value", fmt.Sprintf(
			"%q is none of \"%s\". Leave the attribute out for the hypervisor's default.", value.ValueString(), strings.Join(v.values, "\", \"")))
	}
}

const nextStart = "A change rewrites the saved definition; a running guest takes it at its next start."

// driverAttributes are those of the XML that a running guest takes at its next start.
func driverAttributes() map[string]schema.Attribute {
	choice := func(text, xml string, values ...string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true,
			MarkdownDescription: text + " One of `" + strings.Join(values, "`, `") + "`. Default: the hypervisor's. " + nextStart +
				" Removing it goes back to the default. `" + xml + "` in the XML.",
			Validators: []validator.String{choiceValidator{values: values}},
		}
	}
	number := func(text, xml string, least int64) schema.Int64Attribute {
		return schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: text + " " + nextStart + " Removing it unsets it. `" + xml + "` in the XML.",
			Validators:          []validator.Int64{int64validator.Between(least, 65535)},
		}
	}
	flag := func(text, xml string) schema.BoolAttribute {
		return schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: text + " Unset is `false`. " + nextStart + " `" + xml + "` in the XML.",
		}
	}
	return map[string]schema.Attribute{
		"cache":         choice("How QEMU caches the disk.", "<driver cache>", "none", "writethrough", "writeback", "directsync", "unsafe"),
		"io":            choice("How QEMU does I/O; `native` needs `cache` `none` or `directsync`.", "<driver io>", "threads", "native", "io_uring"),
		"discard":       choice("Whether the guest's discards free space in the image.", "<driver discard>", "ignore", "unmap"),
		"detect_zeroes": choice("What happens to blocks of zeroes that the guest writes.", "<driver detect_zeroes>", "off", "on", "unmap"),
		"error_policy":  choice("What an I/O error does to the guest.", "<driver error_policy>", "stop", "report", "ignore", "enospace"),
		"iothread":      number("Number of the domain's I/O thread that serves the disk. Bus `virtio` only.", "<driver iothread>", 1),
		"queues":        number("Number of virtqueues. Bus `virtio` only.", "<driver queues>", 1),
		"copy_on_read":  flag("Whether what is read from a parent is written into the image.", "<driver copy_on_read>"),
		"read_only":     flag("Whether the guest may only read. An image that is open elsewhere is then not refused.", "<readonly/>"),
		"shareable": flag("Whether other guests may have the image open at the same time. They need a file system made for that, and every one of them this"+
			" argument.", "<shareable/>"),
		"serial": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Serial by which the guest finds the disk, as in `/dev/disk/by-id/virtio-SERIAL`: at most 20 characters, 36 on bus `scsi`. " + nextStart +
				" Removing it unsets it. `<serial>` in the XML.",
			Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9_+.-]+$`), "must be letters, digits, and the characters _ + . -")},
		},
		"wwn": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "World Wide Name, 16 hexadecimal digits; bus `scsi`, `sata` or `ide`. " + nextStart +
				" Removing it unsets it. `<wwn>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepEqual(strings.EqualFold, "Upper and lower case are the same.")},
			Validators:    []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[0-9a-fA-F]{16}$`), "must be 16 hexadecimal digits")},
		},
		"boot_order": number("Place in the order in which the guest's firmware tries its devices. The domain must not have `<boot dev>` in its `<os>`.", "<boot order>", 1),
	}
}

func computedAttributes() map[string]schema.Attribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	flag := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
	}
	return map[string]schema.Attribute{
		"alias":       text("Alias of the disk in the XML, by which it is found again. Null for an imported disk, which is found by target and source."),
		"domain_uuid": text("UUID of the domain. As shown by `virsh domuuid`."),
		"host_uuid":   tfkit.HostUUIDAttribute(),
		"fsid": text("The cluster's fsid, a part of the source's identity. It is remembered and checked: a label that leads to another cluster is an error." +
			" Null for a disk without a cluster."),
		"image_id":        text("The image's id, which stays when pool or image is renamed. As shown by `rbd info`. Null for a disk without a cluster."),
		"running_on":      text("Label of the hypervisor that the domain is on: another one than `hypervisor` after a migration."),
		"live":            flag("Whether the running domain has the disk. A running domain that lost it gets it back with the next apply, on bus `sata` and `ide` with its next start."),
		"persistent":      flag("Whether the saved definition has the disk. One that lost it gets it back with the next apply."),
		"pending_restart": flag("Whether the running guest has the disk with other settings than the saved definition, until it is started again."),
		"monitors_stale":  flag("Whether the running guest was given other monitors than the saved definition names."),
	}
}
