//go:build cgo

package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccQuery tests lists of Ceph and of libvirt with a Terraform that has the command query. What they hold is tested by protocol calls.
func TestAccQuery(t *testing.T) {
	provider := acctest.Provider(t)
	acctest.Ceph(t, "east", "auth", "get-or-create", "client.query-a", "mon", "profile rbd")
	t.Cleanup(func() { acctest.Ceph(t, "east", "auth", "rm", "client.query-a") })
	const id = "55085c23-2177-242d-7661-c785df7f6230"
	definition := "<secret ephemeral='no' private='no'><uuid>" + id + "</uuid><usage type='ceph'><name>query-a</name></usage></secret>"
	acctest.VirshIn(t, "kvm1", definition, "secret-define", "/dev/stdin")
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "secret-undefine", id) })
	resource.Test(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_14_0)},
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{
			{Config: provider + `data "ceph_cluster" "east" { cluster = "east" }`},
			{
				Query: true,
				Config: `
					list "ceph_user" "found" {
						provider = ceph
						config {
							cluster      = "east"
							name_pattern = "query-*"
						}
					}
					list "libvirt_ceph_secret" "found" {
						provider = ceph
						config {
							hypervisor   = "kvm1"
							name_pattern = "query-*"
						}
					}`,
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("ceph_user.found", 1),
					querycheck.ExpectIdentity("ceph_user.found", map[string]knownvalue.Check{
						"cluster": knownvalue.StringExact("east"), "name": knownvalue.StringExact("query-a"),
					}),
					querycheck.ExpectLength("libvirt_ceph_secret.found", 1),
					querycheck.ExpectIdentity("libvirt_ceph_secret.found", map[string]knownvalue.Check{
						"hypervisor": knownvalue.StringExact("kvm1"), "uuid": knownvalue.StringExact(id),
					}),
				},
			},
		},
	})
}
