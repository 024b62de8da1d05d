package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// DataSourceBase is embedded in every data source. It knows the data source's type, and stores the connections of the provider.
type DataSourceBase struct {
	*Connections

	TypeName string // such as ceph_pools
}

// Metadata tells the type's name. The framework calls it.
func (b *DataSourceBase) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = b.TypeName
}

// Configure stores the connections. The framework calls it.
func (b *DataSourceBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}

// EphemeralBase is embedded in every ephemeral resource. It stores the connections of the provider.
type EphemeralBase struct {
	*Connections
}

// Configure stores the connections. The framework calls it.
func (b *EphemeralBase) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}

// Resource is what each type of resources is to the provider: one with an identity, by which it is imported, with a plan of its own, and
// that can be listed.
type Resource interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity
	resource.ResourceWithImportState
	resource.ResourceWithModifyPlan
	list.ListResource
}

// Base is embedded in every resource. It knows the resource's type, and stores the connections of the provider.
type Base struct {
	*Connections

	Type ResourceType
}

// Configure stores the connections. The framework calls it.
func (b *Base) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}

// provided returns the connections that the provider passes on. There are none while Terraform validates, which is before it configures.
func provided(data any, diags *diag.Diagnostics) *Connections {
	connections, ok := data.(*Connections)
	if !ok && data != nil {
		diags.AddError("Unexpected provider data", fmt.Sprintf("%T is a mistake in the provider. Please report it.", data))
	}
	return connections
}
