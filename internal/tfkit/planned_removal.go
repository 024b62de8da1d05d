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

// ReadImport records that a read takes an object into the state, which is one whose state has no fsid yet. Where the same plan destroys it
// as another resource, that is an error.
func (c *Connections) ReadImport(recordedFSID types.String, object ClusterObject, diags *diag.Diagnostics) {
	if recordedFSID.IsNull() {
		c.claimObject(object, Imports, diags)
	}
}

// claimObject records what a plan does with an object, and refuses what is against it.
func (c *Connections) claimObject(o ClusterObject, claim Claim, diags *diag.Diagnostics) {
	if o.ID.IsUnknown() || o.FSID.IsNull() || o.FSID.IsUnknown() {
		return
	}
	object := createdObject(o.FSID, o.Object)
	against := Drops
	if claim == Drops {
		against = Makes | Imports
	}
	others := c.recordClaim(object, claim)
	// With create_before_destroy Terraform plans the removal of the former object again once the apply has created its replacement.
	if others&against == 0 || c.madeHere(object) {
		return
	}
	if (others|claim)&Imports != 0 {
		AddError(diags, "Object destroyed and imported in one plan", &problem.Problem{
			Kind: problem.Refused,
			What: fmt.Sprintf("The plan destroys %s on cluster %q as one resource, and imports it as another.", o.Object, o.Cluster.ValueString()),
			Why:  "The object would be gone after the apply, with all that it holds, and the next plan would make an empty one.",
			Do: "If only the address has changed, put a moved block in the place of the import: moved { from = FORMER_ADDRESS, to = NEW_ADDRESS }," +
				" each argument on a line of its own. Or let Terraform forget the former resource without a change of the object: terraform state" +
				" rm FORMER_ADDRESS, or a removed block with destroy = false.",
		})
		return
	}
	AddError(diags, "Object destroyed and created in one plan", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The plan destroys %s on cluster %q as one resource, and creates it as another.", o.Object, o.Cluster.ValueString()),
		Why: "Terraform may carry them out in either order. Either the create is refused, since the object is still there, or the object goes" +
			" with all that it holds and an empty one takes its place.",
		Do: "If only the address has changed, as it does with another key of for_each, add a moved block, and nothing is touched: moved {" +
			" from = FORMER_ADDRESS, to = NEW_ADDRESS }, each argument on a line of its own. To have it made anew, take it out of the" +
			" configuration in one apply, and add it in the next. A deposed object goes by an apply without the replacement. A terraform" +
			" destroy makes this plan first, unless it has -refresh=false.",
	})
}
