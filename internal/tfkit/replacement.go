package tfkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// createdObject names an object of a cluster among those that the resources of an apply hold.
func createdObject(fsid types.String, object ceph.Created) string {
	return fmt.Sprintf("%s on cluster %s", object, fsid.ValueString())
}

// HoldCreated records that this apply has made an object of a cluster, or has taken it up from a create that was cut off.
func (c *Connections) HoldCreated(fsid types.String, object ceph.Created) {
	c.HoldMade(createdObject(fsid, object))
}

// KeptByReplacement tells, with a warning, whether an object that is to be deleted belongs to a resource that this apply has made before.
// With create_before_destroy the create of a replacement of the same name takes up the very object, where its first create is still on
// record, or makes it where somebody has removed it.
func (c *Connections) KeptByReplacement(fsid types.String, object ceph.Created, diags *diag.Diagnostics) bool {
	if !c.madeHere(createdObject(fsid, object)) {
		return false
	}
	diags.AddWarning("Not deleted", fmt.Sprintf(
		"This %s belongs to another object of the state now, which this apply has made before this one was to go, and which is of the same name."+
			" It stays as it is.\n\nTo have it deleted and made anew, remove create_before_destroy.", object))
	return true
}
