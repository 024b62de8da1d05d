package cephuser

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSource returns the data source.
func NewDataSource() datasource.DataSource {
	return &userDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name}}
}

type userDataSource struct{ tfkit.DataSourceBase }

type dataModel struct {
	ID             types.String `tfsdk:"id"`
	Cluster        types.String `tfsdk:"cluster"`
	Name           types.String `tfsdk:"name"`
	IncludeKey     types.Bool   `tfsdk:"include_key"`
	Entity         types.String `tfsdk:"entity"`
	Caps           types.Map    `tfsdk:"caps"`
	Key            types.String `tfsdk:"key"`
	KeyFingerprint types.String `tfsdk:"key_fingerprint"`
	Clients        types.List   `tfsdk:"clients"`
	FSID           types.String `tfsdk:"fsid"`
}

func (d *userDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A cephx user that exists, as by `ceph auth get`.",
		Attributes: map[string]schema.Attribute{
			"id":      tfkit.ComputedText("`CLUSTER/NAME`."),
			"cluster": tfkit.LabelArgument("cluster"),
			"name": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name without its type: `admin` for `client.admin`.",
				Validators:          []validator.String{tfkit.UserValidator()},
			},
			"include_key": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "Whether `key` is read, which puts it into the state. Default: `false`.",
			},
			"entity": tfkit.ComputedText("The full name, such as `client.admin`."),
			"caps":   tfkit.ComputedMap("Capabilities by service."),
			"key": schema.StringAttribute{
				Computed: true, Sensitive: true,
				MarkdownDescription: "The key in base64; null without `include_key`.",
			},
			"key_fingerprint": tfkit.ComputedText("`sha256:` and the hexadecimal SHA-256 of the decoded key, safe to show."),
			"clients": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Addresses of the clients that are connected as this user, such as `192.0.2.7:0/1234`, without the provider" +
					" itself, in order: the sessions of all monitors. Empty means that no client holds a session; a guest whose key was replaced under" +
					" it may still run. Null, with a warning, where the provider's user may not ask (it needs mon caps of `allow service mon" +
					" rwx`), and where one of the monitors can't be reached from here. As by `ceph tell mon.* sessions`.",
			},
			"fsid": tfkit.ComputedText("The cluster's fsid."),
		},
	}
}

func (d *userDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read Ceph user"
	var data dataModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Clusters.ApplyEntry(ctx, data.Cluster, types.StringNull(), &resp.Diagnostics)
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	user, err := entry.Target.User(ctx, data.Name.ValueString())
	if err == nil {
		err = user.Key.Check()
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	clients := connected(ctx, entry.Target, user.Entity, &resp.Diagnostics)
	found := model{Cluster: entry.Label, KeyInState: data.IncludeKey, Caps: types.MapNull(types.StringType)}
	found.fromAPI(user)
	resp.Diagnostics.Append(resp.State.Set(ctx, &dataModel{
		ID: found.ID, Cluster: entry.Label, Name: found.Name, IncludeKey: data.IncludeKey, Entity: found.Entity, Caps: found.Caps,
		Key: found.Key, KeyFingerprint: found.KeyFingerprint, Clients: clients, FSID: entry.Identity,
	})...)
}

// clientsLimit is the timeout for the sessions of the monitors. Each of them is asked, and where one is out of reach from here librados
// says so after eight seconds, three times.
const clientsLimit = 40 * time.Second

// connected lists the addresses of an entity's clients; null where it can't be known.
func connected(ctx context.Context, cluster *ceph.Cluster, entity string, diags *diag.Diagnostics) types.List {
	// Not an optional question: one monitor that is silent says nothing of the cluster.
	asking, cancel := context.WithTimeout(ctx, clientsLimit)
	defer cancel()
	clients, err := cluster.Clients(asking, entity)
	unknown := problem.Is(err, problem.Unreachable) && ctx.Err() == nil
	if unknown || problem.Is(err, problem.Denied) || problem.Is(err, problem.Unsupported) {
		tfkit.AddWarning(diags, "Clients of Ceph user not listed", err)
		return types.ListNull(types.StringType)
	}
	if err != nil {
		tfkit.AddError(diags, "Unable to list clients of Ceph user", err)
		return types.ListNull(types.StringType)
	}
	addresses := make([]attr.Value, len(clients))
	for i, client := range clients {
		addresses[i] = types.StringValue(client.Addr)
	}
	return types.ListValueMust(types.StringType, addresses)
}
