package main

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	ours "github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
)

// A schema keeps its attributes, types and defaults, and loses whatever of it is code of the provider, at any depth.
func TestStripped(t *testing.T) {
	for _, newResource := range ours.New("test", nil)().Resources(context.Background()) {
		var before resource.SchemaResponse
		newResource().Schema(t.Context(), resource.SchemaRequest{}, &before)
		after := stripped(before.Schema)
		if !after.Type().Equal(before.Schema.Type()) {
			t.Errorf("the type has changed: %v", after.Type())
		}
		had, has := fields(reflect.ValueOf(before.Schema)), fields(reflect.ValueOf(after))
		if had["Validators"] == 0 || has["Validators"]+has["PlanModifiers"] > 0 || had["Default"] != has["Default"] {
			t.Errorf("set fields by name: %v before, %v after", had, has)
		}
	}
}

// fields counts the fields of attributes that are set, by name.
func fields(value reflect.Value) map[string]int {
	counts := map[string]int{}
	var count func(reflect.Value)
	count = func(v reflect.Value) {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() == reflect.Map {
			for _, key := range v.MapKeys() {
				count(v.MapIndex(key))
			}
			return
		}
		if v.Kind() != reflect.Struct {
			return
		}
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; name {
			case "Attributes", "Blocks", "NestedObject":
				count(v.Field(i))
			case "Validators", "PlanModifiers", "Default":
				if !v.Field(i).IsZero() {
					counts[name]++
				}
			}
		}
	}
	count(value)
	return counts
}

// What is recorded has no unknown value, and its identity what has the same name.
func TestRecordedValues(t *testing.T) {
	attributes := map[string]tftypes.Type{
		"name": tftypes.String, "entity": tftypes.String, "count": tftypes.Number, "on": tftypes.Bool,
		"tags": tftypes.List{ElementType: tftypes.String},
	}
	planned := map[string]tftypes.Value{"name": tftypes.NewValue(tftypes.String, "a")}
	for _, name := range []string{"entity", "count", "on", "tags"} {
		planned[name] = tftypes.NewValue(attributes[name], tftypes.UnknownValue)
	}
	filled, err := fillUnknown(tftypes.NewValue(tftypes.Object{AttributeTypes: attributes}, planned))
	if err != nil || !filled.IsFullyKnown() {
		t.Fatalf("filled: %v, %v", filled, err)
	}
	identity, err := pick(filled, tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"name": tftypes.String, "entity": tftypes.String, "other": tftypes.String, "count": tftypes.String,
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]tftypes.Value
	if err := identity.As(&got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{"name": "a", "entity": "0", "other": nil, "count": nil} {
		if !got[name].Equal(tftypes.NewValue(tftypes.String, want)) {
			t.Errorf("%s of the identity is %s", name, fmt.Sprint(got[name]))
		}
	}
}
