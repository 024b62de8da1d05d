package cephrbdimage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// defaultObject is the size of an image's objects, in bytes, where the configuration sets none.
const defaultObject = 4 << 20

// Schema describes ceph_rbd_image.
func (r *imageResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An RBD image: a block device on a Ceph cluster, for a guest's disk.\n\n" +
			"**Deleting** this resource deletes the image and its data. An image with data or a snapshot is deleted only with" +
			" `force_destroy`, or with `trash`, which keeps it; one that somebody has open, or that a domain on a configured hypervisor still" +
			" names, never.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"pool": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the pool. Another pool replaces the image, and must exist when that is planned; a pool that was renamed" +
					" is the same pool, and then the new name touches nothing.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"namespace": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "RADOS namespace in the pool. It must exist: `ceph_rbd_namespace` makes it. Unset: none. Changing or" +
					" removing it replaces the image.",
				Validators: []validator.String{tfkit.ImageSpecPart("a namespace")},
			},
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the image. A new name renames it in place, also under a running guest. As by `rbd rename`.",
				Validators:          []validator.String{tfkit.ImageSpecPart("an image name")},
			},
			"size": schema.StringAttribute{
				Optional: true, Computed: true, CustomType: tfkit.SizeType{},
				MarkdownDescription: "Size in bytes, or with a unit such as `\"30GiB\"`. Units are `KiB`, `MiB`, `GiB` and `TiB` (of 1024); `GB`" +
					" is refused. Needed for a new image without" +
					" a parent; a clone has the parent's size where none is given. A larger size grows the image" +
					" in place; a running guest hears of it through `size` of its `libvirt_rbd_disk`. A smaller one cuts data off and" +
					" needs `allow_shrink`. The header of an `encryption` is a part of it. Removing it keeps the current size. As by `rbd resize`.",
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured(), tfkit.KeepSize()},
				Validators:    []validator.String{tfkit.PositiveSize()},
			},
			"features": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Features of the image: `" + strings.Join(choosable(), "`, `") + "`. Default: those of the client library." +
					" `exclusive-lock`, `object-map`, `fast-diff` and `journaling` are switched on and off in place, `deep-flatten` off; any other" +
					" change replaces the image. `object-map` and `journaling` need `exclusive-lock`; `object-map` and `fast-diff` go together. Removing" +
					" the argument keeps the current ones. As by `rbd feature enable`.",
				PlanModifiers: []planmodifier.Set{setplanmodifier.UseStateForUnknown()},
				Validators: []validator.Set{
					setvalidator.NoNullValues(), setvalidator.ValueStringsAre(stringvalidator.OneOf(choosable()...)), dependencies{},
				},
			},
			"object_size": fixedSize("Size of the objects that hold the data: a power of two from `\"4KiB\"` to `\"32MiB\"`. Default: `\"4MiB\"`.",
				powerOfTwo{}),
			"stripe_unit": fixedSize("Data is spread over objects in pieces of this size, which divides `object_size`. Default: `object_size`."+
				" Goes with `stripe_count`.", stringvalidator.AlsoRequires(path.MatchRoot("stripe_count"))),
			"stripe_count": schema.Int64Attribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Number of objects over which data is spread at a time. Default: 1. Goes with `stripe_unit`." + fixed,
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
				Validators:          []validator.Int64{int64validator.AtLeast(1), int64validator.AlsoRequires(path.MatchRoot("stripe_unit"))},
			},
			"data_pool": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Pool that holds the data, where it is another than the one that holds the image's header: so data goes to an" +
					" erasure-coded pool (with `allow_ec_overwrites`). Default: none." + fixed,
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
				Validators:    []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"parent":     parentAttribute(),
			"encryption": encryptionAttribute(),
			"metadata": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Metadata of the image by key. Only the keys named here are managed; others are left alone. An import names all" +
					" that it finds. Changed in place; removing a key removes it from the image. As by `rbd image-meta set`.",
				Validators: []validator.Map{
					mapvalidator.SizeAtLeast(1), mapvalidator.NoNullValues(), mapvalidator.KeysAre(metadataKey{}, tfkit.PlainText()),
					mapvalidator.ValueStringsAre(tfkit.PlainText()),
				},
			},
			"config": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Settings of librbd for this image by name, such as `rbd_qos_iops_limit`. Clients take them over when they open" +
					" the image, limits also while it is open. Only the keys named here are managed; an import names all that it finds. Changed in" +
					" place; removing a key unsets it. As by `rbd config image set`.",
				Validators: tfkit.RBDConfig(),
			},
			"allow_shrink": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether `size` may become smaller, which destroys the data beyond it. Default: `false`. Stored by" +
					" Terraform only.",
			},
			"force_destroy": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether the image may be deleted, or replaced, with its data and snapshots. Default: `false`. It counts once it" +
					" has been applied. Stored by Terraform only.",
			},
			"trash": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "Deletes the image by moving it to the trash of its pool, also with data, snapshots and clones: `trash = {}`. It" +
					" can be restored from there until somebody purges the trash. It counts once it has been applied. As by `rbd trash mv`. Stored by" +
					" Terraform only.",
				Attributes: map[string]schema.Attribute{
					"delay": schema.StringAttribute{
						Optional: true,
						MarkdownDescription: "How long a plain purge of the trash leaves the image, such as `\"720h\"`. Nothing purges it by itself" +
							" afterwards. Default: `\"0s\"`.",
						Validators: []validator.String{tfkit.Duration{WholeSeconds: true, Zero: true}},
					},
				},
			},
			"image_id": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "librbd's id of the image. It stays when the image is renamed.",
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"pool_id": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Ceph's number of the pool. It stays when the pool is renamed.",
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"size_bytes": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "The size in bytes.",
			},
			"fsid":     tfkit.FSIDAttribute(),
			"timeouts": tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}

// parentAttribute is the snapshot that a clone is made from.
func parentAttribute() schema.SingleNestedAttribute {
	part := func(description, what string) schema.StringAttribute {
		return schema.StringAttribute{
			Required: true, MarkdownDescription: description, Validators: []validator.String{tfkit.ImageSpecPart(what)},
		}
	}
	namespace := part("RADOS namespace of the parent in its pool. Unset: none.", "a namespace")
	namespace.Required, namespace.Optional = false, true
	return schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Snapshot of another image, as of a template, whose data the new image begins with: it is made as a clone, at once" +
			" and without a copy, and reads from the snapshot what it has not written itself. An image gets its parent when it is made, so another" +
			" one, or none, for an image that is a clone is an error in the plan, and with `force_destroy` a replacement. A parent that is renamed" +
			" is the same parent, and a template that is exchanged under the same names changes no image that exists. As by `rbd clone`.",
		Attributes: map[string]schema.Attribute{
			"pool":      part("Pool of the parent.", "a pool name"),
			"namespace": namespace,
			"image":     part("Name of the parent image.", "an image name"),
			"snapshot": part("Name of the snapshot. It must exist; `ceph_rbd_snapshot` makes it. Where the cluster makes clones of format 1, it"+
				" must be protected.", "a snapshot's name"),
			"flatten": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether the image is to have the data itself and depend on the parent no more. The data is copied at the" +
					" creation or when this becomes `true`, also under a running guest. Once that is done, by Terraform or by hand, changing this or" +
					" removing `parent` touches nothing. Default: `false`. As by `rbd flatten`.",
			},
		},
	}
}

const fixed = " Changing it replaces the image, removing it keeps it. As in `rbd create`."

// fixedSize is a size that can't be changed after the image was created.
func fixedSize(description string, more validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, CustomType: tfkit.SizeType{},
		MarkdownDescription: description + fixed,
		PlanModifiers:       []planmodifier.String{tfkit.KeepUnlessConfigured(), tfkit.KeepSize()},
		Validators:          []validator.String{tfkit.PositiveSize(), more},
	}
}

// choosable are the features that a configuration may name.
func choosable() []string { return tfkit.Missing(ceph.FeatureNames, followingFeatures) }

type powerOfTwo struct{ tfkit.Described }

func (powerOfTwo) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	bytes, err := tfkit.ParseSize(req.ConfigValue.ValueString())
	if err == nil && bytes != 0 && !ceph.ValidObjectSize(bytes) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid object size",
			fmt.Sprintf("%s is not a power of two from 4KiB to 32MiB.", req.ConfigValue.ValueString()))
	}
}

type dependencies struct{ tfkit.Described }

// needs maps a feature to the one that it requires.
var needs = map[string]string{"object-map": "exclusive-lock", "journaling": "exclusive-lock", "fast-diff": "object-map"}

func (dependencies) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if !tfkit.FullyKnown(ctx, req.ConfigValue) {
		return
	}
	features := tfkit.Elements(req.ConfigValue)
	for _, feature := range features {
		if base := needs[feature]; base != "" && !slices.Contains(features, base) {
			resp.Diagnostics.AddAttributeError(req.Path, "Feature missing", fmt.Sprintf("The feature %q needs %q too.", feature, base))
		}
	}
}

// metadataKey refuses keys that belong in the other argument, and those that librbd uses itself.
type metadataKey struct{ tfkit.Described }

func (metadataKey) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	key := req.ConfigValue.ValueString()
	switch {
	case strings.HasPrefix(key, ceph.ConfigKey("")):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid metadata key", fmt.Sprintf(
			"%q is a setting of librbd. Name it in config, as %q.", key, strings.TrimPrefix(key, ceph.ConfigKey(""))))
	case key == "" || strings.HasPrefix(key, "."):
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid metadata key", fmt.Sprintf("%q is empty, or one of librbd's own keys.", key))
	}
}
