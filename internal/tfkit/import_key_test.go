package tfkit

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// imported is what an import id writes to the attributes, in the order of the key; empty for one that is null.
func imported(t *testing.T, key ImportKey, id string) ([]string, diag.Diagnostics) {
	t.Helper()
	attributes := map[string]schema.Attribute{}
	for _, name := range key.Attributes {
		attributes[name] = schema.StringAttribute{Optional: true}
	}
	form := schema.Schema{Attributes: attributes}
	empty := tftypes.NewValue(form.Type().TerraformType(t.Context()), nil)
	resp := resource.ImportStateResponse{State: tfsdk.State{Schema: form, Raw: empty}}
	key.Import(t.Context(), resource.ImportStateRequest{ID: id}, &resp)
	values := make([]string, len(key.Attributes))
	if resp.Diagnostics.HasError() {
		if !resp.State.Raw.IsNull() {
			t.Errorf("%q is refused, and in the state: %v", id, resp.State.Raw)
		}
		return nil, resp.Diagnostics
	}
	for i, name := range key.Attributes {
		var value types.String
		resp.Diagnostics.Append(resp.State.GetAttribute(t.Context(), path.Root(name), &value)...)
		values[i] = value.ValueString()
	}
	return values, resp.Diagnostics
}

func TestImportKey(t *testing.T) {
	pool := ImportKey{"CLUSTER/POOL", []string{"cluster", "name"}}
	image := ImportKey{"CLUSTER/POOL[/NAMESPACE]/IMAGE", []string{"cluster", "pool", "namespace", "name"}}
	snapshot := ImportKey{"CLUSTER/POOL[/NAMESPACE]/IMAGE@SNAPSHOT", []string{"cluster", "pool", "namespace", "image", "name"}}
	for _, test := range []struct {
		key  ImportKey
		id   string
		want []string // nil where the id is refused
	}{
		{pool, "east/vms", []string{"east", "vms"}},
		{pool, "east/odd name@1", []string{"east", "odd name@1"}},
		{pool, "east", nil},
		{pool, "east/", nil},
		{pool, "/vms", nil},
		{pool, "east/vms/data", nil},
		{image, "east/vms/data", []string{"east", "vms", "", "data"}},
		{image, "east/vms/tenant/data", []string{"east", "vms", "tenant", "data"}},
		{image, "east//data", nil},
		{image, "east/vms//data", nil},
		{image, "vms/data", nil},
		{snapshot, "east/vms/data@daily", []string{"east", "vms", "", "data", "daily"}},
		{snapshot, "east/vms/tenant/data@daily", []string{"east", "vms", "tenant", "data", "daily"}},
		{snapshot, "ceph@dc1/odd@pool/data@daily", []string{"ceph@dc1", "odd@pool", "", "data", "daily"}},
		{snapshot, "east/vms/data", nil},
		{snapshot, "east/vms/data@", nil},
		{snapshot, "east/vms/data@daily@weekly", nil},
		{snapshot, "east/vms@data/daily", nil},
	} {
		got, diags := imported(t, test.key, test.id)
		if !slices.Equal(got, test.want) || diags.HasError() != (test.want == nil) {
			t.Errorf("%q as %s: got %q, %v", test.id, test.key.Form, got, diags)
		}
		if diags.HasError() && !strings.HasSuffix(diags[0].Detail(), "is not of the form "+test.key.Form+".") {
			t.Errorf("%q as %s: %v", test.id, test.key.Form, diags)
		}
	}
	for name, attribute := range snapshot.Schema().Attributes {
		if optional := name == "namespace"; attribute.IsOptionalForImport() != optional || attribute.IsRequiredForImport() == optional {
			t.Errorf("%s: %+v", name, attribute)
		}
	}
}
