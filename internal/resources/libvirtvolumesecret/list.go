package libvirtvolumesecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects secrets.
type filter struct {
	Hypervisor  types.String `tfsdk:"hypervisor"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *secretResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the volume secrets of a libvirt host for `terraform query`, as by `virsh secret-list`, so that" +
			" `libvirt_volume_secret` can adopt them. No value is read.",
		Attributes: map[string]schema.Attribute{
			"hypervisor":   tfkit.Filter(tfkit.LabelArgument("hypervisor")),
			"name_pattern": tfkit.Filter(tfkit.NamePattern("the secrets' volumes")),
		},
	}
}

// List streams the secrets.
func (r *secretResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list libvirt secrets", nil, func(f filter, results *tfkit.ListResults[model]) error {
		entry, err := r.Hypervisors.ApplyEntry(ctx, f.Hypervisor, types.StringNull(), &results.Diags)
		if err != nil {
			return err
		}
		secrets, err := entry.Target.Secrets(ctx, libvirt.UsageVolume)
		fits := tfkit.Fits(f.NamePattern)
		for _, secret := range secrets {
			if !fits(secret.UsageName) {
				continue
			}
			m := results.Imported
			m.Hypervisor, m.HostUUID = entry.Label, entry.Identity
			m.fromAPI(secret)
			if !results.Add(ctx, secret.UsageName, m.identity(), &m) {
				return nil
			}
		}
		return err
	})
}
