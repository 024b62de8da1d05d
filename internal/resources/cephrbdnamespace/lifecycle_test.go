//go:build cgo

package cephrbdnamespace_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDNamespace_disappears(t *testing.T) {
	run(t, "vanishing",
		resource.TestStep{Config: namespace("vanishing")},
		resource.TestStep{
			PreConfig: func() { rbd(t, "namespace", "remove", "vms/vanishing") },
			Config:    namespace("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: func(*terraform.State) error {
				if !exists(t, "vanishing") {
					t.Error("it was not created again")
				}
				return nil
			},
		},
		// What is gone already can be destroyed.
		resource.TestStep{
			PreConfig: func() { rbd(t, "namespace", "remove", "vms/vanishing") },
			Config:    namespace("vanishing"), Destroy: true,
		},
	)
}

// With its pool a namespace is gone, also where another pool has the name and a namespace of that name.
func TestAccCephRBDNamespace_disappearsWithItsPool(t *testing.T) {
	pools(t)
	pool := func() {
		acctest.Ceph(t, "east", "osd", "pool", "create", "passing", "8")
		rbd(t, "pool", "init", "passing")
	}
	remove := func() {
		acctest.Ceph(t, "east", "osd", "pool", "delete", "passing", "passing", "--yes-i-really-really-mean-it")
	}
	pool()
	config := inPool(`"passing"`, "tenant")
	run(t, "tenant",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { remove(); pool() },
			Config:    config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
		},
		resource.TestStep{
			PreConfig: func() { remove(); pool(); rbd(t, "namespace", "create", "passing/tenant") },
			Config:    config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			ExpectError: acctest.Message(`Unable to create namespace passing/tenant in cluster "east". A namespace of this name exists already.`),
		},
	)
	remove()
}

// The configuration that Terraform writes for an existing namespace plans nothing.
func TestAccCephRBDNamespace_import(t *testing.T) {
	imported := func(id, words string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Message(words)}
	}
	run(t, "adopted",
		resource.TestStep{Config: namespace("adopted")},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/vms/adopted",
			GenerateConfig: true,
		},
		imported("vms/adopted", `"vms/adopted" is not of the form CLUSTER/POOL/NAMESPACE.`),
		imported("east//adopted", `"east//adopted" is not of the form CLUSTER/POOL/NAMESPACE.`),
		imported("east/vms/nothing", `Cannot import non-existent remote object`),
		imported("east/nowhere/adopted", `Cannot import non-existent remote object`),
		imported("north/vms/adopted", `The provider block has no cluster "north". It has "east", "west".`),
	)
}

func TestAccCephRBDNamespace_existsAlready(t *testing.T) {
	pools(t)
	rbd(t, "namespace", "create", "vms/old")
	rbd(t, "create", "--size", "1M", "vms/old/data")
	run(t, "nothing", resource.TestStep{
		Config: namespace("old"),
		ExpectError: acctest.Message(`Unable to create namespace vms/old in cluster "east". A namespace of this name exists already. It was` +
			` left as it is. To manage that namespace, import it: terraform import ceph_rbd_namespace.NAME east/vms/old.`),
	})
	if images := strings.TrimSpace(rbd(t, "ls", "vms/old")); images != "data" {
		t.Errorf("the namespace holds %q now", images)
	}
	rbd(t, "rm", "--no-progress", "vms/old/data")
	rbd(t, "namespace", "remove", "vms/old")
}

// One that holds anything is neither removed nor replaced, and what holds it is named. A group counts too, which rbd would take along.
func TestAccCephRBDNamespace_refusedUnlessEmpty(t *testing.T) {
	config := namespace("full")
	refused := func(prepare func(), words string) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: config, Destroy: true,
			ExpectError: acctest.Message(`Namespace vms/full on cluster "east" can't be removed. It holds ` + words),
		}
	}
	run(t, "full",
		resource.TestStep{Config: config},
		refused(func() { rbd(t, "create", "--size", "1M", "vms/full/data") }, `1 image (data).`),
		resource.TestStep{
			Config: namespace("full-new"),
			ExpectError: acctest.MessageAt("name", `Namespace vms/full on cluster "east" can't be replaced. It holds 1 image (data). A namespace`+
				` is removed only while nothing is in it, its trash included.`),
		},
		resource.TestStep{
			Config:      inPool(`"images"`, "full"),
			ExpectError: acctest.MessageAt("pool", `Namespace vms/full on cluster "east" can't be replaced. It holds 1 image (data).`),
		},
		refused(func() { rbd(t, "trash", "mv", "vms/full/data") }, `1 image in the trash (data).`),
		refused(func() {
			rbd(t, "trash", "purge", "--no-progress", "vms/full")
			rbd(t, "group", "create", "vms/full/together")
		}, `1 group of images (together).`),
		resource.TestStep{
			PreConfig: func() { rbd(t, "group", "remove", "vms/full/together") },
			Config:    config, PlanOnly: true,
		},
	)
}

// An image and a user that refer to the namespace come after it and go before it, and renaming their pool touches none of them.
func TestAccCephRBDNamespace_renamedPool(t *testing.T) {
	config := func(pool string) string {
		return "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"" + pool + "\"\n  applications = [\"rbd\"]\n}\n" +
			inPool("ceph_pool.test.name", "tenant") +
			"resource \"ceph_rbd_image\" \"in\" {\n  cluster = \"east\"\n  pool = ceph_rbd_namespace.test.pool\n" +
			"  namespace = ceph_rbd_namespace.test.name\n  name = \"data\"\n  size = \"1MiB\"\n}\n"
	}
	run(t, "tenant",
		resource.TestStep{Config: config("before"), Check: func(*terraform.State) error {
			if images := strings.TrimSpace(rbd(t, "ls", "before/tenant")); images != "data" {
				t.Errorf("the namespace holds %q", images)
			}
			return nil
		}},
		resource.TestStep{
			Config: config("after"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction("ceph_rbd_image.in", plancheck.ResourceActionUpdate),
			}},
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "id", "east/after/tenant"),
				resource.TestCheckResourceAttr("ceph_rbd_image.in", "id", "east/after/tenant/data"),
			),
		},
		// Renamed by hand, and then in the configuration too.
		resource.TestStep{
			PreConfig:        func() { acctest.Ceph(t, "east", "osd", "pool", "rename", "after", "by-hand") },
			Config:           config("by-hand"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            resource.TestCheckResourceAttr(address, "id", "east/by-hand/tenant"),
		},
		// Nothing shows whether a pool that doesn't exist is a new one or the old one renamed.
		resource.TestStep{
			Config: strings.Replace(config("by-hand"), "pool = ceph_pool.test.name", `pool = "other"`, 1),
			ExpectError: acctest.MessageAt("pool", `Cluster "east" has no pool "other" yet, so what becomes of namespace by-hand/tenant can't be`+
				` planned.`),
		},
	)
}

func TestAccCephRBDNamespace_deadCluster(t *testing.T) {
	pools(t)
	cluster := acctest.Bed(t).Cluster("west")
	west := func(name string) string {
		config := namespace(name, `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`)
		return strings.Replace(config, `cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.PauseMonitors, cluster.ResumeMonitors)
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: west("waiting")},
		resource.TestStep{PreConfig: begin, Config: west("waiting-new"), ExpectError: inTime},
		resource.TestStep{Config: west("waiting"), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: west("waiting"), PlanOnly: true},
	)
	acctest.Record(t, namespaceType, "timeouts", acctest.Set)
}

// What only the cluster can detect comes at the apply, and nothing is left.
func TestAccCephRBDNamespace_refusedByCluster(t *testing.T) {
	pools(t)
	acctest.Ceph(t, "east", "osd", "erasure-code-profile", "set", "k2m1", "k=2", "m=1", "crush-failure-domain=osd")
	acctest.Ceph(t, "east", "osd", "pool", "create", "coded", "8", "8", "erasure", "k2m1")
	for pool, message := range map[string]string{
		"nowhere": `Cluster "east" has no pool "nowhere".`,
		"coded":   `Unable to create namespace coded/n in cluster "east". Pool "coded" can't hold namespaces for images.`,
	} {
		t.Run(pool, func(t *testing.T) {
			run(t, "n", resource.TestStep{Config: inPool(`"`+pool+`"`, "n"), ExpectError: acctest.Message(message)})
		})
	}
}
