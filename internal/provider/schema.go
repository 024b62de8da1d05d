package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func (p *cephProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Pools, users and images on any number of Ceph clusters, and the libvirt secrets and disks that use them on any" +
			" number of hypervisors, in one configuration. All clusters and hypervisors are entries of one provider block; a connection is" +
			" made on first use. One that is down fails the resources on it, and with them the plan or apply of a state that has such resources.",
		Attributes: map[string]schema.Attribute{
			"clusters": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "The Ceph clusters, by a label of your choice (without `/`). Left out, the environment variable" +
					" `CEPH_CONF` gives one cluster labelled `ceph`, with the keyring that the file or `CEPH_KEYRING` names. Nothing else is guessed:" +
					" `/etc/ceph/ceph.conf` is read only where it is named.",
				Validators:   []validator.Map{mapvalidator.KeysAre(tfkit.LabelValidator())},
				NestedObject: schema.NestedAttributeObject{Attributes: clusterAttributes()},
			},
			"hypervisors": schema.MapNestedAttribute{
				Optional: true,
				MarkdownDescription: "The libvirt hosts, by a label of your choice (without `/`). Left out, the environment variable" +
					" `LIBVIRT_DEFAULT_URI` gives one hypervisor labelled `libvirt`. Nothing else is guessed.",
				Validators:   []validator.Map{mapvalidator.KeysAre(tfkit.LabelValidator())},
				NestedObject: schema.NestedAttributeObject{Attributes: hypervisorAttributes()},
			},
		},
	}
}

// isDefault is the last sentence in the description of a time limit: the client's default.
func isDefault(limit time.Duration) string {
	return " Default: `" + tfkit.FormatDuration(limit) + "`."
}

func clusterAttributes() map[string]schema.Attribute {
	sibling := func(name string) path.Expression { return path.MatchRelative().AtParent().AtName(name) }
	return map[string]schema.Attribute{
		"mon_host": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The monitors, as `mon_host` in ceph.conf: addresses separated by commas, bare (`10.0.1.11`), with a" +
				" protocol (`v2:10.0.1.11:3300`), or bracketed (`[v2:10.0.1.11:3300,v1:10.0.1.11:6789]`). Needed where there is no `config_file`, and" +
				" wins over it.",
			Validators: []validator.String{
				stringvalidator.AtLeastOneOf(sibling("mon_host"), sibling("config_file")),
				stringvalidator.LengthAtLeast(1),
			},
		},
		"config_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Path of a ceph.conf on the machine that runs Terraform. The other arguments of the entry win over it." +
				" Its `log_file` and `admin_socket` are ignored.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"user": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Name of the cephx user, without `client.`. Default: `admin`.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1), tfkit.UserValidator()},
		},
		"key": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "The user's key in base64, as printed by `ceph auth get-key`. Give it from a variable that is `sensitive`" +
				" and `ephemeral`, and it stays out of the plan file too.",
			Validators: []validator.String{
				stringvalidator.ConflictsWith(sibling("keyring_file")),
				tfkit.KeyValidator(),
			},
		},
		"keyring_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Path of a keyring with the user's key on the machine that runs Terraform. Not together with `key`; without" +
				" `config_file` one of the two is needed. Default: what `config_file` names, as for `ceph -c`.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"fsid": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The fsid that the cluster must have. With another one nothing is read or written. As shown by `ceph fsid`.",
			Validators:          []validator.String{tfkit.UUIDValidator()},
		},
		"options": schema.MapAttribute{
			Optional:    true,
			ElementType: types.StringType,
			MarkdownDescription: "Further options of the Ceph client by name, as in ceph.conf. Refused: `key`, `keyring`, `keyfile`," +
				" `log_file`, `log_to_stderr`, `err_to_stderr`, `admin_socket` and `debug_*`, which would bring keys into files or logs; and those" +
				" that have an argument of their own: `mon_host`, `client_mount_timeout`, `rados_mon_op_timeout` and `rados_osd_op_timeout`.",
			Validators: []validator.Map{mapvalidator.NoNullValues(), mapvalidator.KeysAre(optionValidator{})},
		},
		"connect_timeout": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long a connection may take, in whole seconds, such as `\"10s\"` or `\"1m\"`." +
				isDefault(ceph.DefaultConnectTimeout),
			Validators: []validator.String{tfkit.Duration{WholeSeconds: true}},
		},
		"operation_timeout": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long one command may wait for the cluster, in whole seconds, such as `\"90s\"` or `\"5m\"`; an operation on" +
				" an image or another object waits at least a minute." +
				isDefault(ceph.DefaultOperationTimeout) + " Keep it well above the time in which the cluster notices a failed OSD (about half" +
				" a minute).",
			Validators: []validator.String{tfkit.Duration{WholeSeconds: true}},
		},
	}
}

func hypervisorAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"uri": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "libvirt's connection URI: `qemu+unix:///system`, `qemu+ssh://root@kvm1.example.net/system`, `qemu+tls://…`" +
				" or `qemu+tcp://…`, with libvirt's own URI parameters: those that a transport has no use for are ignored, as by libvirt's own" +
				" client. Refused are a name that libvirt doesn't have, and what can't be obeyed here: `mode=direct`, `tls_priority` over TLS," +
				" and SASL.",
			Validators: []validator.String{uriValidator{}},
		},
		"host_uuid": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "The UUID that the host must have. With another one nothing is read or written. As shown by" +
				" `virsh capabilities`. libvirt takes it from the firmware; hosts whose boards all have the same one need `host_uuid` in their" +
				" own `libvirtd.conf`, and are refused without.",
			Validators: []validator.String{tfkit.UUIDValidator()},
		},
		"connect_timeout": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long a connection may take, such as `\"10s\"` or `\"1m\"`." + isDefault(libvirt.DefaultConnectTimeout),
			Validators:          []validator.String{tfkit.Duration{}},
		},
		"operation_timeout": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "How long one call may take, such as `\"90s\"` or `\"2m\"`." + isDefault(libvirt.DefaultOperationTimeout),
			Validators:          []validator.String{tfkit.Duration{}},
		},
		"allow_plaintext": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Whether keys may be sent over an unencrypted connection (`qemu+tcp` to another machine). Default: `false`:" +
				" it is refused.",
		},
	}
}
