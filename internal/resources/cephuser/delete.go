package cephuser

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// How long to wait for clients to disconnect: the monitors list a client, such as a disk detached in the same apply, for a while.
const (
	disconnectTimeout     = 10 * time.Second
	planDisconnectTimeout = 2 * time.Second // in a plan, which is easily repeated
)

// deleteUser deletes a user unless a client is connected as that user. Where the cluster's release can't tell, it warns of that.
func (r *userResource) deleteUser(ctx context.Context, cluster *ceph.Cluster, name string, diags *diag.Diagnostics) error {
	user, err := cluster.User(ctx, name)
	if err != nil {
		return err
	}
	if err := r.refuseOwnUser(ctx, cluster, user.Entity); err != nil {
		return err
	}
	clients, err := cluster.RemainingClients(ctx, user.Entity, disconnectTimeout)
	if problem.Is(err, problem.Unsupported) {
		tfkit.AddWarning(diags, "Ceph user deleted without knowing its clients", err)
		err = nil
	}
	if err != nil {
		return err
	}
	if len(clients) > 0 {
		return refuseConnected(cluster, user.Entity, clients)
	}
	return cluster.DeleteUser(ctx, name)
}

func addresses(clients []ceph.Client) string {
	list := make([]string, len(clients))
	for i, client := range clients {
		list[i] = client.Addr
	}
	return strings.Join(list, ", ")
}

func refuseConnected(cluster *ceph.Cluster, entity string, clients []ceph.Client) error {
	return &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("Clients are connected to cluster %q as %s: %s.", cluster.Label(), entity, addresses(clients)),
		Why:  "Without the user they would lose their disks as soon as their tickets end.",
		Do: "Let them go over to another user, or detach their disks, in one apply, and remove this user in the next." +
			" What can't be ordered in one apply is refused.",
	}
}
