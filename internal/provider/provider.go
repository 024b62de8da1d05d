// Package provider is the provider block. It makes connections of its clusters and hypervisors, and lists every
// resource, data source, ephemeral resource, list resource and function there is.
package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/functions"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephcluster"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephcrushrule"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cepherasurecodeprofile"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephpool"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephrbdimage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephrbdnamespace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephrbdsnapshot"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephuser"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/cephuserkey"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/libvirtcephsecret"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/libvirtrbddisk"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/resources/libvirtvolumesecret"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var (
	_ provider.ProviderWithEphemeralResources = (*cephProvider)(nil)
	_ provider.ProviderWithFunctions          = (*cephProvider)(nil)
	_ provider.ProviderWithListResources      = (*cephProvider)(nil)
)

// resources are all types of resources. Each can be listed too.
var resources = []func() tfkit.Resource{
	cephpool.NewResource,
	cephuser.NewResource,
	cephrbdimage.NewResource,
	cephrbdnamespace.NewResource,
	cephrbdsnapshot.NewResource,
	cephcrushrule.NewResource,
	cepherasurecodeprofile.NewResource,
	libvirtcephsecret.NewResource,
	libvirtvolumesecret.NewResource,
	libvirtrbddisk.NewResource,
}

type cephProvider struct {
	version string
	dial    ceph.Dial

	mu         sync.Mutex
	configured []*tfkit.Connections
}

// New returns the provider. Dial makes the connections to clusters: it is rados.Dial, except in tests without librados.
func New(version string, dial ceph.Dial) func() provider.Provider {
	return func() provider.Provider { return &cephProvider{version: version, dial: dial} }
}

func (p *cephProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "ceph"
	resp.Version = p.version
}

func (p *cephProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	tflog.Info(ctx, "terraform-provider-ceph "+p.version)
	connections := tfkit.NewConnections()
	p.addClusters(ctx, config, connections, &resp.Diagnostics)
	addHypervisors(ctx, config, connections, &resp.Diagnostics)
	p.mu.Lock()
	p.configured = append(p.configured, connections)
	p.mu.Unlock()
	resp.ResourceData = connections
	resp.DataSourceData = connections
	resp.EphemeralResourceData = connections
	resp.ListResourceData = connections
}

// Close ends all connections. A provider is never told to, as its process ends with it; who serves one in a process of their own calls it
// (io.Closer).
func (p *cephProvider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, connections := range p.configured {
		connections.Close()
	}
	p.configured = nil
	return nil
}

func (p *cephProvider) Resources(context.Context) []func() resource.Resource {
	made := make([]func() resource.Resource, len(resources))
	for i, newResource := range resources {
		made[i] = func() resource.Resource { return newResource() }
	}
	return made
}

func (p *cephProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		cephcluster.NewDataSource,
		cephcrushrule.NewDataSource,
		cepherasurecodeprofile.NewDataSource,
		cephpool.NewDataSource,
		cephpool.NewDataSources,
		cephuser.NewDataSource,
		cephuser.NewDataSources,
		cephrbdimage.NewDataSource,
		cephrbdimage.NewDataSources,
		libvirtcephsecret.NewDataSource,
		libvirtcephsecret.NewDataSources,
		libvirtrbddisk.NewDomainDataSource,
		libvirtrbddisk.NewDomainsDataSource,
	}
}

func (p *cephProvider) ListResources(context.Context) []func() list.ListResource {
	made := make([]func() list.ListResource, len(resources))
	for i, newResource := range resources {
		made[i] = func() list.ListResource { return newResource() }
	}
	return made
}

func (p *cephProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		cephuserkey.NewEphemeralResource,
	}
}

func (p *cephProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		functions.NewKeyring,
		functions.NewMonHost,
		functions.NewBytes,
		functions.NewSize,
		functions.NewRBDCaps,
	}
}
