package tfkit

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
)

// EphemeralBase is embedded in every ephemeral resource: it takes over the connections of the provider.
type EphemeralBase struct {
	*Connections
}

// Configure takes over the connections. Terraform validates before it configures: then there are none.
func (b *EphemeralBase) Configure(_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	connections, ok := req.ProviderData.(*Connections)
	if !ok {
		resp.Diagnostics.AddError("Unexpected provider data", fmt.Sprintf("%T is a mistake in the provider. Please report it.", req.ProviderData))
		return
	}
	b.Connections = connections
}
