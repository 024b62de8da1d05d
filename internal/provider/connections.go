package provider

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// Labels of the entries that come from environment variables.
const (
	environmentCluster    = "ceph"
	environmentHypervisor = "libvirt"
)

type model struct {
	Clusters    types.Map `tfsdk:"clusters"`
	Hypervisors types.Map `tfsdk:"hypervisors"`
}

type clusterModel struct {
	MonHost          types.String `tfsdk:"mon_host"`
	ConfigFile       types.String `tfsdk:"config_file"`
	User             types.String `tfsdk:"user"`
	Key              types.String `tfsdk:"key"`
	KeyringFile      types.String `tfsdk:"keyring_file"`
	FSID             types.String `tfsdk:"fsid"`
	Options          types.Map    `tfsdk:"options"`
	ConnectTimeout   types.String `tfsdk:"connect_timeout"`
	OperationTimeout types.String `tfsdk:"operation_timeout"`
}

type hypervisorModel struct {
	URI              types.String `tfsdk:"uri"`
	HostUUID         types.String `tfsdk:"host_uuid"`
	ConnectTimeout   types.String `tfsdk:"connect_timeout"`
	OperationTimeout types.String `tfsdk:"operation_timeout"`
	AllowPlaintext   types.Bool   `tfsdk:"allow_plaintext"`
}

// addClusters adds the configured clusters, or else the one of CEPH_CONF.
func (p *cephProvider) addClusters(ctx context.Context, config model, connections *tfkit.Connections, diags *diag.Diagnostics) {
	switch {
	case config.Clusters.IsUnknown():
		connections.Clusters.SetUnknown()
	case config.Clusters.IsNull():
		file := os.Getenv("CEPH_CONF")
		switch {
		case file == "":
		case config.Hypervisors.IsUnknown(): // The provider block is not complete yet, and the environment counts once it is.
			connections.Clusters.SetUnknown()
		default:
			connections.Clusters.AddFromEnvironment(environmentCluster, "CEPH_CONF", p.newCluster(ceph.Config{
				Label: environmentCluster, ConfigFile: file, KeyringFile: os.Getenv("CEPH_KEYRING"),
			}))
		}
	}
	for label, element := range config.Clusters.Elements() {
		var entry clusterModel
		object, ok := element.(types.Object)
		if !ok || !tfkit.FullyKnown(ctx, object) {
			connections.Clusters.AddUnknown(label)
			continue
		}
		diags.Append(object.As(ctx, &entry, basetypes.ObjectAsOptions{})...)
		settings := ceph.Config{
			Label: label, MonHost: entry.MonHost.ValueString(), ConfigFile: entry.ConfigFile.ValueString(), User: entry.User.ValueString(),
			Key: tfkit.KeyOf(entry.Key), KeyringFile: entry.KeyringFile.ValueString(), FSID: libvirt.CanonicalUUID(entry.FSID.ValueString()),
			ConnectTimeout: duration(entry.ConnectTimeout), OperationTimeout: duration(entry.OperationTimeout),
		}
		if !entry.Options.IsNull() {
			diags.Append(entry.Options.ElementsAs(ctx, &settings.Options, false)...)
		}
		connections.Clusters.Add(label, p.newCluster(settings))
	}
}

func (p *cephProvider) newCluster(settings ceph.Config) *ceph.Cluster {
	settings.Log, settings.Origin = newLog(), origin()
	return ceph.NewCluster(settings, p.dial)
}

// addHypervisors adds the configured hypervisors, or else the one of LIBVIRT_DEFAULT_URI.
func addHypervisors(ctx context.Context, config model, connections *tfkit.Connections, diags *diag.Diagnostics) {
	switch {
	case config.Hypervisors.IsUnknown():
		connections.Hypervisors.SetUnknown()
	case config.Hypervisors.IsNull():
		uri := os.Getenv("LIBVIRT_DEFAULT_URI")
		switch {
		case uri == "":
		case config.Clusters.IsUnknown():
			connections.Hypervisors.SetUnknown()
		default:
			addEnvironmentHypervisor(connections, uri, diags)
		}
	}
	for label, element := range config.Hypervisors.Elements() {
		var entry hypervisorModel
		object, ok := element.(types.Object)
		if !ok || !tfkit.FullyKnown(ctx, object) {
			connections.Hypervisors.AddUnknown(label)
			continue
		}
		diags.Append(object.As(ctx, &entry, basetypes.ObjectAsOptions{})...)
		host, err := newHost(connections, label, entry)
		if err != nil {
			tfkit.AddAttributeError(diags, path.Root("hypervisors").AtMapKey(label).AtName("uri"), "Invalid libvirt URI", err)
			continue
		}
		connections.Hypervisors.Add(label, host)
	}
}

// addEnvironmentHypervisor ignores a URI that can't be used, with a warning: it may be there for other tools, and matters only to resources
// that need a hypervisor.
func addEnvironmentHypervisor(connections *tfkit.Connections, uri string, diags *diag.Diagnostics) {
	host, err := newHost(connections, environmentHypervisor, hypervisorModel{URI: types.StringValue(uri)})
	if err != nil {
		diags.AddWarning("LIBVIRT_DEFAULT_URI is not used", "No hypervisors are configured, and the one that the environment variable"+
			" LIBVIRT_DEFAULT_URI names can't be used. This matters only to resources that need a hypervisor.\n\n"+err.Error())
		return
	}
	connections.Hypervisors.AddFromEnvironment(environmentHypervisor, "LIBVIRT_DEFAULT_URI", host)
}

func newHost(connections *tfkit.Connections, label string, entry hypervisorModel) (*libvirt.Host, error) {
	return libvirt.NewHost(libvirt.Config{
		Label: label, URI: entry.URI.ValueString(), HostUUID: entry.HostUUID.ValueString(), AllowPlaintext: entry.AllowPlaintext.ValueBool(),
		ConnectTimeout: duration(entry.ConnectTimeout), OperationTimeout: duration(entry.OperationTimeout), Log: newLog(),
		DomainLocks: &connections.DomainLocks,
	})
}

// duration of a configured value that has passed its validator; zero, which means the client's default, where there is none.
func duration(configured types.String) time.Duration {
	parsed, _ := time.ParseDuration(configured.ValueString())
	return parsed
}
