package cephpool

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var (
	poolTypes        = []string{ceph.Replicated, ceph.Erasure}
	autoscaleModes   = []string{"on", "warn", "off"}
	compressionModes = []string{"none", "passive", "aggressive", "force"}
	// compressors are those that Ceph's releases since 14 know. A cluster that lacks the plugin of one reports it.
	compressors = []string{"none", "snappy", "zlib", "zstd", "lz4"}
)

// Schema describes ceph_pool.
func (r *poolResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A pool on a Ceph cluster: the storage that RBD images live in, replicated or erasure-coded." +
			" With the application `rbd` the pool is also initialised for RBD, as by `rbd pool init`.\n\n" +
			"**Deleting** this resource deletes the pool and everything in it. A pool that holds anything but RBD's own bookkeeping is" +
			" deleted only with `force_destroy`, one with an image that somebody has open never. The cluster must allow it" +
			" (`mon_allow_pool_delete`), and the error says how where it does not.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"name": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the pool. A new name renames it in place (`ceph osd pool rename`), which is refused while an image of" +
					" the pool is open: the guests' next write would fail.",
				Validators: []validator.String{
					tfkit.ImageSpecPart("a pool name"),
					// rbd_pool_init writes the name into the JSON of a command as it is, where it could name another pool.
					tfkit.Matches(`^[^"\\]*$`, "must be a pool name without double quotes or backslashes, which librbd can't prepare for images"),
				},
			},
			"type": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "`replicated` or `erasure`. Default: `replicated`, or `erasure` where `erasure_code_profile` is set." +
					" Changing it replaces the pool, removing it keeps it. As in `ceph osd pool create`.",
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
				Validators:    []validator.String{stringvalidator.OneOf(poolTypes...)},
			},
			"pg_num": count("Number of placement groups. Default: the cluster's. While `pg_autoscale_mode` is `on` this is only where a new pool" +
				" begins: later the autoscaler decides, and a difference is reported as a warning but never fought over, unless the autoscaler is" +
				" switched off for the whole cluster (`ceph osd pool set noautoscale`). Otherwise changed in place, which moves data. Removing it" +
				" keeps the current number. As by `ceph osd pool set POOL pg_num`."),
			"pgp_num": count("Number of placement groups for placement, at most `pg_num`. Default: follows `pg_num`. Left to the autoscaler like" +
				" `pg_num`. Changed in place, which moves data; removing it keeps the current number. As by `ceph osd pool set POOL pgp_num`."),
			"pg_autoscale_mode": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "`on`, `warn` or `off`: whether the cluster adjusts `pg_num`. Default: the cluster's. Changed in place; removing" +
					" it keeps the current mode. As by `ceph osd pool set POOL pg_autoscale_mode`.",
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
				Validators:    []validator.String{stringvalidator.OneOf(autoscaleModes...)},
			},
			"size": count("Number of copies of each object of a replicated pool. Default: the cluster's. Changed in place, which moves data;" +
				" removing it keeps the current number. An erasure-coded pool takes it from its profile. `1` keeps no second copy, and the cluster" +
				" must allow it (`mon_allow_pool_size_one`). As by `ceph osd pool set POOL size`."),
			"min_size": count("Number of copies that must be there for the pool to serve I/O. Default: derived from `size`, also when `size`" +
				" changes. Changed in place; removing it keeps the current number. While a cluster that is stretched over two sites has lost one, it" +
				" is not raised: the monitors have halved it, and raise it themselves. As by `ceph osd pool set POOL min_size`."),
			"crush_rule": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Name of the CRUSH rule that places the data. Default: the cluster's; for an erasure-coded pool one that Ceph" +
					" makes for it, of the pool's name, and that goes with the pool unless that was imported. [ceph_crush_rule](crush_rule)" +
					" makes others. Changed in place, which moves data; removing it keeps the current rule. A change of it, of `size` or of" +
					" `min_size` is refused where the rule finds fewer OSDs than that among those that are up and in: below `min_size` guests'" +
					" writes stand still without an error. A change after which a placement group is on fewer than `min_size` OSDs is set back at once." +
					" As by `ceph osd pool set POOL crush_rule`.",
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1), tfkit.PlainText()},
			},
			"pg_num_min": option("The autoscaler keeps at least so many placement groups.", "pg_num_min"),
			"pg_num_max": option("The autoscaler keeps at most so many placement groups. Older releases than 16.2.15 may not know it, and"+
				" then refuse.", "pg_num_max"),
			"target_size_bytes": sizeOption("Expected size of the pool's data, such as `\"500GiB\"`, by which the autoscaler plans"+
				" placement groups ahead. Not together with `target_size_ratio`.", "target_size_bytes",
				stringvalidator.ConflictsWith(path.MatchRoot("target_size_ratio"))),
			"target_size_ratio": schema.Float64Attribute{
				Optional: true,
				MarkdownDescription: "Expected share of the cluster that the pool will take, relative to other pools with a ratio." +
					" Not together with `target_size_bytes`. " + inPlace("target_size_ratio"),
				Validators: []validator.Float64{positiveFloat()},
			},
			"quota_max_bytes": sizeOption("The pool takes no more data than this, such as `\"1TiB\"`. Unset: no limit. A plan warns where"+
				" it is used up already: guests' writes would stand still.", ""),
			"quota_max_objects": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "The pool takes no more objects than this. Unset: no limit. Changed in place; removing it lifts the limit." +
					" As by `ceph osd pool set-quota POOL max_objects`.",
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"compression_mode": optionOneOf("When BlueStore compresses: `none`, `passive` (where a client hints), `aggressive` (unless a client"+
				" hints against it) or `force`. Unset: the OSDs' own setting.", "compression_mode", compressionModes),
			"compression_algorithm": optionOneOf("Compressor: `none`, `snappy`, `zlib`, `zstd` or `lz4`. Unset: the OSDs' own setting.",
				"compression_algorithm", compressors),
			"compression_required_ratio": schema.Float64Attribute{
				Optional: true,
				MarkdownDescription: "A compressed chunk is kept only if it is at most this share (0 to 1) of the original. Unset: the OSDs' own" +
					" setting. " +
					inPlace("compression_required_ratio"),
				Validators: []validator.Float64{positiveFloat(), float64validator.AtMost(1)},
			},
			"compression_min_blob_size": sizeOption("Chunks smaller than this, such as `\"8KiB\"`, are not compressed. Unset: the OSDs' own"+
				" setting.",
				"compression_min_blob_size"),
			"compression_max_blob_size": sizeOption("Chunks larger than this, such as `\"64KiB\"`, are split before compression. Unset: the"+
				" OSDs' own setting.",
				"compression_max_blob_size"),
			"bulk": flag("The pool will hold much data: the autoscaler gives it all placement groups from the start. Needs"+
				" Ceph 16.2.8 or later.", "bulk"),
			"nodelete": flag("The cluster refuses to delete the pool, also for this provider, until this is false again.", "nodelete"),
			"nosizechange": flag("The cluster refuses to change `size` and `min_size`. They can be changed in one apply in which this"+
				" becomes false.", "nosizechange"),
			"nopgchange": flag("The cluster refuses to change `pg_num` and `pgp_num`. They can be changed in one apply in which this becomes false.",
				"nopgchange"),
			"erasure_code_profile": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "Erasure code profile of an erasure-coded pool. [ceph_erasure_code_profile](erasure_code_profile) makes one." +
					" Default: `default`; empty for a replicated pool. Changing it replaces the pool, removing it keeps it.",
				PlanModifiers: []planmodifier.String{tfkit.KeepUnlessConfigured()},
				Validators:    []validator.String{stringvalidator.LengthAtLeast(1), tfkit.PlainText()},
			},
			"allow_ec_overwrites": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether objects of an erasure-coded pool can be overwritten in part, which RBD needs of the `data_pool` of an" +
					" image. Default: `false`. Switched on in place (needs BlueStore); Ceph can't switch it off, so that replaces the pool." +
					" As by `ceph osd pool set POOL allow_ec_overwrites`.",
			},
			"applications": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "What the pool is used for: `rbd`, `cephfs`, `rgw` or a name of your own. `rbd` also does what `rbd pool init`" +
					" does; for an erasure-coded pool, which can only be a `data_pool`, it is only enabled. Changed in place; removing an application" +
					" takes its mark away and no data. Unset: none. As by `ceph osd pool application enable`.",
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(),
					setvalidator.ValueStringsAre(tfkit.Matches(`^[^\s/\p{Cc}]{1,128}$`, "must be an application name")),
				},
			},
			"config": schema.MapAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Settings of librbd for all images of the pool by name, such as `rbd_qos_iops_limit`. An image's own `config`" +
					" wins. Needs `rbd` among the `applications`, and a replicated pool. Clients take them over when they open an image, limits also" +
					" while it is open. Only the keys named here are managed; an import names all that it finds. Changed in place; removing a key unsets" +
					" it. As by `rbd config pool set`.",
				Validators: tfkit.RBDConfig(),
			},
			"force_destroy": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Whether the pool may be deleted with all that it holds. Default: `false`. It counts once it has been applied." +
					" Stored by Terraform only.",
			},
			"pool_id": schema.Int64Attribute{
				Computed:            true,
				MarkdownDescription: "Ceph's number of the pool. It stays when the pool is renamed.",
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
			},
			"fsid":     tfkit.FSIDAttribute(),
			"timeouts": tfkit.TimeoutsAttribute(ctx, tfkit.DefaultTimeout),
		},
	}
}

// count is a number that every pool has.
func count(description string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional: true, Computed: true,
		MarkdownDescription: description,
		PlanModifiers:       []planmodifier.Int64{int64planmodifier.UseStateForUnknown()},
		Validators:          []validator.Int64{int64validator.AtLeast(1)},
	}
}

func inPlace(variable string) string {
	return "Changed in place; removing it unsets it. As by `ceph osd pool set POOL " + variable + "`."
}

func option(description, variable string) schema.Int64Attribute {
	return schema.Int64Attribute{
		Optional:            true,
		MarkdownDescription: description + " " + inPlace(variable),
		Validators:          []validator.Int64{int64validator.AtLeast(1)},
	}
}

func optionOneOf(description, variable string, values []string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: description + " " + inPlace(variable),
		Validators:          []validator.String{stringvalidator.OneOf(values...)},
	}
}

func flag(description, variable string) schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true,
		MarkdownDescription: description + " Unset is `false`, also where the cluster's `osd_pool_default_flag_" + variable + "` is true." +
			" Changed in place. As by `ceph osd pool set POOL " + variable + "`.",
	}
}

// sizeOption is a size; without a variable it is the quota.
func sizeOption(description, variable string, more ...validator.String) schema.StringAttribute {
	attribute := schema.StringAttribute{
		Optional:      true,
		CustomType:    tfkit.SizeType{},
		PlanModifiers: []planmodifier.String{tfkit.KeepSize()},
		Validators:    append([]validator.String{tfkit.PositiveSize()}, more...),
	}
	if variable == "" {
		attribute.MarkdownDescription = description + " Changed in place; removing it lifts the limit. As by `ceph osd pool set-quota POOL" +
			" max_bytes`."
	} else {
		attribute.MarkdownDescription = description + " " + inPlace(variable)
	}
	return attribute
}

func positiveFloat() validator.Float64 { return float64validator.AtLeast(1e-6) }
