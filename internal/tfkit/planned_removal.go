package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// ClusterObject is an object of a cluster as the model of its resource describes it.
type ClusterObject struct {
	ID, Cluster, FSID types.String
	Object            ceph.Created
}

// PlansRemoval tells whether the plan of a resource is to destroy its object, and records that it is. Where the same plan makes the object
// as another resource, that is an error.
func PlansRemoval[M any](
	ctx context.Context, base Base, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, object func(*M) ClusterObject,
) bool {
	if !req.Plan.Raw.IsNull() {
		return false
	}
	var removed M
	if base.Connections != nil && Get(ctx, req.State, &removed, &resp.Diagnostics) {
		base.claimObject(object(&removed), Drops, &resp.Diagnostics)
	}
	return true
}

// PlanCreate records that a plan makes an object. Where the same plan destroys it as another resource, that is an error.
func (c *Connections) PlanCreate(object ClusterObject, diags *diag.Diagnostics) {
	c.claimObject(object, Makes, diags)
}

// claimObject records what a plan does with an object, and refuses what is against it.
func (c *Connections) claimObject(o ClusterObject, claim Claim, diags *diag.Diagnostics) {
	if o.ID.IsUnknown() || o.FSID.IsNull() || o.FSID.IsUnknown() {
		return
	}
	err := c.refuseUnmoved(createdObject(o.FSID, o.Object), claim, fmt.Sprintf("%s on cluster %q", o.Object, o.Cluster.ValueString()),
		"Either the create is refused, since the object is still there, or the object goes with all that it holds and an empty one takes its"+
			" place.")
	if err != nil {
		AddError(diags, "Object destroyed and created in one plan", err)
	}
}

// refuseUnmoved records that a plan destroys an object, which is Drops, or creates it, which is Makes. Where the same plan does the
// opposite as another resource, which is what a changed address comes to without a moved block, that is the error problem.Refused. Name
// names the object, and consequence says in a sentence what the apply would come to.
func (c *Connections) refuseUnmoved(object string, claim Claim, name, consequence string) error {
	if others := c.recordClaim("address of "+object, claim); others&(Drops|Makes)&^claim == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("One resource of the configuration would destroy %s, and another one would create it.", name),
		Why:  "Terraform knows no order between the two. " + consequence,
		Do: "If only the address has changed, as it does with another key of for_each, add a moved block, and nothing is touched: moved {" +
			" from = FORMER_ADDRESS, to = NEW_ADDRESS }, each argument on a line of its own. To have it made anew, take it out of the" +
			" configuration in one apply, and add it in the next.",
	}
}
