package libvirtcephsecret

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// visit calls found for each secret, in the order of usage names, until it returns false. Each is the given model with what the host tells
// of it: of its value the fingerprint, and that only if values is set. It returns the label of the hypervisor.
func (f *filter) visit(
	ctx context.Context, connections *tfkit.Connections, imported model, values bool, diags *diag.Diagnostics, found func(model) bool,
) (types.String, error) {
	entry, err := connections.Hypervisors.ApplyEntry(ctx, f.Hypervisor, types.StringNull(), diags)
	if err != nil {
		return entry.Label, err
	}
	secrets, err := entry.Target.Secrets(ctx, libvirt.UsageCeph)
	if err != nil {
		return entry.Label, err
	}
	fits := tfkit.Fits(f.NamePattern)
	secrets = slices.DeleteFunc(secrets, func(s libvirt.Secret) bool { return !fits(s.UsageName) })
	read := func(ctx context.Context, secret libvirt.Secret) (model, error) {
		m := imported
		m.Hypervisor, m.HostUUID = entry.Label, entry.Identity
		m.fromAPI(secret)
		if !values {
			return m, nil
		}
		value, held, err := entry.Target.SecretValue(ctx, secret.UUID)
		m.readValue(value, held, noFingerprint)
		return m, err
	}
	return entry.Label, libvirt.VisitEach(ctx, secrets, read, found)
}

// ListResourceConfigSchema describes a list block.
func (r *secretResource) ListResourceConfigSchema(
	ctx context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the ceph secrets of a libvirt host for `terraform query`, as by `virsh secret-list`, so that" +
			" `libvirt_ceph_secret` can adopt them. No value is in the result: `key` is null, as after an import.",
		Attributes: tfkit.Filters(ctx, NewDataSources()),
	}
}

// List streams the secrets.
func (r *secretResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list libvirt secrets", nil,
		func(f filter, results *tfkit.ListResults[model]) error {
			_, err := f.visit(ctx, r.Connections, results.Imported, results.Whole, &results.Diags, func(m model) bool {
				return results.Add(ctx, m.UsageName.ValueString(), m.identity(), &m)
			})
			return err
		})
}
