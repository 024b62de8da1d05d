package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
)

// ValidateConfig refuses combinations that can't work. It needs no connection.
func (r *diskResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	refuseConflicts(&config, &resp.Diagnostics)
	checkAddress(config.Address, &resp.Diagnostics)
}

// refuseConflicts refuses arguments that exclude or need each other, once all of them are known.
func refuseConflicts(m *model, diags *diag.Diagnostics) {
	if m.Snapshot.ValueString() != "" && m.Size.ValueString() != "" {
		diags.AddAttributeError(path.Root("size"), "Invalid combination", "A snapshot never changes its size. Remove size.")
	}
	checkIOTune(m.IOTune, diags)
	m.refuse(m.disk().Conflicts(), diags)
}

// refuse refuses conflicts between arguments that are known. One that is not known yet may still turn out to be null.
func (m *model) refuse(conflicts []libvirt.Conflict, diags *diag.Diagnostics) {
	refuseKnown(conflicts, m.argument, path.Root, diags)
}

func refuseKnown(
	conflicts []libvirt.Conflict, argument func(name string) attr.Value, at func(name string) path.Path, diags *diag.Diagnostics,
) {
	unknown := func(name string) bool { value := argument(name); return value != nil && value.IsUnknown() }
	for _, conflict := range conflicts {
		if !slices.ContainsFunc(conflict.Fields, unknown) {
			diags.AddAttributeError(at(conflict.Fields[0]), "Invalid combination", conflict.Text)
		}
	}
}

// refuseOddities refuses what no disk should get, though libvirt takes it. One that has it already, as after an import, keeps it; state is
// nil for a new disk.
func refuseOddities(m, state *model, diags *diag.Diagnostics) {
	changed := func(name string) bool { return !m.argument(name).Equal(state.argument(name)) }
	m.refuse(slices.DeleteFunc(m.disk().Oddities(), func(conflict libvirt.Conflict) bool {
		return state != nil && !slices.ContainsFunc(conflict.Fields, changed)
	}), diags)
}

// checkAddress refuses parts that don't belong to the address's type, and invalid numbers.
func checkAddress(address types.Object, diags *diag.Diagnostics) {
	kind := addressPart(address, "type")
	if address.IsNull() || address.IsUnknown() || kind.IsNull() || kind.IsUnknown() {
		return
	}
	fitting := map[string]libvirt.AddressPart{}
	var names []string
	for _, p := range libvirt.AddressParts[kind.ValueString()] {
		fitting[p.Name] = p
		names = append(names, p.Name)
	}
	for name := range addressTypes {
		value := addressPart(address, name)
		if name == "type" || value.IsNull() || value.IsUnknown() {
			continue
		}
		at := path.Root("address").AtName(name)
		p, ok := fitting[name]
		if !ok {
			diags.AddAttributeError(at, "Invalid combination",
				fmt.Sprintf("An address of type %q has no %s. It has %s.", kind.ValueString(), name, strings.Join(names, ", ")))
			continue
		}
		if _, err := p.Parse(value.ValueString()); err != nil {
			diags.AddAttributeError(at, "Invalid address", err.Error()+".")
		}
	}
}

// checkIOTune refuses limits that exclude or need each other, once both are known.
func checkIOTune(object types.Object, diags *diag.Diagnostics) {
	if object.IsNull() || object.IsUnknown() {
		return
	}
	limits := object.Attributes()
	get := func(name string) (int64, bool) {
		n, ok := limits[name].(types.Int64)
		return n.ValueInt64(), ok && !n.IsNull()
	}
	refuseKnown(libvirt.LimitConflicts(get), func(name string) attr.Value { return limits[name] }, path.Root("iotune").AtName, diags)
}
