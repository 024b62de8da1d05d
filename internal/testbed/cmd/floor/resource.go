package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// floorResource has the name, the schema and the identity of a resource, and none of its work.
type floorResource struct{ of resource.Resource }

var _ resource.ResourceWithIdentity = floorResource{}

func (r floorResource) Metadata(ctx context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	r.of.Metadata(ctx, req, resp)
}

func (r floorResource) Schema(ctx context.Context, req resource.SchemaRequest, resp *resource.SchemaResponse) {
	r.of.Schema(ctx, req, resp)
	resp.Schema = stripped(resp.Schema)
}

func (r floorResource) IdentitySchema(ctx context.Context, req resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	if identified, ok := r.of.(resource.ResourceWithIdentity); ok {
		identified.IdentitySchema(ctx, req, resp)
	}
}

func (floorResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	record(ctx, req.Plan, &resp.State, resp.Identity, &resp.Diagnostics)
}

// Read returns the state as it is, with an identity, which Terraform before 1.12 has not kept.
func (floorResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	identify(ctx, req.State.Raw, resp.Identity, &resp.Diagnostics)
}

func (floorResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	record(ctx, req.Plan, &resp.State, resp.Identity, &resp.Diagnostics)
}

func (floorResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// record makes the plan the state.
func record(ctx context.Context, plan tfsdk.Plan, state *tfsdk.State, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	filled, err := fillUnknown(plan.Raw)
	if err != nil {
		diags.AddError("Plan not understood", err.Error())
		return
	}
	state.Raw = filled
	identify(ctx, filled, identity, diags)
}

// identify makes an identity of the attributes of the same names.
func identify(ctx context.Context, object tftypes.Value, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) {
	if identity == nil {
		return
	}
	var err error
	if identity.Raw, err = pick(object, identity.Schema.Type().TerraformType(ctx)); err != nil {
		diags.AddError("Identity not understood", err.Error())
	}
}

// fillUnknown gives each unknown value a fixed one of its type.
func fillUnknown(value tftypes.Value) (tftypes.Value, error) {
	return tftypes.Transform(value, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.IsKnown() {
			return v, nil
		}
		return tftypes.NewValue(v.Type(), fixed(v.Type())), nil
	})
}

// fixed is null for what has elements or attributes.
func fixed(of tftypes.Type) any {
	switch {
	case of.Is(tftypes.String):
		return "0"
	case of.Is(tftypes.Number):
		return 0
	case of.Is(tftypes.Bool):
		return false
	}
	return nil
}

// pick returns those attributes of an object that another type of object has.
func pick(from tftypes.Value, to tftypes.Type) (tftypes.Value, error) {
	var all map[string]tftypes.Value
	if err := from.As(&all); err != nil {
		return tftypes.Value{}, err
	}
	object, ok := to.(tftypes.Object)
	if !ok {
		return tftypes.NewValue(to, nil), nil
	}
	picked := make(map[string]tftypes.Value, len(object.AttributeTypes))
	for name, of := range object.AttributeTypes {
		picked[name] = tftypes.NewValue(of, nil)
		if value, ok := all[name]; ok && value.Type().Equal(of) {
			picked[name] = value
		}
	}
	return tftypes.NewValue(to, picked), nil
}
