package tfkit

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// IDAttribute is the id of a resource. It is planned from its parts, because labels and names change in place.
func IDAttribute(form string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: fmt.Sprintf("`%s`, as taken by `terraform import`.", form),
	}
}

// ClusterAttribute is the label of the cluster that a resource lives on.
func ClusterAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Label of the cluster in the provider block. May be left out where exactly one cluster is configured when the" +
			" resource is created; the recorded label then stays. A changed label that leads to the same cluster (same fsid) is an update that" +
			" touches nothing; one that leads to another cluster replaces the resource.",
		Validators: []validator.String{LabelValidator()},
	}
}

// FSIDAttribute is the remembered identity of the cluster.
func FSIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The cluster's fsid, its identity. It is remembered and checked before every operation: a label that" +
			" leads to another cluster is an error before anything is read or written. As shown by `ceph fsid`.",
	}
}

// HypervisorAttribute is the label of the hypervisor that a resource lives on.
func HypervisorAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Label of the hypervisor in the provider block. May be left out where exactly one hypervisor is configured when" +
			" the resource is created; the recorded label then stays. A changed label that leads to the same host (same host_uuid) is an" +
			" update that touches nothing; one that leads to another host replaces the resource.",
		Validators: []validator.String{LabelValidator()},
	}
}

// HostUUIDAttribute is the remembered identity of the hypervisor.
func HostUUIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The host's UUID, its identity. It is remembered and checked before every operation." +
			" As shown by `virsh capabilities`.",
	}
}

// LabelValidator refuses labels that would break an id.
func LabelValidator() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^[^/\s]+$`), "must be a label of the provider block: not empty,"+
		" without \"/\" or spaces")
}

// KeepEqual plans the recorded string where the configured one means the same, so that another spelling is no change.
func KeepEqual(same func(recorded, planned string) bool, meaning string) planmodifier.String {
	return keepEqual{same, meaning}
}

// KeepSize is KeepEqual for sizes.
func KeepSize() planmodifier.String {
	return KeepEqual(SameSize, "Equal sizes are no change, however they are written.")
}

// KeepUnlessConfigured is what an argument needs that always has a value: once it is removed from the configuration,
// the recorded value stays.
func KeepUnlessConfigured() planmodifier.String { return stringplanmodifier.UseStateForUnknown() }

type keepEqual struct {
	same    func(recorded, planned string) bool
	meaning string
}

func (m keepEqual) Description(context.Context) string         { return m.meaning }
func (m keepEqual) MarkdownDescription(context.Context) string { return m.meaning }

func (m keepEqual) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if m.same(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// PositiveSize refuses a size of nothing: what is not wanted is left out.
func PositiveSize() validator.String { return positiveSize{} }

type positiveSize struct{ Described }

func (positiveSize) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if bytes, err := ParseSize(req.ConfigValue.ValueString()); err == nil && bytes == 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid size", "A size of 0 has no use here. To set none, leave the argument out.")
	}
}
