package tfkit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// DefaultTimeout is the time limit of an operation where the resource's timeouts set none.
const DefaultTimeout = 10 * time.Minute

// TimeoutsAttribute are the time limits of a resource's operations. The deletion has its own default; what is to be said of the limit of
// updates besides follows its description.
func TimeoutsAttribute(ctx context.Context, deletion time.Duration, updates ...string) schema.Attribute {
	limit := func(what string, limit time.Duration) string {
		return fmt.Sprintf("%s Default: `%s`. A duration such as `\"30s\"` or `\"1h\"`.", what, FormatDuration(limit))
	}
	describe := func(what string) string { return limit(what, DefaultTimeout) }
	attribute := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, CreateDescription: describe("How long making it may take."),
		Read: true, ReadDescription: describe("How long reading it may take, at each refresh."),
		Update: true, UpdateDescription: strings.Join(append([]string{describe("How long changing it may take.")}, updates...), " "),
		Delete: true, DeleteDescription: limit("How long deleting it may take. It takes effect once an apply has set it.", deletion),
	})
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "Time limits of the operations, after which they end with an error and the state tells how far they came." +
			" Stored by Terraform only."
		return nested
	}
	return attribute
}

// FormatDuration writes a duration as users write it: 5m and 24h, not Go's 5m0s and 24h0m0s.
func FormatDuration(d time.Duration) string {
	return strings.Replace(strings.Replace(d.String(), "m0s", "m", 1), "h0m", "h", 1)
}

// TimeLimit is a time limit as configured, one of the methods of timeouts.Value, or the default that it is given.
type TimeLimit = func(context.Context, time.Duration) (time.Duration, diag.Diagnostics)

// withTimeout limits an operation to the time in the resource's timeouts, with what package grace leaves for its end.
func withTimeout(ctx context.Context, configured TimeLimit, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	timeout, d := configured(ctx, DefaultTimeout)
	diags.Append(d...)
	return grace.WithTimeout(ctx, timeout)
}

// ReadBack returns a context for reading what a change has left: the change's own, or, where its time is over already, what package grace
// leaves for its end.
func ReadBack(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return grace.Context(ctx, grace.Period)
}

// StartRefresh begins a read of what is recorded, with its configured time limit. Readings of a moment ago may serve it.
func StartRefresh(ctx context.Context, configured TimeLimit, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	return withTimeout(readcache.Share(ctx), configured, diags)
}

// StartChange begins a create, update or delete, with its configured time limit. It may try to connect again to a cluster or hypervisor
// that did not answer before; a read and a plan may only where Terraform applies.
func StartChange(ctx context.Context, configured TimeLimit, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	return withTimeout(breaker.Retry(ctx), configured, diags)
}
