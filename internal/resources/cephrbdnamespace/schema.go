package cephrbdnamespace

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Schema describes ceph_rbd_namespace.
func (r *namespaceResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An RBD namespace: a part of a pool whose images have names of their own, and at which a user's capabilities can" +
			" end. So several tenants share one pool, and none sees the images of another.\n\n" +
			"**Deleting** this resource removes the namespace. One that holds an image, an image in its trash, or a group of images is never" +
			" removed.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.IDAttribute(resourceType.ImportKey.Form),
			"cluster": tfkit.ClusterAttribute(),
			"pool": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Name of the pool: a replicated one with the application `rbd`. Another pool replaces the namespace, and must" +
					" exist when that is planned; a pool that was renamed is the same pool, and then the new name touches nothing.",
				Validators: []validator.String{tfkit.ImageSpecPart("a pool name")},
			},
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the namespace. Changing it replaces the namespace: Ceph can't rename one. As by `rbd namespace create`.",
				Validators:          []validator.String{tfkit.ImageSpecPart("a namespace")},
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
