package libvirtrbddisk

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Schema of libvirt_rbd_disk.
func (r *diskResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": tfkit.IDAttribute(resourceType.ImportKey.Form),
		"hypervisor": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Label of the hypervisor in the provider block. May be left out where exactly one hypervisor is configured when" +
				" the resource is created; the recorded label then stays. A changed label that leads to the same host (same host_uuid), or to the" +
				" host to which the domain was migrated, is an update that touches nothing; any other replaces the resource.",
			Validators: []validator.String{tfkit.LabelValidator()},
		},
		"domain": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name or UUID of the domain: running, shut off, persistent or transient, and defined by any tool. Another" +
				" spelling of the same domain is no change, the new name of a renamed one touches nothing; another domain replaces the disk." +
				" Where another domain has taken the former name of a renamed one, the disk stays, with a warning.",
			Validators: []validator.String{tfkit.PlainText(), tfkit.Matches(`^[^/\n]+$`, `must be a domain's name or UUID: not empty, without "/"`)},
		},
		"cluster": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Label of the Ceph cluster in the provider block. It gives the default of `monitors` and lets the provider check" +
				" pool, image, user, key and watchers before a guest is touched. Default: the only configured cluster, unless `monitors` is given. A" +
				" label that leads to another cluster (other fsid) is another source, see `on_source_change`; another label of the same cluster, or" +
				" removing it, touches nothing.",
			Validators: []validator.String{tfkit.LabelValidator()},
		},
		"monitors": monitorsAttribute(),
		"config_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Path of a `ceph.conf` on the hypervisor for this disk. Without it QEMU reads the host's own" +
				" `/etc/ceph/ceph.conf`, if there is one, even when it belongs to another cluster. Recommended: a small file per cluster with" +
				" `client_mount_timeout`, or `/dev/null`. Changing or removing it rewrites the saved definition; a running guest takes it at its next" +
				" start. `<config file>` in the XML.",
			Validators: []validator.String{tfkit.PlainText(), tfkit.Matches(`^/`, `must be an absolute path on the hypervisor`)},
		},
		"pool": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Pool of the image. " + sourceChange + " The first part of `<source name>` in the XML.",
			Validators:          []validator.String{tfkit.ImageSpecPart("the name of a pool")},
		},
		"namespace": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "RBD namespace within the pool; unset is the default one. Needs libvirt 11.6 or later on the host. " + sourceChange,
			Validators:          []validator.String{tfkit.ImageSpecPart("the name of an RBD namespace")},
		},
		"image": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the image. " + sourceChange + " The last part of `<source name>` in the XML.",
			Validators:          []validator.String{tfkit.ImageSpecPart("the name of an image")},
		},
		"snapshot": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Name of a snapshot of the image (`ceph_rbd_snapshot`) to read instead of the image; needs `read_only = true`," +
				" or a CD-ROM, and no `size`. Changing or removing it replaces the disk. `<snapshot name>` in the XML.",
			Validators: []validator.String{tfkit.ImageSpecPart("the name of a snapshot")},
		},
		"size": schema.StringAttribute{
			Optional:   true,
			CustomType: tfkit.SizeType{},
			MarkdownDescription: "Size of the image, as in `\"30GiB\"`, usually `ceph_rbd_image.NAME.size`: when the image has grown, a running" +
				" guest is told at once (`virsh blockresize`). It never resizes the image and never shrinks a disk: a size that is not the image's is" +
				" an error. Needs a cluster. A guest with an encrypted disk, or one that it only reads, isn't told, and sees the growth when the" +
				" domain is next started. Unset, growth waits for the guest's next start; removing it does nothing. Neither Ceph nor libvirt" +
				" stores it, so it is null after import.",
			PlanModifiers: []planmodifier.String{tfkit.KeepSize()},
			Validators:    []validator.String{tfkit.PositiveSize()},
		},
		"user": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The cephx user that opens the image, without `client.`, as in `libvirt`. Changed in the saved definition; a" +
				" running guest keeps its user until its next start. `<auth username>` in the XML.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1), tfkit.UserValidator()},
		},
		"secret_uuid": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "UUID of the libvirt secret on this host that holds the user's key, as `libvirt_ceph_secret.NAME.uuid`. Changed" +
				" in the saved definition; a running guest keeps its key until its next start. `<secret uuid>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepEqual(libvirt.SameUUID, "Another spelling of the same UUID is no change.")},
			Validators:    []validator.String{tfkit.UUIDValidator()},
		},
		"encryption": encryptionAttribute(),
		"target_dev": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Target of the disk, unique in the domain: `vdb` on bus `virtio`, `sdb` on `scsi`, `sata` or `usb`, `hdb` on" +
				" `ide`. An imported disk keeps another one. The guest may name the disk otherwise; use `serial` to find it there. Changing it" +
				" replaces the disk. `<target dev>` in the XML.",
			Validators: []validator.String{tfkit.Matches(`^(vd|sd|hd)[a-z]{1,3}$`, `must be a target such as "vdb" or "sda"`)},
		},
		"bus": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`virtio`, `scsi`, `sata`, `usb` or `ide`. Default: `virtio`. On a running guest `virtio` takes a free PCI port" +
				" for each disk (machine type q35: a spare pcie-root-port), `scsi` joins the present virtio-scsi controller (also `sdh` and later" +
				" targets, of which libvirt puts seven on a controller, unless `address` says otherwise), and `sata` and `ide` can't be plugged in:" +
				" they need a domain that is shut off. Changing it replaces the disk; removing it keeps it. `<target bus>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
			Validators:    []validator.String{stringvalidator.OneOf("virtio", "scsi", "sata", "usb", "ide")},
		},
		"device": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`disk` or `cdrom`. Default: `disk`. A CD-ROM is on bus `scsi`, `sata`, `ide` or `usb`. Changing it replaces the" +
				" disk; removing it keeps it. `<disk device>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
			Validators:    []validator.String{stringvalidator.OneOf("disk", libvirt.DeviceCDROM)},
		},
		"address": addressAttribute(),
		"iotune":  iotuneAttribute(),
		"attach_probe": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether the host itself opens the image once before a running guest gets the disk, by a tiny paused domain with" +
				" just this disk that is ended at once. Default: `true`. Without it, monitors that don't answer or a wrong key stop the guest's CPUs" +
				" for up to five minutes. It takes about 0.4 s and no guest notices. Changing it touches nothing.",
		},
		"on_change": onChangeAttribute(),
		"on_source_change": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(onSourceChangeRefuse),
			MarkdownDescription: "What another source (`cluster`, `pool`, `namespace`, `image`) does while the domain runs: `refuse` fails the" +
				" plan, `replace` detaches the disk from the running guest, also where it is mounted there, and attaches the other image," +
				" `live_copy` copies the content to the other image while the guest runs, also to another cluster, and lets the guest go over to it." +
				" The other image has to have the same size and hold nothing. Default: `refuse`. Where the domain is shut off `refuse` and `replace`" +
				" change the source in place, and `live_copy` fails. A pool or image that was only renamed is the same source. Changing it touches" +
				" nothing.",
			Validators: []validator.String{stringvalidator.OneOf(onSourceChangeRefuse, onSourceChangeReplace, onSourceChangeLiveCopy)},
		},
		"timeouts": tfkit.TimeoutsAttribute(ctx, detachTimeout, fmt.Sprintf("A copy by `on_source_change` has `%s` where none is set, and with"+
			" `on_change` a guest gets three minutes to let the disk go, or this time where it is set.",
			tfkit.FormatDuration(copyTimeout))),
	}
	for _, more := range []map[string]schema.Attribute{driverAttributes(), deviceAttributes(), computedAttributes()} {
		maps.Copy(attributes, more)
	}
	resp.Schema = schema.Schema{MarkdownDescription: pageDescription, Attributes: attributes}
}

const sourceChange = "Another image is changed in place while the domain is shut off; while it runs `on_source_change` decides. A name" +
	" that was only changed by a rename of the same pool or image is rewritten in the saved definition, and nothing is detached."

const pageDescription = "One RBD disk of a libvirt domain that somebody else manages, attached with `virsh attach-device` to the running" +
	" guest and to the saved definition, whichever the domain has. Other disks of the domain are never touched.\n\nBefore a guest is touched" +
	" the provider checks, in a bounded time, that pool, image, user and caps are right, that the secret holds the user's key, that nobody" +
	" else has the image open, and that the host itself can open it.\n\nThe attributes mirror the domain's saved definition (of a transient" +
	" domain, the running one). Where a running guest has to be started again to notice a change, the plan says so; `pending_restart` and" +
	" `monitors_stale` show what it still has to catch up with. With `on_change = \"reattach\"` the disk is detached and attached again" +
	" instead. A transient domain has no next start: there the plan refuses what waits for one. `size` and `iotune` are changed at" +
	" once in both.\n\nA domain that was migrated" +
	" to another configured hypervisor is found there, and its disk is changed there. While that one doesn't answer this is an error: what a" +
	" migration leaves behind says nothing about the disk.\n\n**Deleting** this resource detaches the disk from the saved definition and" +
	" from the running guest, and waits until the guest has let go (`timeouts.delete`, default three minutes). Unmount it in the guest" +
	" first: Linux lets go of a mounted disk too. A guest that keeps it is an error, and the disk stays in the state. The image is not" +
	" touched, and the Ceph cluster is not needed."

// needed refuses a part that is left out of an argument with several. Such parts are computed and not required, because Terraform would
// otherwise take an argument that is left out for one that was removed, and propose a change in each plan.
type needed struct{ tfkit.Described }

// ValidateString is called by the framework.
func (needed) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !req.ConfigValue.IsNull() {
		return
	}
	var whole types.Object // of an object that is not known yet the parts are null
	if diags := req.Config.GetAttribute(ctx, req.Path.ParentPath(), &whole); !diags.HasError() && !whole.IsUnknown() {
		resp.Diagnostics.AddAttributeError(req.Path, "Missing argument", fmt.Sprintf("%s has to be set.", req.Path))
	}
}

func monitorsAttribute() schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Where the cluster's monitors are, as the hypervisor reaches them. Default: those of the cluster's monitor map," +
			" which they then follow. Once set, removing it keeps the current ones, and an imported disk keeps those that it has. A change" +
			" rewrites the saved definition; a running guest follows the cluster by itself and is not touched (`monitors_stale`). `<host>` in the" +
			" XML.",
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"host": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name or address, an IPv6 address without brackets. Each monitor needs it.",
				Validators: []validator.String{needed{}, tfkit.PlainText(), tfkit.Matches(
					`^([^\s:/\[\],]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.%\w]*)$`,
					`must be a host name or an address: without port, brackets, "v1:" or "v2:" (the port has an argument of its own)`)},
			},
			"port": schema.Int64Attribute{
				Optional: true, Computed: true,
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
		MarkdownDescription: "Where the disk is in the guest's machine, as in the domain XML: `{ type = \"pci\", domain, bus, slot, function }`" +
			" on bus `virtio`, `{ type = \"drive\", controller, bus, target, unit }` on `scsi`, `sata` and `ide`. Default: libvirt chooses, and" +
			" keeps it. " + nextStart +
			" Removing it keeps the current one. `<address>` in the XML.",
		Attributes: map[string]schema.Attribute{
			"type": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "`pci` or `drive`. An address needs it.",
				Validators:          []validator.String{needed{}, stringvalidator.OneOf(libvirt.AddressPCI, libvirt.AddressDrive)},
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
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1), tfkit.PlainText()},
		},
	}
	for _, name := range libvirt.LimitNames() {
		attributes[name] = schema.Int64Attribute{
			Optional:            true,
			MarkdownDescription: libvirt.DescribeLimit(name),
			Validators:          []validator.Int64{int64validator.Between(1, libvirt.MaxLimit)},
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Limits of the disk's throughput, by libvirt's names. A `total_` limit excludes the `read_` and `write_` ones of" +
			" its kind; a `_max` needs the limit that it goes beyond, a `_max_length` its `_max`, and `size_iops_sec` one of `iops`." +
			" Changed at once in the running guest and in the saved definition (`virsh blkdeviotune`); what is removed is unlimited." +
			" `<iotune>` in the XML.",
		Attributes: attributes,
	}
}

const nextStart = "A change rewrites the saved definition; a running guest takes it at its next start, or as `on_change`" +
	" says."

// driverAttributes are settings that a running guest takes at its next start.
func driverAttributes() map[string]schema.Attribute {
	choice := func(text, xml string, values ...string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true,
			MarkdownDescription: text + " One of `" + strings.Join(values, "`, `") + "`. Default: the hypervisor's. " + nextStart +
				" Removing it goes back to the default. `" + xml + "` in the XML.",
			Validators: []validator.String{tfkit.Choice{Values: values, Default: "the hypervisor's"}},
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
		"cache": choice("How QEMU caches the disk.", "<driver cache>", "none", "writethrough", "writeback", "directsync", "unsafe"),
		"io": choice("How QEMU does I/O; `native` needs `cache` `none` or `directsync`.", "<driver io>",
			"threads", "native", "io_uring"),
		"discard":       choice("Whether the guest's discards free space in the image.", "<driver discard>", "ignore", "unmap"),
		"detect_zeroes": choice("What happens to blocks of zeroes that the guest writes.", "<driver detect_zeroes>", "off", "on", "unmap"),
		"error_policy":  choice("What an I/O error does to the guest.", "<driver error_policy>", "stop", "report", "ignore", "enospace"),
		"iothread":      number("Number of the domain's I/O thread that serves the disk. Bus `virtio` only.", "<driver iothread>", 1),
		"queues":        number("Number of virtqueues. Bus `virtio` only.", "<driver queues>", 1),
		"copy_on_read":  flag("Whether what is read from a parent is written into the image. Not with `read_only`.", "<driver copy_on_read>"),
		"read_only": flag("Whether the guest may only read. An image that is open elsewhere is then not refused."+
			" QEMU opens it for writing nevertheless, so the user needs `profile rbd`, not `profile rbd-read-only`.", "<readonly/>"),
		"shareable": flag("Whether other guests may have the image open at the same time. They need a file system made for that, and every one"+
			" of them this argument, and `cache` unset, `none` or `directsync`.", "<shareable/>"),
		"serial": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Serial by which the guest finds the disk, as in `/dev/disk/by-id/virtio-SERIAL`: at most 20 characters, 36 on" +
				" bus `scsi`. An imported disk keeps a longer one, of which the guest sees the beginning. " + nextStart +
				" Removing it unsets it. `<serial>` in the XML.",
			Validators: []validator.String{tfkit.Matches(`^[A-Za-z0-9_+. -]+$`, "must be letters, digits, spaces, and the characters _ + . -")},
		},
		"wwn": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "World Wide Name, 16 hexadecimal digits; bus `scsi`, `sata` or `ide`. It may begin with `0x`. " + nextStart +
				" Removing it unsets it. `<wwn>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepEqual(libvirt.SameWWN, "Another spelling of the same WWN is no change.")},
			Validators:    []validator.String{tfkit.Matches(`^(0x)?[0-9a-fA-F]{16}$`, "must be 16 hexadecimal digits")},
		},
		"boot_order": number("Place in the order in which the guest's firmware tries its devices. The domain must not have `<boot dev>` in its"+
			" `<os>`.", "<boot order>", 1),
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
		"alias": text("Alias of the disk in the XML, by which it is found again. Null for an imported disk that had none of this" +
			" provider; it is found by target and source."),
		"domain_uuid": text("UUID of the domain. As shown by `virsh domuuid`."),
		"host_uuid":   tfkit.HostUUIDAttribute(),
		"fsid": text("The cluster's fsid, a part of the source's identity. It is remembered and checked: a label that leads to another cluster" +
			" is an error. Null for a disk without a cluster."),
		"image_id": text("The image's id, which stays when pool or image is renamed. As shown by `rbd info`. Null for a disk without a" +
			" cluster."),
		"running_on": text("Label of the hypervisor that the domain is on: another one than `hypervisor` after a migration."),
		"live": flag("Whether the running domain has the disk. A running domain that lost it gets it back with the next apply, on bus `sata`" +
			" and `ide` with its next start."),
		"persistent": flag("Whether the saved definition has the disk. One that lost it gets it back with the next apply."),
		"pending_restart": flag("Whether the running guest has the disk with other settings than the saved definition, until it is started" +
			" again."),
		"monitors_stale": flag("Whether the running guest was given other monitors than the saved definition names."),
	}
}
