package cephrbdimage

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSources returns the data source of several images.
func NewDataSources() datasource.DataSource {
	return &imagesDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name + "s"}}
}

type imagesDataSource struct{ tfkit.DataSourceBase }

type imagesModel struct {
	filter
	Images types.List `tfsdk:"images"`
}

func (d *imagesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The RBD images of a cluster, as by `rbd ls` and `rbd info`, each with the arguments that `ceph_rbd_image` has for" +
			" it and the `id` by which it is imported. Images in the trash are not listed.\n\nReading leaves no trace on the images, and is made" +
			" for thousands of them: only images in a migration are opened one by one, and the parent of clones once for its name. An image that" +
			" is listed and can't be read, as one of format 1, is an error that names it, since without it the list would look as if it were" +
			" gone.",
		Attributes: map[string]schema.Attribute{
			"cluster": tfkit.LabelArgument("cluster"),
			"pool": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Name of the pool, which must exist. Default: every pool with the application `rbd` or with none, which the" +
					" provider's user must be allowed to read.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"namespace": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Only images of this RADOS namespace; `\"\"` stands for the default one. Default: those of all namespaces. One" +
					" that doesn't exist has no images.",
				Validators: []validator.String{tfkit.Matches(`^[^/@\s]*$`, `must be a namespace, without "/", "@" or spaces, or empty`)},
			},
			"name_pattern": tfkit.NamePattern("the images' names, without pool and namespace"),
			"images": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The images, in the order of their pools, namespaces and names.",
				NestedObject: schema.NestedAttributeObject{
					Attributes: tfkit.Listed(ctx, NewResource(), "allow_shrink", "force_destroy", "trash", "encryption"),
				},
			},
		},
	}
}

func (d *imagesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to list RBD images"
	var data imagesModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	var found []model
	label, err := data.visit(ctx, d.Connections, model{}, 0, &resp.Diagnostics, func(m *model) bool {
		found = append(found, *m)
		return true
	})
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data.Cluster, data.Images = label, tfkit.ListOf(ctx, resp.State, "images", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
