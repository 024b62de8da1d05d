package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewDataSources returns the data source of several secrets.
func NewDataSources() datasource.DataSource {
	return &secretsDataSource{tfkit.DataSourceBase{TypeName: resourceType.Name + "s"}}
}

type secretsDataSource struct{ tfkit.DataSourceBase }

type secretsModel struct {
	filter
	Secrets types.List `tfsdk:"secrets"`
}

func (d *secretsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	listed := tfkit.Listed(ctx, NewResource())
	listed["key_wo_version"] = schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "What an import records of the value: its fingerprint, or `missing` where the secret has none. Null where it is" +
			" private. A configuration that has it as its own leaves the value alone.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The ceph secrets of a libvirt host, as by `virsh secret-list`, each with the arguments that `libvirt_ceph_secret`" +
			" has for it and the `id` by which it is imported. No value is in the result: of each that libvirt tells only the fingerprint is" +
			" kept, which is equal to `key_fingerprint` of the user whose key it is.",
		Attributes: map[string]schema.Attribute{
			"hypervisor":   tfkit.LabelArgument("hypervisor"),
			"name_pattern": tfkit.NamePattern("the secrets' usage names"),
			"secrets": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The secrets, in the order of their usage names.",
				NestedObject:        schema.NestedAttributeObject{Attributes: listed},
			},
		},
	}
}

func (d *secretsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to list libvirt secrets"
	var data secretsModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	var found []model
	label, err := data.visit(ctx, d.Connections, model{}, true, &resp.Diagnostics, func(m model) bool {
		found = append(found, m)
		return true
	})
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data.Hypervisor, data.Secrets = label, tfkit.ListOf(ctx, resp.State, "secrets", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}
