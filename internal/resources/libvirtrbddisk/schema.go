package libvirtrbddisk

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// sourceNameValidator refuses names that would break the name of an RBD source, POOL/IMAGE.
func sourceNameValidator(what string) validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^[^/@\s]+$`), "must be the name of "+what+`: not empty, without "/", "@" or spaces`)
}

// Schema of libvirt_rbd_disk.
func (r *diskResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": tfkit.IDAttribute("HYPERVISOR/DOMAIN/TARGET"),
		"hypervisor": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "Label of the hypervisor in the provider block. May be left out where exactly one hypervisor is configured when the" +
				" resource is created; the recorded label then stays. A changed label that leads to the same host (same host_uuid), or to the host to" +
				" which the domain was migrated, is an update that touches nothing; any other replaces the resource.",
			Validators: []validator.String{tfkit.LabelValidator()},
		},
		"domain": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Name or UUID of the domain: running, shut off, persistent or transient, and defined by whomever. Another spelling of" +
				" the same domain is no change, the new name of a renamed one touches nothing; another domain replaces the disk.",
			Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^[^/\n]+$`), `must be a domain's name or UUID: not empty, without "/"`)},
		},
		"cluster": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Label of the Ceph cluster in the provider block. It gives the default of `monitors` and lets the provider check pool," +
				" image, user, key and watchers before a guest is touched. Default: the only configured cluster, unless `monitors` is given." +
				" A label that leads to another cluster (other fsid) is another source, see `on_source_change`; another label of the same cluster, or" +
				" removing it, touches nothing.",
			Validators: []validator.String{tfkit.LabelValidator()},
		},
		"monitors": monitorsAttribute(),
		"config_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Path of a `ceph.conf` on the hypervisor for this disk. Without it QEMU reads the host's own `/etc/ceph/ceph.conf`," +
				" if there is one, even when it belongs to another cluster. Recommended: a small file per cluster with `client_mount_timeout`, or" +
				" `/dev/null`. Changing or removing it rewrites the saved definition; a running guest takes it at its next start. `<config file>` in the XML.",
			Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^/`), `must be an absolute path on the hypervisor`)},
		},
		"pool": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Pool of the image. " + sourceChange + " The first part of `<source name>` in the XML.",
			Validators:          []validator.String{sourceNameValidator("a pool")},
		},
		"namespace": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "RBD namespace within the pool; unset is the default one. Needs libvirt 11.6 or later on the host. " + sourceChange,
			Validators:          []validator.String{sourceNameValidator("an RBD namespace")},
		},
		"image": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Name of the image. " + sourceChange + " The last part of `<source name>` in the XML.",
			Validators:          []validator.String{sourceNameValidator("an image")},
		},
		"snapshot": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Name of a snapshot of the image to read instead of the image; needs `read_only = true`. Changing or removing it replaces the disk. `<snapshot name>` in the XML.",
			Validators:          []validator.String{sourceNameValidator("a snapshot")},
		},
		"size": schema.StringAttribute{
			Optional:   true,
			CustomType: tfkit.SizeType{},
			MarkdownDescription: "Size of the image, as in `\"30GiB\"`, usually `ceph_rbd_image.NAME.size`: when the image has grown, a running guest is told" +
				" at once (`virsh blockresize`). It never resizes the image and never shrinks a disk: a size that is not the image's is an error." +
				" Needs a cluster. A guest with an encrypted disk isn't told, and sees the growth when the domain is next started." +
				" Unset, growth waits for the guest's next start; removing it does nothing. Neither Ceph nor libvirt stores it, so it is null after import.",
			PlanModifiers: []planmodifier.String{tfkit.KeepSize()},
			Validators:    []validator.String{tfkit.PositiveSize()},
		},
		"user": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The cephx user that opens the image, without `client.`, as in `libvirt`. Changed in the saved definition; a running guest" +
				" keeps its user until its next start. `<auth username>` in the XML.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1), tfkit.UserValidator()},
		},
		"secret_uuid": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "UUID of the libvirt secret on this host that holds the user's key, as `libvirt_ceph_secret.NAME.uuid`. Changed in the saved" +
				" definition; a running guest keeps its key until its next start. `<secret uuid>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepEqual(libvirt.SameUUID, "Another spelling of the same UUID is no change.")},
			Validators:    []validator.String{tfkit.UUIDValidator()},
		},
		"target_dev": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Target of the disk, unique in the domain: `vdb` on bus `virtio`, `sdb` on `scsi`, `sata` or `usb`, `hdb` on `ide`. The guest may name the" +
				" disk otherwise; use `serial` to find it there. Changing it replaces the disk. `<target dev>` in the XML.",
			Validators: []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^(vd|sd|hd)[a-z]{1,3}$`), `must be a target such as "vdb" or "sda"`)},
		},
		"bus": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`virtio`, `scsi`, `sata`, `usb` or `ide`. Default: `virtio`. On a running guest `virtio` takes a free PCI port for each disk" +
				" (machine type q35: a spare pcie-root-port), `scsi` joins the present virtio-scsi controller, and `sata` and `ide` can't be plugged in: they need a domain that is shut off. Changing it replaces" +
				" the disk; removing it keeps it. `<target bus>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
			Validators:    []validator.String{stringvalidator.OneOf("virtio", "scsi", "sata", "usb", "ide")},
		},
		"device": schema.StringAttribute{
			Optional: true, Computed: true,
			MarkdownDescription: "`disk` or `cdrom`. Default: `disk`. A CD-ROM is on bus `scsi`, `sata`, `ide` or `usb`. Changing it replaces the disk; removing it" +
				" keeps it. `<disk device>` in the XML.",
			PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
			Validators:    []validator.String{stringvalidator.OneOf("disk", libvirt.DeviceCDROM)},
		},
		"address": addressAttribute(),
		"iotune":  iotuneAttribute(),
		"attach_probe": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether the host itself opens the image once before a running guest gets the disk, by a tiny paused domain with just this disk that" +
				" is ended at once. Default: `true`. Without it, monitors that don't answer or a wrong key stop the guest's CPUs for up to five" +
				" minutes. It takes about 0.4 s and no guest notices. Changing it touches nothing.",
		},
		"on_source_change": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(onSourceChangeRefuse),
			MarkdownDescription: "What another source (`cluster`, `pool`, `namespace`, `image`) does while the domain runs: `refuse` fails the plan, `replace` detaches the disk from" +
				" the running guest, also where it is mounted there, and attaches the other image. Default: `refuse`. Where the domain is shut off the source is changed in place either way, and" +
				" a pool or image that was only renamed is the same source. Changing it touches nothing.",
			Validators: []validator.String{stringvalidator.OneOf(onSourceChangeRefuse, onSourceChangeReplace)},
		},
		"timeouts": tfkit.TimeoutsAttribute(ctx, detachTimeout),
	}
	for name, attribute := range driverAttributes() {
		attributes[name] = attribute
	}
	for name, attribute := range computedAttributes() {
		attributes[name] = attribute
	}
	resp.Schema = schema.Schema{MarkdownDescription: pageDescription, Attributes: attributes}
}

const sourceChange = "Another image is changed in place while the domain is shut off; while it runs `on_source_change` decides. A name that was" +
	" only changed by a rename of the same pool or image is rewritten in the saved definition, and nothing is detached."

const pageDescription = "One RBD disk of a libvirt domain that somebody else manages, attached with `virsh attach-device` to the running guest and to" +
	" the saved definition, whichever the domain has. Other disks of the domain are never touched.\n\n" +
	"Before a guest is touched the provider checks, in a bounded time, that pool, image, user and caps are right, that the secret holds" +
	" the user's key, that nobody else has the image open, and that the host itself can open it.\n\n" +
	"The attributes mirror the domain's saved definition (of a transient domain, the running one). Where a running guest has to be started" +
	" again to notice a change, the plan says so; `pending_restart` and `monitors_stale` show what it still has to catch up with. A transient" +
	" domain has no next start: there the plan refuses such a change, and says how to have the disk attached again with it. `size` and `iotune` are" +
	" changed at once in both.\n\n" +
	"A domain that was migrated to another configured hypervisor is found there, and its disk is changed there." +
	" While that one doesn't answer this is an error: what a migration leaves behind says nothing about the disk.\n\n" +
	"**Deleting** this resource detaches the disk from the saved definition and from the running guest, and waits until the guest has let go" +
	" (`timeouts.delete`, default three minutes). Unmount it in the guest first: Linux lets go of a mounted disk too. A guest that keeps it is an error, and" +
	" the disk stays in the state. The image is not touched, and the Ceph cluster is not needed."
