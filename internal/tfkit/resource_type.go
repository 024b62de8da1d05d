package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// ResourceType is what a type of resources is called, and how its objects are imported.
type ResourceType struct {
	Name           string // such as ceph_pool
	ImportKey      ImportKey
	ImportDefaults ImportDefaults
}

// Metadata tells the type's name, and that an object's identity can change: labels can be renamed, and most objects too. The framework
// calls it.
func (b *Base) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = b.Type.Name
	resp.ResourceBehavior.MutableIdentity = true
}

// IdentitySchema describes by what an object is known. The framework calls it.
func (b *Base) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = b.Type.ImportKey.Schema()
}

// ImportState sets what an import knows; the read that follows fills the rest. The framework calls it.
func (b *Base) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	b.Type.ImportKey.Import(ctx, req, resp)
	if !resp.Diagnostics.HasError() {
		b.Type.ImportDefaults.Set(ctx, &resp.State, &resp.Diagnostics)
	}
}
