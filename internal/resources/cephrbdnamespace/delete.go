package cephrbdnamespace

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// remove removes the namespace if nothing is in it.
func (r *namespaceResource) remove(ctx context.Context, cluster *ceph.Cluster, state *model, diags *diag.Diagnostics) error {
	found, err := find(ctx, cluster, state)
	if err != nil || r.KeptByReplacement(state.FSID, ceph.CreatedNamespace(found), diags) {
		return err
	}
	if err := refuseUnlessEmpty(ctx, cluster, found, "removed"); err != nil {
		return err
	}
	if err := cluster.DeleteNamespace(ctx, found); err != nil {
		return err
	}
	cluster.CreateUndone(ctx, ceph.CreatedNamespace(found))
	return nil
}

// refuseUnlessEmpty refuses a namespace that holds anything.
func refuseUnlessEmpty(ctx context.Context, cluster *ceph.Cluster, ns ceph.Namespace, what string) error {
	contents, err := cluster.NamespaceContents(ctx, ns)
	if err != nil || contents.Empty() {
		return err
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Namespace %s on cluster %q can't be %s. It holds %s.", ns, cluster.Label(), what, contents.Summary()),
		Why:  "A namespace is removed only while nothing is in it, its trash included.",
		Do: fmt.Sprintf("Remove what it holds first: rbd rm, rbd trash purge %s, rbd group rm. Where these are images of the same configuration"+
			" that are to live on elsewhere, add and copy in one apply, and remove them and the namespace in the next.", problem.Word(ns.String())),
	}
}
