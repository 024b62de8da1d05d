package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
)

// KeepEqual plans the recorded string where the configured one means the same, so that another spelling is no change.
func KeepEqual(same func(recorded, planned string) bool, meaning string) planmodifier.String {
	return keepEqual{same, meaning}
}

// KeepSize is KeepEqual for sizes.
func KeepSize() planmodifier.String {
	return KeepEqual(sameSize, "Equal sizes are no change, however they are written.")
}

// KeepUnlessConfigured is for an argument that always has a value: when it is removed from the configuration, the recorded value stays.
func KeepUnlessConfigured() planmodifier.String { return stringplanmodifier.UseStateForUnknown() }

type keepEqual struct {
	same    func(recorded, planned string) bool
	meaning string
}

func (m keepEqual) Description(context.Context) string { return m.meaning }

func (m keepEqual) MarkdownDescription(context.Context) string { return m.meaning }

func (m keepEqual) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if m.same(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
