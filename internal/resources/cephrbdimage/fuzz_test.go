package cephrbdimage

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func FuzzImportState(f *testing.F) {
	for _, id := range []string{"east/vms/one", "east/vms/tenant/one", "east/vms", "east//vms/one", "/a/b", "a/b/c/d/e", "east/a b/c"} {
		f.Add(id)
	}
	var form resource.SchemaResponse
	NewResource().Schema(f.Context(), resource.SchemaRequest{}, &form)
	empty := tftypes.NewValue(form.Schema.Type().TerraformType(f.Context()), nil)
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" {
			return // Then Terraform gives an identity instead.
		}
		resp := resource.ImportStateResponse{State: tfsdk.State{Schema: form.Schema, Raw: empty}}
		(&imageResource{}).ImportState(t.Context(), resource.ImportStateRequest{ID: id}, &resp)
		if resp.Diagnostics.HasError() {
			if resp.State.Raw.IsNull() {
				return
			}
			t.Errorf("%q: refused, and in the state: %v", id, resp.Diagnostics)
		}
		var parts []string
		for _, name := range []string{"cluster", "pool", "namespace", "name"} {
			var part types.String
			diags := resp.State.GetAttribute(t.Context(), path.Root(name), &part)
			if diags.HasError() || part.ValueString() == "" && !part.IsNull() {
				t.Errorf("%q: %s is %v, %v", id, name, part, diags)
			}
			if !part.IsNull() || name != "namespace" {
				parts = append(parts, part.ValueString())
			}
		}
		if written := strings.Join(parts, "/"); written != id {
			t.Errorf("%q is read as %q", id, written)
		}
	})
}
