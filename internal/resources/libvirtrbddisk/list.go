package libvirtrbddisk

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// filter selects disks.
type filter struct {
	Hypervisor  types.String `tfsdk:"hypervisor"`
	Domain      types.String `tfsdk:"domain"`
	NamePattern types.String `tfsdk:"name_pattern"`
}

// ListResourceConfigSchema describes a list block.
func (r *diskResource) ListResourceConfigSchema(
	ctx context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the disks on RBD of a libvirt host's domains for `terraform query`, running and shut off, as by" +
			" `virsh list --all` and `virsh dumpxml`, so that `libvirt_rbd_disk` can adopt them. Disks that can't be imported are left out: those" +
			" that are not on RBD, or have no user and secret.",
		Attributes: tfkit.Filters(ctx, NewDomainsDataSource()),
	}
	resp.Schema.Attributes["domain"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "Name of the domain, which must exist. Default: all domains.",
	}
}

// List streams the disks.
func (r *diskResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	tfkit.StreamList(ctx, req, stream, "Unable to list RBD disks", resourceType.ImportDefaults,
		func(f filter, results *tfkit.ListResults[model]) error {
			entry, err := r.Hypervisors.ApplyEntry(ctx, f.Hypervisor, types.StringNull(), &results.Diags)
			if err != nil {
				return err
			}
			lister := diskLister{resource: r, entry: entry, finder: r.finder(entry.Target), imported: results.Imported, whole: results.Whole}
			add := func(disks []listedModel) bool {
				for _, disk := range disks {
					m := disk.model
					results.Diags.Append(disk.diags...)
					name := fmt.Sprintf("%s %s: %s", m.Domain.ValueString(), m.TargetDev.ValueString(), m.source())
					if !results.Add(ctx, name, m.identity(), &m) {
						return false
					}
				}
				return true
			}
			fits := tfkit.Fits(f.NamePattern)
			if f.Domain.IsNull() {
				return libvirt.VisitDomains(ctx, entry.Target, fits, lister.disks, add)
			}
			domain, err := entry.Target.ExistingDomain(ctx, f.Domain.ValueString())
			if err != nil || !fits(domain.Name) {
				return err
			}
			return libvirt.VisitEach(ctx, []libvirt.Domain{domain}, lister.disks, add)
		})
}

// listedModel is a disk as an import and the read that follows show it.
type listedModel struct {
	model
	diags diag.Diagnostics
}

// diskLister reads the disks of domains.
type diskLister struct {
	resource *diskResource
	entry    tfkit.Entry[*libvirt.Host]
	finder   *rbdusage.Finder
	imported model
	whole    bool // otherwise only where they are
}

// disks are those of a domain that can be imported.
func (l *diskLister) disks(ctx context.Context, domain libvirt.Domain) ([]listedModel, error) {
	where := libvirt.Placement{Host: l.entry.Target, Domain: domain}
	finder := l.finder
	var disks []listedModel
	for _, target := range domain.Targets() {
		disk := domain.DisksAt(target).SavedOrLive()
		if !disk.Takeable() {
			continue
		}
		found := listedModel{model: l.imported}
		found.Hypervisor, found.Domain, found.TargetDev = l.entry.Label, types.StringValue(domain.Name), types.StringValue(target)
		found.DomainUUID = types.StringValue(domain.UUID)
		found.read(*disk, namesImage)
		found.adopt(domain)
		if l.whole {
			if len(disks) == 0 && !domain.Active {
				var err error
				if where, err = l.resource.locate(ctx, l.entry.Target, &found.model, ""); err != nil {
					return nil, err
				}
				tfkit.AddWarnings(&found.diags, where.Warnings()...)
				if where.Host != l.entry.Target {
					finder = l.resource.finder(where.Host)
				}
			}
			isThere, err := l.readImported(ctx, where, finder, &found)
			if err != nil {
				return nil, err
			}
			if !isThere {
				continue
			}
		}
		disks = append(disks, found)
	}
	return disks, nil
}

// readImported reads a disk as the first read after an import does. A domain that has moved may not have it any more.
func (l *diskLister) readImported(ctx context.Context, where libvirt.Placement, finder *rbdusage.Finder, m *listedModel) (bool, error) {
	record := diskRecord{Imported: true, Source: m.source().String()}
	found := m.ours(record).Find(where.Domain)
	if found.SavedOrLive() == nil {
		return false, nil
	}
	warnExchanged(&m.diags, where, found, &m.model, record)
	err := m.readDisk(ctx, where, found, &record)
	m.HostUUID, m.ID = l.entry.Identity, m.id()
	if err == nil {
		err = readCluster(ctx, finder, &m.model, &m.diags)
	}
	if err == nil {
		err = l.resource.readSource(ctx, &m.model, &record, &m.diags)
	}
	return true, err
}
