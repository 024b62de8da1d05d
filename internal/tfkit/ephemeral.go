package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
)

// EphemeralBase is embedded in every ephemeral resource: it takes over the connections of the provider.
type EphemeralBase struct {
	*Connections
}

// Configure takes over the connections.
func (b *EphemeralBase) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}
