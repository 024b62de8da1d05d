package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// DataSourceBase is embedded in every data source: it takes over the connections of the provider.
type DataSourceBase struct {
	*Connections
}

// Configure takes over the connections.
func (b *DataSourceBase) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}

// LabelArgument is the label of the cluster, or hypervisor, that a data source asks.
func LabelArgument(noun string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: fmt.Sprintf("Label of the %s in the provider block. May be left out where exactly one %s is configured.", noun,
			noun),
		Validators: []validator.String{LabelValidator()},
	}
}
