package libvirtrbddisk

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// deviceAttributes are what the guest is told of the device: its blocks, its queues, and what it calls itself.
func deviceAttributes() map[string]schema.Attribute {
	word := func(text, xml, form, words string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true,
			MarkdownDescription: text + " Bus `scsi` only. " + nextStart + " Removing it goes back to QEMU's own. `" + xml +
				"` in the XML.",
			Validators: []validator.String{tfkit.Matches(form, words)},
		}
	}
	block := func(text string) schema.Int64Attribute {
		return schema.Int64Attribute{
			Optional: true, MarkdownDescription: text,
			Validators: []validator.Int64{powerOfTwo{least: libvirt.SectorSize, most: libvirt.LargestBlock}},
		}
	}
	const printable = ", printable ASCII characters without a space at either end"
	return map[string]schema.Attribute{
		"blockio": schema.SingleNestedAttribute{
			Optional: true,
			MarkdownDescription: "Sizes of the disk's blocks, in bytes, as the guest is told them. Default: 512 for both. For disks, not" +
				" CD-ROMs, on every bus but `usb`. " + nextStart + " Removing it goes back to the default. Another `logical_block_size` makes the" +
				" partitions and file systems on the disk unreadable to the guest; the plan warns of it. `<blockio>` in the XML.",
			Attributes: map[string]schema.Attribute{
				"logical_block_size": block("The smallest piece that the guest reads and writes, and in which partition tables count: a power of 2," +
					" from 512 to 2097152. More than 512 needs a `physical_block_size` that is not smaller, and a bus other than `sata` and `ide`."),
				"physical_block_size": block("The piece that the guest should write at a time, and align its partitions to: a power of 2, from 512" +
					" to 2097152, and not smaller than the logical one."),
			},
		},
		"queue_size": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "Entries of each virtqueue: a power of 2, from 4 to 1024. Default: QEMU's, 256 since QEMU 5.0. Bus `virtio` only;" +
				" needs libvirt 7.8 or later on the host. " + nextStart + " Removing it goes back to the default. `<driver queue_size>` in the XML.",
			Validators: []validator.Int64{powerOfTwo{least: 4, most: 1024}},
		},
		"rotation_rate": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "What the guest is told of the disk's rotation: `1` for a disk that doesn't rotate, as a solid-state one, or 1025" +
				" to 65534 revolutions per minute. Default: nothing is told. For disks on bus `scsi`, `sata` or `ide`; needs libvirt 7.3 or later on" +
				" the host. " + nextStart + " Removing it unsets it. `<target rotation_rate>` in the XML.",
			Validators: []validator.Int64{int64validator.Any(int64validator.OneOf(1), int64validator.Between(1025, 65534))},
		},
		"vendor": word("Vendor that the disk tells the guest: at most 8 characters.", "<vendor>",
			`^[!-~]([ -~]{0,6}[!-~])?$`, "must be 1 to 8"+printable),
		"product": word("Product that the disk tells the guest: at most 16 characters.", "<product>",
			`^[!-~]([ -~]{0,14}[!-~])?$`, "must be 1 to 16"+printable),
	}
}

// powerOfTwo refuses a number that is none of the powers of 2 between two of them.
type powerOfTwo struct {
	tfkit.Described
	least, most int64
}

// ValidateInt64 is called by the framework.
func (v powerOfTwo) ValidateInt64(_ context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	n := req.ConfigValue.ValueInt64()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || n >= v.least && n <= v.most && n&(n-1) == 0 {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid value",
		fmt.Sprintf("%d is not a power of 2 from %d to %d, as QEMU needs it.", n, v.least, v.most))
}

// warnBlockSizes warns of a disk whose content can't be read any more with the planned size of its blocks.
func (p *planning) warnBlockSizes(where *libvirt.Placement) {
	disk := p.found(where).SavedOrLive()
	if disk == nil || p.plan.BlockIO.Equal(p.state.BlockIO) || partlyUnknown(p.plan.BlockIO) {
		return
	}
	tfkit.AddWarnings(p.diags, libvirt.BlockSizeWarnings(*disk, p.plan.disk(), where.Domain.Name)...)
}

var blockTypes = map[string]attr.Type{"logical_block_size": types.Int64Type, "physical_block_size": types.Int64Type}

// blockSizesOf converts the attribute blockio. While a part is unknown it is as if it were left out.
func blockSizesOf(object types.Object) libvirt.BlockSizes {
	if partlyUnknown(object) {
		return libvirt.BlockSizes{}
	}
	logical, _ := object.Attributes()["logical_block_size"].(types.Int64)
	physical, _ := object.Attributes()["physical_block_size"].(types.Int64)
	return libvirt.BlockSizes{Logical: count(logical), Physical: count(physical)}
}

// blockObject converts block sizes to the attribute blockio, null where none are chosen.
func blockObject(sizes libvirt.BlockSizes) types.Object {
	if sizes == (libvirt.BlockSizes{}) {
		return types.ObjectNull(blockTypes)
	}
	return types.ObjectValueMust(blockTypes, map[string]attr.Value{
		"logical_block_size": tfkit.CountOrNull(sizes.Logical), "physical_block_size": tfkit.CountOrNull(sizes.Physical),
	})
}

// partlyUnknown tells whether a value is unknown, or an object with a part that is.
func partlyUnknown(value attr.Value) bool {
	if value.IsUnknown() {
		return true
	}
	object, ok := value.(types.Object)
	if !ok {
		return false
	}
	for _, part := range object.Attributes() {
		if part.IsUnknown() {
			return true
		}
	}
	return false
}
