package tfkit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
)

// DefaultTimeout of each operation of a resource that sets no other in its timeouts.
const DefaultTimeout = 10 * time.Minute

// Base is embedded in every resource: it takes over the connections of the provider.
type Base struct {
	*Connections
}

// Configure takes over the connections.
func (b *Base) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.Connections = provided(req.ProviderData, &resp.Diagnostics)
}

// provided are the connections that the provider hands out. Terraform validates before it configures: then there are none.
func provided(data any, diags *diag.Diagnostics) *Connections {
	connections, ok := data.(*Connections)
	if !ok && data != nil {
		diags.AddError("Unexpected provider data", fmt.Sprintf("%T is a mistake in the provider. Please report it.", data))
	}
	return connections
}

// TimeoutsAttribute are the time limits of a resource's operations; that of a deletion may have a default of its own.
func TimeoutsAttribute(ctx context.Context, deletion time.Duration) schema.Attribute {
	limit := func(what string, limit time.Duration) string {
		return fmt.Sprintf("%s Default: `%s`. A duration such as `\"30s\"` or `\"1h\"`.", what, FormatDuration(limit))
	}
	describe := func(what string) string { return limit(what, DefaultTimeout) }
	attribute := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, CreateDescription: describe("How long making it may take."),
		Read: true, ReadDescription: describe("How long reading it may take, at each refresh."),
		Update: true, UpdateDescription: describe("How long changing it may take."),
		Delete: true, DeleteDescription: limit("How long deleting it may take. Counts once it has been applied.", deletion),
	})
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "Time limits of the operations, after which they end with an error and the state tells how far they came." +
			" Stored by Terraform only."
		return nested
	}
	return attribute
}

// FormatDuration writes a duration as users do: 5m, where Go has 5m0s.
func FormatDuration(d time.Duration) string { return strings.Replace(d.String(), "m0s", "m", 1) }

// WithTimeout bounds an operation by what the resource's timeouts say, as one of the methods of timeouts.Value.
func WithTimeout(
	ctx context.Context, configured func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	timeout, d := configured(ctx, DefaultTimeout)
	diags.Append(d...)
	return context.WithTimeout(ctx, timeout)
}

// StartChange begins a create, update or delete, bounded as by [WithTimeout]: it may dial a cluster or hypervisor again that did not
// answer before, which a read and a plan don't.
func StartChange(
	ctx context.Context, configured func(context.Context, time.Duration) (time.Duration, diag.Diagnostics), diags *diag.Diagnostics,
) (context.Context, context.CancelFunc) {
	return WithTimeout(breaker.Retry(ctx), configured, diags)
}

// ImportKey is the form of a resource's import id: the attributes that its parts, separated by slashes, are written to.
// They are the attributes of the resource identity too.
type ImportKey []string

// Form is the id as shown to users: CLUSTER/POOL.
func (k ImportKey) Form() string { return strings.ToUpper(strings.Join(k, "/")) }

// Schema is the resource identity's schema.
func (k ImportKey) Schema() identityschema.Schema {
	attributes := make(map[string]identityschema.Attribute, len(k))
	for _, name := range k {
		attributes[name] = identityschema.StringAttribute{RequiredForImport: true}
	}
	return identityschema.Schema{Attributes: attributes}
}

// Import writes the parts of an import id, or of a resource identity, to the attributes that they name.
func (k ImportKey) Import(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) bool {
	for _, name := range k {
		if req.ID == "" {
			var part string
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(name), &part)...)
			resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), part)...)
		}
	}
	if req.ID != "" {
		parts := strings.Split(req.ID, "/")
		for i, name := range k {
			if len(parts) != len(k) || parts[i] == "" {
				resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf("%q is not of the form %s.", req.ID, k.Form()))
				return false
			}
			resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), parts[i])...)
		}
	}
	return !resp.Diagnostics.HasError()
}
