package serve

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
)

// NewServer returns the server of a provider, of which nothing of a request outlives the request.
//
// terraform-plugin-framework keeps the context of each request, with the loggers in it, until the provider is told to stop: some 15 KB a
// request, and three requests for each resource of a plan. With thousands of resources the heap is then full of what nobody needs any more,
// and most of the time goes into collecting it.
func NewServer(p provider.Provider) tfprotov6.ProviderServer {
	served := providerserver.NewProtocol6(p)()
	if lists, ok := served.(server); ok {
		return requests{lists, &atomic.Bool{}}
	}
	return served
}

// server is what the framework serves of this provider.
type server interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
}

// requests lets go of the contexts of the requests that come once for each object, or each call of a function.
type requests struct {
	server

	applies *atomic.Bool // a change has come since the provider was configured
}

func (r requests) ConfigureProvider(
	ctx context.Context, req *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	r.applies.Store(false)
	return r.server.ConfigureProvider(ctx, req)
}

// ofApply returns the context of a plan or a read: where Terraform applies, each is the beginning of an operation that changes something,
// and a cluster or hypervisor that did not answer another one is tried again.
func (r requests) ofApply(ctx context.Context) context.Context {
	if r.applies.Load() {
		return breaker.Retry(ctx)
	}
	return ctx
}

// during serves a request with a context that is empty afterwards.
func during[Request, Response any](
	ctx context.Context, req *Request, serve func(context.Context, *Request) (*Response, error),
) (*Response, error) {
	held := &requestContext{}
	held.current.Store(&ctx)
	defer held.current.Store(&ended)
	return serve(held, req)
}

// requestContext is the context of a request until its end, and afterwards one that has ended and holds nothing.
type requestContext struct {
	current atomic.Pointer[context.Context]
}

// ended is what is left of the context of a request.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (c *requestContext) Deadline() (time.Time, bool) { return (*c.current.Load()).Deadline() }
func (c *requestContext) Done() <-chan struct{}       { return (*c.current.Load()).Done() }
func (c *requestContext) Err() error                  { return (*c.current.Load()).Err() }
func (c *requestContext) Value(key any) any           { return (*c.current.Load()).Value(key) }

func (r requests) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return during(ctx, req, r.server.ValidateResourceConfig)
}

func (r requests) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return during(ctx, req, r.server.UpgradeResourceState)
}

func (r requests) UpgradeResourceIdentity(
	ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest,
) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return during(ctx, req, r.server.UpgradeResourceIdentity)
}

func (r requests) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return during(ctx, req, r.server.ReadResource)
}

func (r requests) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return during(r.ofApply(ctx), req, r.server.PlanResourceChange)
}

func (r requests) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	r.applies.Store(true)
	return during(ctx, req, r.server.ApplyResourceChange)
}

func (r requests) ImportResourceState(
	ctx context.Context, req *tfprotov6.ImportResourceStateRequest,
) (*tfprotov6.ImportResourceStateResponse, error) {
	return during(ctx, req, r.server.ImportResourceState)
}

func (r requests) MoveResourceState(
	ctx context.Context, req *tfprotov6.MoveResourceStateRequest,
) (*tfprotov6.MoveResourceStateResponse, error) {
	return during(ctx, req, r.server.MoveResourceState)
}

func (r requests) ValidateDataResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return during(ctx, req, r.server.ValidateDataResourceConfig)
}

func (r requests) ReadDataSource(
	ctx context.Context, req *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	return during(r.ofApply(ctx), req, r.server.ReadDataSource)
}

func (r requests) ValidateEphemeralResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateEphemeralResourceConfigRequest,
) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return during(ctx, req, r.server.ValidateEphemeralResourceConfig)
}

func (r requests) OpenEphemeralResource(
	ctx context.Context, req *tfprotov6.OpenEphemeralResourceRequest,
) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return during(r.ofApply(ctx), req, r.server.OpenEphemeralResource)
}

func (r requests) RenewEphemeralResource(
	ctx context.Context, req *tfprotov6.RenewEphemeralResourceRequest,
) (*tfprotov6.RenewEphemeralResourceResponse, error) {
	return during(ctx, req, r.server.RenewEphemeralResource)
}

func (r requests) CloseEphemeralResource(
	ctx context.Context, req *tfprotov6.CloseEphemeralResourceRequest,
) (*tfprotov6.CloseEphemeralResourceResponse, error) {
	return during(ctx, req, r.server.CloseEphemeralResource)
}

func (r requests) CallFunction(
	ctx context.Context, req *tfprotov6.CallFunctionRequest,
) (*tfprotov6.CallFunctionResponse, error) {
	return during(ctx, req, r.server.CallFunction)
}

func (r requests) GenerateResourceConfig(
	ctx context.Context, req *tfprotov6.GenerateResourceConfigRequest,
) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return during(ctx, req, r.server.GenerateResourceConfig)
}
