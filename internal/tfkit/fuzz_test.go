package tfkit

import (
	"math"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func FuzzParseSize(f *testing.F) {
	for _, text := range []string{"30GiB", "30720M", "512", "0", "1 KiB", "7EiB", "8EiB", "30GB", "-1", "9223372036854775807", "1\nG"} {
		f.Add(text, uint64(len(text))<<40)
	}
	f.Add("", uint64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, text string, bytes uint64) {
		if size, err := ParseSize(text); err == nil {
			if size > math.MaxInt64 || !SameSize(text, FormatSize(size)) || strings.ContainsAny(text, "\r\n") {
				t.Errorf("%q is %d bytes, which is written as %s", text, size, FormatSize(size))
			}
		} else if SameSize(text, text) {
			t.Errorf("%q is no size, and the same size as itself", text)
		}
		bytes &= math.MaxInt64
		if size, err := ParseSize(FormatSize(bytes)); err != nil || size != bytes {
			t.Errorf("%d is written as %s, and read as %d, %v", bytes, FormatSize(bytes), size, err)
		}
	})
}

func FuzzImportKey(f *testing.F) {
	for _, id := range []string{"east/vms", "east", "east/", "//", "a/b/c", "kvm1/guest/vdb", "east/odd name"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" {
			return // Then Terraform gives an identity instead.
		}
		for _, key := range []ImportKey{{"cluster", "name"}, {"hypervisor", "domain", "target_dev"}} {
			attributes := map[string]schema.Attribute{}
			for _, name := range key {
				attributes[name] = schema.StringAttribute{Optional: true}
			}
			form := schema.Schema{Attributes: attributes}
			empty := tftypes.NewValue(form.Type().TerraformType(t.Context()), nil)
			resp := resource.ImportStateResponse{State: tfsdk.State{Schema: form, Raw: empty}}
			if !key.Import(t.Context(), resource.ImportStateRequest{ID: id}, &resp) {
				if !resp.Diagnostics.HasError() {
					t.Errorf("%q is refused as %s without an error", id, key.Form())
				}
				continue
			}
			parts := make([]string, len(key))
			for i, name := range key {
				if diags := resp.State.GetAttribute(t.Context(), path.Root(name), &parts[i]); diags.HasError() || parts[i] == "" {
					t.Errorf("%q: %s is %q, %v", id, name, parts[i], diags)
				}
			}
			if written := strings.Join(parts, "/"); written != id {
				t.Errorf("%q is read as %q", id, written)
			}
		}
	})
}
