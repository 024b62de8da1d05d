// Command floor is the provider without its own work, for the benchmark: the same schemas, served by the same main, whose resources only
// copy the plan or the state. What Terraform takes with it is what the schemas cost, and nothing that the provider does could be faster.
package main

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	ours "github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/serve"
)

func main() {
	serve.Main(func() provider.Provider {
		served, ok := ours.New("floor", rados.Dial)().(full)
		if !ok {
			panic("the provider serves less than the floor expects")
		}
		return floorProvider{served}
	})
}

// full is all that the provider serves.
type full = interface {
	provider.ProviderWithEphemeralResources
	provider.ProviderWithFunctions
	provider.ProviderWithListResources
}

type floorProvider struct{ full }

// Configure accepts any provider block and connects to nothing.
func (floorProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (p floorProvider) Resources(ctx context.Context) []func() resource.Resource {
	var wrapped []func() resource.Resource
	for _, newResource := range p.full.Resources(ctx) {
		wrapped = append(wrapped, func() resource.Resource { return floorResource{newResource()} })
	}
	return wrapped
}
