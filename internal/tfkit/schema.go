package tfkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// IDAttribute is the id of a resource. It is computed from its parts in each plan, because labels and names can change in place.
func IDAttribute(form string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: fmt.Sprintf("`%s`, as taken by `terraform import`.", form),
	}
}

// ClusterAttribute is the label of the cluster that a resource is on.
func ClusterAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Label of the cluster in the provider block. May be left out where exactly one cluster is configured when the" +
			" resource is created; the recorded label then stays. A changed label that leads to the same cluster (same fsid) is an update that" +
			" touches nothing; one that leads to another cluster replaces the resource.",
		Validators: []validator.String{LabelValidator()},
	}
}

// FSIDAttribute is the remembered identity of the cluster.
func FSIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The cluster's fsid, its identity. It is remembered and checked before every operation: a label that" +
			" leads to another cluster is an error before anything is read or written. As shown by `ceph fsid`.",
	}
}

// HypervisorAttribute is the label of the hypervisor that a resource is on.
func HypervisorAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		Computed: true,
		MarkdownDescription: "Label of the hypervisor in the provider block. May be left out where exactly one hypervisor is configured when" +
			" the resource is created; the recorded label then stays. A changed label that leads to the same host (same host_uuid) is an" +
			" update that touches nothing; one that leads to another host replaces the resource.",
		Validators: []validator.String{LabelValidator()},
	}
}

// HostUUIDAttribute is the remembered identity of the hypervisor.
func HostUUIDAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The host's UUID, its identity. It is remembered and checked before every operation." +
			" As shown by `virsh capabilities`.",
	}
}
