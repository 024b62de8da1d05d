package cephrbdimage

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSource returns the data source.
func NewDataSource() datasource.DataSource {
	return &imageDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type imageDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID          types.String   `tfsdk:"id"`
	Cluster     types.String   `tfsdk:"cluster"`
	Pool        types.String   `tfsdk:"pool"`
	Namespace   types.String   `tfsdk:"namespace"`
	Name        types.String   `tfsdk:"name"`
	Size        tfkit.Size     `tfsdk:"size"`
	SizeBytes   types.Int64    `tfsdk:"size_bytes"`
	Features    types.Set      `tfsdk:"features"`
	ObjectSize  tfkit.Size     `tfsdk:"object_size"`
	StripeUnit  tfkit.Size     `tfsdk:"stripe_unit"`
	StripeCount types.Int64    `tfsdk:"stripe_count"`
	DataPool    types.String   `tfsdk:"data_pool"`
	Parent      *dataParent    `tfsdk:"parent"`
	Metadata    types.Map      `tfsdk:"metadata"`
	Config      types.Map      `tfsdk:"config"`
	ImageID     types.String   `tfsdk:"image_id"`
	PoolID      types.Int64    `tfsdk:"pool_id"`
	FSID        types.String   `tfsdk:"fsid"`
	Watchers    []watcherModel `tfsdk:"watchers"`
}

// dataParent names the snapshot that a clone reads from.
type dataParent struct {
	Pool      types.String `tfsdk:"pool"`
	Namespace types.String `tfsdk:"namespace"`
	Image     types.String `tfsdk:"image"`
	Snapshot  types.String `tfsdk:"snapshot"`
}

type watcherModel struct {
	Address types.String `tfsdk:"address"`
	Entity  types.String `tfsdk:"entity"`
}

func (d *imageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An RBD image that exists, as by `rbd info`, with those who have it open, as by `rbd status`. Reading it leaves no" +
			" trace on the image.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.ComputedText("`CLUSTER/POOL[/NAMESPACE]/IMAGE`."),
			"cluster": tfkit.LabelArgument("cluster"),
			"pool": schema.StringAttribute{
				Required: true, MarkdownDescription: "Name of the pool.", Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"namespace": schema.StringAttribute{
				Optional: true, MarkdownDescription: "RADOS namespace in the pool.", Validators: []validator.String{tfkit.ImageSpecPart("a namespace")},
			},
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: "Name of the image.", Validators: []validator.String{tfkit.ImageSpecPart("an image name")},
			},
			"size":         tfkit.ComputedSize("Size with the largest unit of 1024 that divides it, such as `30GiB`."),
			"size_bytes":   tfkit.ComputedNumber("The size in bytes."),
			"features":     schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "Features of the image."},
			"object_size":  tfkit.ComputedSize("Size of the objects that hold the data."),
			"stripe_unit":  tfkit.ComputedSize("Size of the pieces that are spread over objects."),
			"stripe_count": tfkit.ComputedNumber("Number of objects over which data is spread at a time."),
			"data_pool":    tfkit.ComputedText("Pool that holds the data, where it is another one; else null."),
			"parent": schema.SingleNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Snapshot from which a clone reads what it has not written itself; null for an image that is no clone.",
				Attributes: map[string]schema.Attribute{
					"pool":      tfkit.ComputedText("Pool of the parent."),
					"namespace": tfkit.ComputedText("RADOS namespace of the parent; null for none."),
					"image":     tfkit.ComputedText("Name of the parent image, also where that is in the trash."),
					"snapshot":  tfkit.ComputedText("Name of the snapshot, also where it was removed and is kept for its clones."),
				},
			},
			"metadata": tfkit.ComputedMap("Metadata by key; null where there is none."),
			"config":   tfkit.ComputedMap("librbd's settings for this image by name; null where there is none."),
			"image_id": tfkit.ComputedText("librbd's id of the image."),
			"pool_id":  tfkit.ComputedNumber("Ceph's number of the pool."),
			"fsid":     tfkit.ComputedText("The cluster's fsid."),
			"watchers": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "Who has the image open, such as a running guest. After a crash a watcher stays for about half a minute.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"address": tfkit.ComputedText("The client's address."),
					"entity":  tfkit.ComputedText("The user as which the client is connected; null where it could not be found out."),
				}},
			},
		},
	}
}

func (d *imageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read RBD image"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	found := model{Cluster: entry.Label, Pool: data.Pool, Namespace: data.Namespace, Name: data.Name}
	image, err := entry.Target.Image(ctx, found.ref())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	watchers, err := entry.Target.Watchers(ctx, found.ref())
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	found.fromAPI(found.ref(), image, true)
	var parent *dataParent
	if image.Parent != nil {
		names, err := entry.Target.SnapshotNames(ctx, *image.Parent)
		if err != nil {
			tfkit.AddError(&resp.Diagnostics, summary, err)
			return
		}
		parent = &dataParent{
			types.StringValue(names.Image.Pool), tfkit.StringOrNull(names.Image.Namespace), types.StringValue(names.Image.Name),
			types.StringValue(names.Snapshot),
		}
	}
	open := []watcherModel{}
	for _, watcher := range watchers {
		open = append(open, watcherModel{types.StringValue(watcher.Addr), tfkit.StringOrNull(watcher.Entity)})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &dataModel{
		ID: found.ID, Cluster: entry.Label, Pool: found.Pool, Namespace: found.Namespace, Name: found.Name, Size: found.Size,
		SizeBytes: found.SizeBytes,
		Features:  found.Features, ObjectSize: found.ObjectSize, StripeUnit: found.StripeUnit, StripeCount: found.StripeCount,
		DataPool: found.DataPool, Parent: parent,
		Metadata: found.Metadata, Config: found.Config, ImageID: found.ImageID, PoolID: found.PoolID, FSID: entry.Identity, Watchers: open,
	})...)
}
