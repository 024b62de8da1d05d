//go:build cgo

package endtoend_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// Each data source works with the capabilities that the guide states, and those that read keys do not work with fewer.
func TestAccLeastCapsToRead(t *testing.T) {
	acctest.Bed(t)
	acctest.Ceph(t, "east", "osd", "pool", "create", "seen", "8")
	t.Cleanup(func() {
		acctest.Ceph(t, "east", "osd", "pool", "delete", "seen", "seen", "--yes-i-really-really-mean-it")
	})
	acctest.RBD(t, "east", "pool", "init", "seen")
	acctest.RBD(t, "east", "create", "--size", "4M", "seen/disk")
	expect.Eventually(t, "the statistics of the pool", func() bool {
		return strings.Contains(acctest.Ceph(t, "east", "df", "--format", "json"), `"name":"seen"`)
	})
	data := func(kind, arguments string) string {
		return "data \"" + kind + "\" \"test\" {\n  cluster = \"east\"\n" + arguments + "}\n"
	}
	const key = "ephemeral \"ceph_user_key\" \"test\" {\n  cluster = \"east\"\n  entity = \"client.admin\"\n}\n"
	for name, tc := range map[string]struct {
		row, operation, config string
		check                  resource.TestCheckFunc
		clients                knownvalue.Check // of the attribute clients; nil where there is none
		readsKeys              bool
	}{
		"cluster": {
			"data `ceph_cluster`", "read", data("ceph_cluster", ""), resource.TestCheckResourceAttrSet("data.ceph_cluster.test", "fsid"), nil, false,
		},
		"pool": {
			"data `ceph_pool`", "read", data("ceph_pool", "  name = \"seen\"\n"),
			resource.TestCheckResourceAttrSet("data.ceph_pool.test", "max_avail_bytes"), nil, false,
		},
		"image": {
			"data `ceph_rbd_image`", "read", data("ceph_rbd_image", "  pool = \"seen\"\n  name = \"disk\"\n"),
			resource.TestCheckResourceAttr("data.ceph_rbd_image.test", "watchers.#", "0"), nil, false,
		},
		"user": {
			"data `ceph_user`", "read", data("ceph_user", "  name = \"admin\"\n"),
			resource.TestCheckNoResourceAttr("data.ceph_user.test", "clients.#"), knownvalue.Null(), true,
		},
		"clients": {
			// One as whom nobody connects: other tests of this process are still connected as admin.
			"data `ceph_user`", "clients", data("ceph_user", "  name = \"bootstrap-osd\"\n"),
			resource.TestCheckResourceAttr("data.ceph_user.test", "clients.#", "0"), knownvalue.ListSizeExact(0), true,
		},
		"key": {"ephemeral `ceph_user_key`", "open", key, func(*terraform.State) error { return nil }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			caps := acctest.LeastCaps(t, tc.row, tc.operation, map[string]string{"POOL": "seen"})
			var steps []resource.TestStep
			if tc.readsKeys {
				steps = append(steps, resource.TestStep{
					Config:      acctest.ProviderAs(t, "east", name+"-less", map[string]string{"mon": "allow r"}) + tc.config,
					ExpectError: acctest.Message("The caps of client." + name + "-less, the user that the provider connects with, don't allow this."),
				})
			}
			enough := resource.TestStep{Config: acctest.ProviderAs(t, "east", name+"-reader", caps) + tc.config, Check: tc.check}
			if tc.clients != nil { // an attribute check takes an empty list for none
				enough.ConfigStateChecks = []statecheck.StateCheck{
					statecheck.ExpectKnownValue("data.ceph_user.test", tfjsonpath.New("clients"), tc.clients),
				}
			}
			steps = append(steps, enough)
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: steps})
		})
	}
}
