package libvirtrbddisk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// The data sources of domains are in this package because they show disks as the resource does.

// NewDomainDataSource returns the data source of one domain.
func NewDomainDataSource() datasource.DataSource {
	return &domainDataSource{tfkit.DataSourceBase{TypeName: "libvirt_domain"}}
}

// NewDomainsDataSource returns the data source of several domains.
func NewDomainsDataSource() datasource.DataSource {
	return &domainsDataSource{tfkit.DataSourceBase{TypeName: "libvirt_domains"}}
}

type domainDataSource struct{ tfkit.DataSourceBase }

type domainsDataSource struct{ tfkit.DataSourceBase }

type domainModel struct {
	Hypervisor types.String `tfsdk:"hypervisor"`
	Name       types.String `tfsdk:"name"`
	UUID       types.String `tfsdk:"uuid"`
	State      types.String `tfsdk:"state"`
	Persistent types.Bool   `tfsdk:"persistent"`
	FreePorts  types.Int64  `tfsdk:"free_hotplug_ports"`
	Disks      types.List   `tfsdk:"disks"`
	HostUUID   types.String `tfsdk:"host_uuid"`
}

type domainsModel struct {
	Hypervisor  types.String `tfsdk:"hypervisor"`
	NamePattern types.String `tfsdk:"name_pattern"`
	Domains     types.List   `tfsdk:"domains"`
}

// listedDisk is a disk of a domain, whatever its source.
type listedDisk struct {
	model
	SourceType types.String `tfsdk:"source_type"`
	Source     types.String `tfsdk:"source"`
}

func (d *domainDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := domainAttributes(ctx)
	attributes["hypervisor"] = tfkit.LabelArgument("hypervisor")
	attributes["name"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "Name of the domain. Either this or `uuid` is needed.",
		Validators:          []validator.String{stringvalidator.ExactlyOneOf(path.MatchRoot("name"), path.MatchRoot("uuid"))},
	}
	attributes["uuid"] = schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "UUID of the domain.",
		Validators:          []validator.String{tfkit.UUIDValidator()},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A domain of a libvirt host that somebody else manages, with its disks. " + whichDefinition,
		Attributes:          attributes,
	}
}

func (d *domainsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The domains of a libvirt host, running and shut off, with their disks, as by `virsh list --all` and" +
			" `virsh dumpxml`. " + whichDefinition,
		Attributes: map[string]schema.Attribute{
			"hypervisor":   tfkit.LabelArgument("hypervisor"),
			"name_pattern": tfkit.NamePattern("the domains' names"),
			"domains": schema.ListNestedAttribute{
				Computed:            true,
				MarkdownDescription: "The domains, in the order of their names.",
				NestedObject:        schema.NestedAttributeObject{Attributes: domainAttributes(ctx)},
			},
		},
	}
}

const whichDefinition = "Each disk has the arguments that `libvirt_rbd_disk` has for it, as the saved definition shows them (of a" +
	" transient domain, the running one), and where it can be imported the `id` for that. Of a disk on RBD `cluster` is the configured" +
	" cluster that has its image, as an import finds it: the clusters are asked for their monitors."

// domainAttributes are those of a domain that is read.
func domainAttributes(ctx context.Context) map[string]schema.Attribute {
	// What only Terraform stores, what a running guest was told, and what the domain says itself.
	disk := tfkit.Listed(ctx, NewResource(), "attach_probe", "on_change", "on_source_change", "size", "running_on", "image_id", "domain_uuid",
		"host_uuid")
	disk["id"] = tfkit.ComputedText("`HYPERVISOR/DOMAIN/TARGET`, as taken by `terraform import` of a `libvirt_rbd_disk`. Null for a disk" +
		" that can't be imported: it is not on RBD, or has no user and secret.")
	disk["alias"] = tfkit.ComputedText("Alias of the disk: that of the running domain, if it runs.")
	disk["source_type"] = tfkit.ComputedText("What the disk reads: `rbd` or another network protocol, `file`, `block`, `volume`, or" +
		" `other`. Null for an empty drive.")
	disk["source"] = tfkit.ComputedText("The source by its name: `POOL[/NAMESPACE]/IMAGE`, a path, or `POOL/VOLUME` of a libvirt storage" +
		" pool.")
	return map[string]schema.Attribute{
		"hypervisor": tfkit.ComputedText("Label of the hypervisor."),
		"name":       tfkit.ComputedText("Name of the domain."),
		"uuid":       tfkit.ComputedText("UUID of the domain."),
		"state":      tfkit.ComputedText("`running`, `paused`, `shut off`, or another of the words of `virsh domstate`."),
		"persistent": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the domain has a saved definition."},
		"free_hotplug_ports": tfkit.ComputedNumber("How many disks on bus `virtio` there is room for: root ports without a device on machine" +
			" type q35, free PCI slots on pc. Null where that can't be told."),
		"disks": schema.ListNestedAttribute{
			Computed:            true,
			MarkdownDescription: "The disks of both definitions, of whatever source, in the order of their targets.",
			NestedObject:        schema.NestedAttributeObject{Attributes: disk},
		},
		"host_uuid": tfkit.ComputedText("The host's UUID."),
	}
}

func (d *domainDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read libvirt domain"
	var data domainModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Hypervisors.ApplyEntry(ctx, data.Hypervisor, types.StringNull(), &resp.Diagnostics)
	var domain libvirt.Domain
	if err == nil {
		domain, err = entry.Target.Domain(ctx, cmp.Or(data.Name.ValueString(), data.UUID.ValueString()))
	}
	if err == nil {
		reader := newDomainReader(ctx, d.Connections, entry)
		data, err = reader.read(ctx, domain)
		reader.warn(&resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

func (d *domainsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to list libvirt domains"
	var data domainsModel
	if !tfkit.Get(ctx, req.Config, &data, &resp.Diagnostics) {
		return
	}
	entry, err := d.Hypervisors.ApplyEntry(ctx, data.Hypervisor, types.StringNull(), &resp.Diagnostics)
	var found []domainModel
	if err == nil {
		reader := newDomainReader(ctx, d.Connections, entry)
		err = libvirt.VisitDomains(ctx, entry.Target, tfkit.Fits(data.NamePattern), reader.read, func(domain domainModel) bool {
			found = append(found, domain)
			return true
		})
		reader.warn(&resp.Diagnostics)
	}
	if err != nil {
		tfkit.AddError(&resp.Diagnostics, summary, err)
		return
	}
	data.Hypervisor, data.Domains = entry.Label, tfkit.ListOf(ctx, resp.State, "domains", found, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &data)...)
}

// domainReader reads domains of one host.
type domainReader struct {
	entry  tfkit.Entry[*libvirt.Host]
	finder rbdusage.Finder
	disks  types.ListType

	mu        sync.Mutex
	undecided []string // disks of which it isn't known on which cluster they are
}

func newDomainReader(ctx context.Context, connections *tfkit.Connections, entry tfkit.Entry[*libvirt.Host]) *domainReader {
	disks, _ := domainAttributes(ctx)["disks"].GetType().(types.ListType)
	return &domainReader{entry: entry, finder: rbdusage.Finder{Clusters: connections.Clusters.All(), Host: entry.Target}, disks: disks}
}

// read shows a domain.
func (r *domainReader) read(ctx context.Context, domain libvirt.Domain) (domainModel, error) {
	state, err := r.entry.Target.DomainState(ctx, domain)
	if err != nil {
		return domainModel{}, err
	}
	shown := domainModel{
		Hypervisor: r.entry.Label, HostUUID: r.entry.Identity, Name: types.StringValue(domain.Name), UUID: types.StringValue(domain.UUID),
		State: types.StringValue(state), Persistent: types.BoolValue(domain.Persistent), FreePorts: types.Int64Null(),
	}
	definition := domain.Live
	if definition == nil {
		definition = domain.Saved
	}
	if ports, known := definition.FreePorts(); known {
		shown.FreePorts = types.Int64Value(int64(ports))
	}
	var disks []listedDisk
	for _, target := range domain.Targets() {
		disk, err := r.disk(ctx, domain, target)
		if err != nil {
			return domainModel{}, err
		}
		disks = append(disks, disk)
	}
	shown.Disks = tfkit.ListOfType(r.disks, disks)
	return shown, nil
}

// disk shows what the definitions of a domain have at a target.
func (r *domainReader) disk(ctx context.Context, domain libvirt.Domain, target string) (listedDisk, error) {
	found := domain.DisksAt(target)
	disk, err := r.entry.Target.NameSecrets(ctx, *found.SavedOrLive())
	if err != nil {
		return listedDisk{}, err
	}
	kind, source := disk.SourceKind()
	shown := listedDisk{modelOf(disk), tfkit.StringOrNull(kind), tfkit.StringOrNull(source)}
	shown.Hypervisor, shown.Domain = r.entry.Label, types.StringValue(domain.Name)
	shown.readComputed(libvirt.Placement{Host: r.entry.Target, Domain: domain}, found)
	shown.Alias = tfkit.StringOrNull(found.Each()[0].Alias)
	if disk.Source() == "" {
		return shown, nil
	}
	if disk.Takeable() {
		shown.ID = shown.id()
	}
	cluster, undecided := r.finder.ClusterOf(ctx, disk)
	if undecided {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.undecided = append(r.undecided, fmt.Sprintf("%s of domain %q", target, domain.Name))
	}
	if cluster != nil {
		fsid, err := cluster.FSID(ctx)
		shown.Cluster, shown.FSID = types.StringValue(cluster.Label()), types.StringValue(fsid)
		return shown, err
	}
	return shown, nil
}

// warn tells of the disks whose cluster could not be found out.
func (r *domainReader) warn(diags *diag.Diagnostics) {
	if len(r.undecided) == 0 {
		return
	}
	slices.Sort(r.undecided)
	diags.AddWarning("Cluster of disks not known", fmt.Sprintf("It can't be told on which cluster these disks are: %s. They name no monitors,"+
		" or by names that mean nothing here, or a cluster doesn't answer; and it is not exactly one configured cluster that has the image and"+
		" the key that the disk's secret holds. Their cluster is null.", strings.Join(r.undecided, ", ")))
}
