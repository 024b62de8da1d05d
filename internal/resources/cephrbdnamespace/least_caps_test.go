//go:build cgo

package cephrbdnamespace_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDNamespace_leastCaps(t *testing.T) {
	as := func(name, operation string) string {
		return acctest.ProviderAs(t, "east", name, acctest.LeastCaps(t, namespaceType, operation, map[string]string{"POOL": "vms"}))
	}
	pools(t)
	config := namespace("frugal")
	reader, writer := as("namespace-reader", "read"), as("namespace-writer", "create, delete")
	denied := acctest.Message(`The caps of client.namespace-reader, the user that the provider connects with, don't allow this.`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: reader + config, ExpectError: denied},
		{Config: writer + config},
		{Config: reader + config, PlanOnly: true},
		{Config: reader + config, ResourceName: address, ImportState: true, ImportStateId: "east/vms/frugal", ImportStateVerify: true},
		{Config: reader + config, Destroy: true, ExpectError: denied},
		{Config: writer + config, Destroy: true},
	}})
	if exists(t, "frugal") {
		t.Error("the namespace is still there")
	}
}
