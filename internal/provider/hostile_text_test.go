package provider

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// keptHere are texts that go neither to a cluster nor to a host, or, in an address, as the numbers that they are read as.
var keptHere = []string{"cluster", "hypervisor", "key_generation", "key_wo_version", "passphrase_wo_version", "address"}

// C ends a text at a NUL, and XML has no way to write it: the object of another name would be meant. So no argument takes one.
func TestNoArgumentTakesANUL(t *testing.T) {
	ctx := context.Background()
	checked := 0
	for _, resourceOf := range New("test", nil)().Resources(ctx) {
		r := resourceOf()
		var name resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "ceph"}, &name)
		var s resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &s)
		checked += expectNULRefused(t, name.TypeName, s.Schema.Attributes)
	}
	if checked < 25 {
		t.Errorf("only %d arguments were checked", checked)
	}
}

func expectNULRefused(t *testing.T, at string, attributes map[string]schema.Attribute) (checked int) {
	t.Helper()
	for name, attribute := range attributes {
		if slices.Contains(keptHere, name) || attribute.IsComputed() && !attribute.IsOptional() {
			continue
		}
		at := at + "." + name
		for _, text := range []string{"a\x00", "/a\x00b", "\x00"} {
			value := types.StringValue(text)
			var refused []bool
			switch a := attribute.(type) {
			case schema.StringAttribute:
				if a.CustomType == nil {
					refused = append(refused, refusesString(a.Validators, value))
				}
			case schema.MapAttribute:
				refused = append(refused,
					refusesMap(a.Validators, types.MapValueMust(types.StringType, map[string]attr.Value{"rbd_x": value})),
					refusesMap(a.Validators, types.MapValueMust(types.StringType, map[string]attr.Value{"rbd_x" + text: types.StringValue("1")})))
			case schema.SetAttribute:
				refused = append(refused, refusesSet(a.Validators, types.SetValueMust(types.StringType, []attr.Value{value})))
			case schema.ListNestedAttribute:
				checked += expectNULRefused(t, at, a.NestedObject.Attributes)
			case schema.SetNestedAttribute:
				checked += expectNULRefused(t, at, a.NestedObject.Attributes)
			case schema.SingleNestedAttribute:
				checked += expectNULRefused(t, at, a.Attributes)
			case schema.BoolAttribute, schema.Int64Attribute, schema.Float64Attribute, schema.NumberAttribute:
			default:
				t.Errorf("%s is a %s, which this test doesn't know", at, reflect.TypeOf(a))
			}
			checked += len(refused)
			if slices.Contains(refused, false) {
				t.Errorf("%s takes %q", at, text)
			}
		}
	}
	return checked
}

func refusesString(validators []validator.String, value types.String) bool {
	var resp validator.StringResponse
	for _, v := range validators {
		if strings.Contains(reflect.TypeOf(v).PkgPath(), "internal/schemavalidator") {
			continue // it looks at other arguments
		}
		if v.ValidateString(context.Background(), validator.StringRequest{ConfigValue: value}, &resp); resp.Diagnostics.HasError() {
			return true
		}
	}
	return false
}

func refusesMap(validators []validator.Map, value types.Map) bool {
	var resp validator.MapResponse
	for _, v := range validators {
		v.ValidateMap(context.Background(), validator.MapRequest{ConfigValue: value}, &resp)
	}
	return resp.Diagnostics.HasError()
}

func refusesSet(validators []validator.Set, value types.Set) bool {
	var resp validator.SetResponse
	for _, v := range validators {
		v.ValidateSet(context.Background(), validator.SetRequest{ConfigValue: value}, &resp)
	}
	return resp.Diagnostics.HasError()
}
