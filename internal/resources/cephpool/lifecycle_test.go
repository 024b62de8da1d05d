//go:build cgo

package cephpool_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// run applies the steps to a pool, and then checks that the pool is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	acctest.Run(t, "pool "+name, func() bool { return exists(t, name) }, steps...)
}

var planned = acctest.Planned(address)

// rbd runs a command on the cluster east.
func rbd(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.RBD(t, "east", args...)
}

func TestAccCephPool_basic(t *testing.T) {
	run(t, "basic", resource.TestStep{
		Config: pool("basic", `applications = ["rbd"]`),
		Check: resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(address, "type", "replicated"),
			acctest.Computed(t, poolType, "id", func() string { return "east/basic" }),
			acctest.Computed(t, poolType, "pool_id", func() string { return field("pool_id")(t, "basic") }),
			acctest.Computed(t, poolType, "fsid", func() string { return ceph(t, "fsid") }),
			acctest.Check(t, "basic", func(t *testing.T, name string) string {
				// As after `rbd pool init`: an image can be created at once.
				rbd(t, "create", "--size", "1M", name+"/probe")
				rbd(t, "rm", "--no-progress", name+"/probe")
				return "taken"
			}, "taken"),
		),
	})
}

func TestAccCephPool_disappears(t *testing.T) {
	run(t, "vanishing",
		resource.TestStep{Config: pool("vanishing")},
		resource.TestStep{
			PreConfig: func() {
				ceph(t, "osd", "pool", "delete", "vanishing", "vanishing", "--yes-i-really-really-mean-it")
			},
			Config:           pool("vanishing"),
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check:            acctest.Check(t, "vanishing", field("pool_name"), "vanishing"),
		})
}

// The configuration that Terraform writes for an existing pool plans nothing.
func TestAccCephPool_generatedConfig(t *testing.T) {
	acctest.Bed(t)
	profiles(t, "")
	for name, assignments := range map[string]string{
		"plain": `applications = ["rbd"]`,
		"tuned": "applications = [\"rbd\"]\n  config = { rbd_qos_iops_limit = \"100\" }",
		"loaded": "size = 2\n  quota_max_bytes = \"3GiB\"\n  compression_mode = \"force\"\n  target_size_ratio = 0.3\n  bulk = true\n " +
			" pg_autoscale_mode = \"off\"\n  pg_num = 4",
		"coded": "erasure_code_profile = \"k2m1\"\n  allow_ec_overwrites = true",
	} {
		t.Run(name, func(t *testing.T) {
			run(t, name,
				resource.TestStep{Config: pool(name, assignments)},
				resource.TestStep{
					ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/" + name,
					GenerateConfig: true,
				})
		})
	}
}

func TestAccCephPool_rename(t *testing.T) {
	image := func(pool string) string {
		return "resource \"ceph_rbd_image\" \"in\" {\n  cluster = \"east\"\n  pool = " + pool + "\n  name = \"disk\"\n  size = \"4MiB\"\n}\n"
	}
	config := func(name string) string { return pool(name, `applications = ["rbd"]`) + image("ceph_pool.test.name") }
	var id string
	var closeImage func()
	run(t, "after",
		resource.TestStep{Config: config("before"), Check: func(*terraform.State) error {
			id = field("pool_id")(t, "before")
			return nil
		}},
		resource.TestStep{
			// A client that has the image open stands for a running guest.
			PreConfig: func() { closeImage = acctest.OpenImage(t, "east", "admin", "before/disk") },
			Config:    config("after"),
			ExpectError: acctest.MessageAt("name", `Pool "before" on cluster "east" can't be renamed to "after" while images in it are open:`+
				` before/disk by client.admin at`),
		},
		resource.TestStep{
			PreConfig: func() { closeImage() },
			Config:    config("after"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction("ceph_rbd_image.in", plancheck.ResourceActionUpdate),
			}},
			Check: resource.ComposeAggregateTestCheckFunc(
				func(*terraform.State) error {
					if got := field("pool_id")(t, "after"); got != id {
						return fmt.Errorf("the pool's number was %s and is %s", id, got)
					}
					return nil
				},
				resource.TestCheckResourceAttr("ceph_rbd_image.in", "id", "east/after/disk"),
			),
		},
		// Nothing shows whether a pool that doesn't exist is a new one or the old one renamed.
		resource.TestStep{
			Config:      pool("after", `applications = ["rbd"]`) + image(`"other"`),
			ExpectError: acctest.Message(`Cluster "east" has no pool "other" yet, so what becomes of an image in pool "after" can't be planned.`),
		},
		// A name that another pool has is refused before the image, whose pool argument follows the name, is changed.
		resource.TestStep{
			PreConfig: func() { ceph(t, "osd", "pool", "create", "taken", "8") },
			Config:    config("taken"),
			ExpectError: acctest.MessageAt("name", `Pool "after" on cluster "east" can't be renamed to "taken". The cluster already has a`+
				` pool "taken", with id`),
		},
		resource.TestStep{Config: config("after"), PlanOnly: true},
	)
	ceph(t, "osd", "pool", "delete", "taken", "taken", "--yes-i-really-really-mean-it")
}

func TestAccCephPool_existsAlready(t *testing.T) {
	acctest.Bed(t)
	ceph(t, "osd", "pool", "create", "old", "8", "8", "--size", "2")
	// For a moment the pool is still being created. Its flags and the number of its changes show it.
	asMade := func() string {
		old := detail(t, "east", "old")
		return fmt.Sprint(old["pool_id"], old["size"], old["min_size"], old["pg_num_target"], old["options"], old["application_metadata"])
	}
	before := asMade()
	run(t, "nothing", resource.TestStep{
		Config: pool("old", "size = 3", `applications = ["rbd"]`),
		ExpectError: acctest.Message(`Unable to create pool "old" in cluster "east". A pool of this name exists already, with id ` +
			field("pool_id")(t, "old") + `. It was left as it is. To manage that pool, import it: terraform import ceph_pool.NAME east/old.`),
	})
	if after := asMade(); after != before {
		t.Errorf("the pool was %s and is %s", before, after)
	}
	ceph(t, "osd", "pool", "delete", "old", "old", "--yes-i-really-really-mean-it")
}

// Two resources never share one pool, although the monitors report success to both.
func TestAccCephPool_twoResources(t *testing.T) {
	again := strings.Replace(pool("double"), `"test"`, `"again"`, 1)
	run(t, "double",
		resource.TestStep{Config: pool("double") + again, ExpectError: acctest.Message(`pool of this name`)},
		resource.TestStep{Config: "# whichever was made goes"},
	)
}

func TestAccCephPool_deleteRefusedUnlessEmpty(t *testing.T) {
	config, forced := pool("full", `applications = ["rbd"]`), pool("full", `applications = ["rbd"]`, "force_destroy = true")
	var closeImage func()
	run(t, "full",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { rbd(t, "create", "--size", "1M", "full/precious") },
			Config:    config,
			Destroy:   true,
			ExpectError: acctest.Message(`Pool "full" on cluster "east" is not empty: it holds 1 image (full/precious). Deleting a pool destroys` +
				` what is in it`),
		},
		resource.TestStep{
			// The trash and namespaces count too.
			PreConfig: func() {
				rbd(t, "trash", "mv", "full/precious")
				rbd(t, "namespace", "create", "full/tenant")
				rbd(t, "create", "--size", "1M", "full/tenant/hidden")
			},
			Config:      config,
			Destroy:     true,
			ExpectError: acctest.Message(`it holds 1 image (full/tenant/hidden); 1 image in the trash (full/precious).`),
		},
		// A replacement deletes the pool, and is refused before anything changes.
		resource.TestStep{
			Config:      pool("full", `type = "erasure"`),
			ExpectError: acctest.MessageAt("type", `Pool "full" on cluster "east" is not empty`),
		},
		resource.TestStep{
			Config:      strings.Replace(config, `cluster = "east"`, `cluster = "west"`, 1),
			ExpectError: acctest.MessageAt("cluster", `Pool "full" on cluster "east" is not empty`),
		},
		resource.TestStep{Config: forced, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: func(*terraform.State) error {
			acctest.Record(t, poolType, "force_destroy", acctest.Changed)
			return nil
		}},
		// A pool that a client uses is never deleted.
		resource.TestStep{
			PreConfig: func() { closeImage = acctest.OpenImage(t, "east", "admin", "full/tenant/hidden") },
			Config:    forced,
			Destroy:   true,
			ExpectError: acctest.Message(`Pool "full" on cluster "east" can't be deleted while images in it are open: full/tenant/hidden by` +
				` client.admin at`),
		},
		resource.TestStep{PreConfig: func() { closeImage() }, Config: forced, PlanOnly: true},
	)
	acctest.Record(t, poolType, "force_destroy", acctest.Set)

	// Once force_destroy has been removed again, the pool is protected.
	run(t, "full",
		resource.TestStep{Config: pool("full", "force_destroy = true")},
		resource.TestStep{Config: pool("full"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
		resource.TestStep{
			PreConfig: func() { put(t, "full", "thing") }, Config: pool("full"), Destroy: true,
			ExpectError: acctest.Message(`it holds objects that don't belong to RBD's bookkeeping (such as thing).`),
		},
		resource.TestStep{PreConfig: func() { remove(t, "full", "thing") }, Config: pool("full"), PlanOnly: true},
	)
	acctest.Record(t, poolType, "force_destroy", acctest.Cleared)
}

// force_destroy does not delete the disk of a domain that is shut off, also where the pool is only the data pool.
func TestAccCephPool_namedByADomain(t *testing.T) {
	acctest.Bed(t)
	ceph(t, "osd", "pool", "create", "booked-headers", "4")
	acctest.RBD(t, "east", "pool", "init", "booked-headers")
	t.Cleanup(func() {
		ceph(t, "osd", "pool", "delete", "booked-headers", "booked-headers", "--yes-i-really-really-mean-it")
	})
	config := pool("booked", `applications = ["rbd"]`, "force_destroy = true")
	refused := resource.TestStep{
		Config: config, Destroy: true,
		ExpectError: acctest.Message(`Pool booked on cluster "east" is named by sleeper on kvm1 (vda). These domains would lose a disk`),
	}
	undefine := func() { acctest.Virsh(t, "kvm1", "undefine", "sleeper") }
	holding, inside := refused, refused
	holding.PreConfig = func() {
		acctest.RBD(t, "east", "create", "--size", "4M", "--data-pool", "booked", "booked-headers/disk")
		acctest.DefineDomain(t, "kvm1", "sleeper", "east", "booked-headers/disk")
	}
	inside.PreConfig = func() {
		undefine()
		acctest.DefineDomain(t, "kvm1", "sleeper", "east", "booked/tenant/never-made")
	}
	run(t, "booked",
		resource.TestStep{Config: config}, holding, inside,
		resource.TestStep{
			PreConfig: func() {
				undefine()
				acctest.RBD(t, "east", "rm", "--no-progress", "booked-headers/disk")
			},
			Config: config, PlanOnly: true,
		},
	)
}

func TestAccCephPool_deletionForbidden(t *testing.T) {
	gate := func(value string) { ceph(t, "tell", "mon.*", "config", "set", "mon_allow_pool_delete", value) }
	run(t, "kept",
		resource.TestStep{Config: pool("kept", "nodelete = true")},
		resource.TestStep{
			Config: pool("kept", "nodelete = true"), Destroy: true,
			ExpectError: acctest.Message(`Unable to delete pool "kept" of cluster "east". The pool's nodelete flag protects it. Set nodelete to` +
				` false and apply`),
		},
		resource.TestStep{Config: pool("kept")},
		resource.TestStep{
			PreConfig: func() { gate("false") },
			Config:    pool("kept"), Destroy: true,
			ExpectError: acctest.Message(`Unable to delete pool "kept" of cluster "east". This cluster forbids the deletion of pools. The pool is` +
				` unchanged. Allow it for the moment (ceph config set mon mon_allow_pool_delete true), apply`),
		},
		resource.TestStep{PreConfig: func() { gate("true") }, Config: pool("kept"), PlanOnly: true},
	)
}

func TestAccCephPool_erasureCoded(t *testing.T) {
	acctest.Bed(t)
	profiles(t, "")
	rules := func(t *testing.T, _ string) string {
		return fmt.Sprint(strings.Contains(ceph(t, "osd", "crush", "rule", "ls"), "archive"))
	}
	config := pool("archive", `erasure_code_profile = "k2m1"`, "allow_ec_overwrites = true", `applications = ["rbd"]`)
	headers := "resource \"ceph_pool\" \"headers\" {\n  cluster = \"east\"\n  name = \"headers\"\n  applications = [\"rbd\"]\n}\n"
	image := "resource \"ceph_rbd_image\" \"in\" {\n  cluster = \"east\"\n  pool = ceph_pool.headers.name\n  name = \"disk\"\n " +
		" size = \"4MiB\"\n  data_pool = ceph_pool.test.name\n}\n"
	run(t, "archive",
		resource.TestStep{
			Config: config + headers + image,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "type", "erasure"),
				resource.TestCheckResourceAttr(address, "size", "3"),
				resource.TestCheckResourceAttr(address, "crush_rule", "archive"),
				acctest.Check(t, "archive", rules, "true"),
				acctest.Check(t, "archive", applications, "rbd"),
			),
		},
		// The pool itself holds no image, but it is not empty.
		resource.TestStep{
			Config: headers + image[:strings.Index(image, "  data_pool")] + "}\n",
			ExpectError: acctest.Message(`Pool "archive" on cluster "east" is not empty: it holds 1 image of another pool that keeps its data` +
				` here (headers/disk).`),
		},
		resource.TestStep{Config: config + headers},
		// The rule keeps the pool's first name, and is still deleted with the pool.
		resource.TestStep{
			Config: strings.Replace(config, `"archive"`, `"attic"`, 1) + headers,
			Check:  resource.TestCheckResourceAttr(address, "crush_rule", "archive"),
		},
		resource.TestStep{Config: headers, Check: acctest.Check(t, "attic", rules, "false")},
	)
}

// keepsRules reports whether the monitors leave the rule of an erasure-coded pool alone when the pool is deleted, as those before 20.2 do.
func keepsRules(t *testing.T) bool {
	t.Helper()
	ceph(t, "osd", "pool", "create", "by-hand", "8", "8", "erasure", "k2m1")
	ceph(t, "osd", "pool", "delete", "by-hand", "by-hand", "--yes-i-really-really-mean-it")
	if !strings.Contains(ceph(t, "osd", "crush", "rule", "ls"), "by-hand") {
		return false
	}
	ceph(t, "osd", "crush", "rule", "rm", "by-hand")
	return true
}

// Nobody knows who has made the rule of a pool that is imported: it stays, unless the monitors remove it.
func TestAccCephPool_ruleOfAnImportedPool(t *testing.T) {
	acctest.Bed(t)
	profiles(t, "")
	keeps := keepsRules(t)
	ceph(t, "osd", "crush", "rule", "create-erasure", "brought", "k2m1")
	ceph(t, "osd", "pool", "create", "brought", "8", "8", "erasure", "k2m1", "brought")
	left := func(t *testing.T, _ string) string {
		return fmt.Sprint(strings.Contains(ceph(t, "osd", "crush", "rule", "ls"), "brought"))
	}
	run(t, "brought",
		resource.TestStep{
			Config: "import {\n  to = ceph_pool.test\n  id = \"east/brought\"\n}\n" + pool("brought", `erasure_code_profile = "k2m1"`),
			Check:  resource.TestCheckResourceAttr(address, "crush_rule", "brought"),
		},
		resource.TestStep{Config: "# the pool is gone", Check: acctest.Check(t, "brought", left, fmt.Sprint(keeps))},
	)
	if keeps {
		ceph(t, "osd", "crush", "rule", "rm", "brought")
	}
}

// The rule of the default profile has a name of its own. A rule that existed before the pool stays, unless the monitors remove it.
func TestAccCephPool_rulesOfErasureCodedPools(t *testing.T) {
	acctest.Bed(t)
	profiles(t, "")
	ceph(t, "osd", "erasure-code-profile", "set", "default", "k=2", "m=1", "crush-failure-domain=osd", "--force", "--yes-i-really-mean-it")
	ceph(t, "osd", "crush", "rule", "create-erasure", "vault", "k2m1")
	t.Cleanup(func() { ceph(t, "osd", "crush", "rule", "rm", "vault") })
	keeps := keepsRules(t)
	rules := func(t *testing.T, _ string) string {
		return strings.Join(strings.Fields(ceph(t, "osd", "crush", "rule", "ls")), " ")
	}
	before := rules(t, "")
	if !keeps {
		before = strings.TrimSuffix(before, " vault")
	}
	run(t, "coded",
		resource.TestStep{
			Config: pool("coded", `type = "erasure"`), Check: resource.TestCheckResourceAttr(address, "crush_rule", "erasure-code"),
		},
		resource.TestStep{
			Config: pool("vault", `erasure_code_profile = "k2m1"`), Check: resource.TestCheckResourceAttr(address, "crush_rule", "vault"),
		},
		resource.TestStep{Config: "# nothing is left of either", Check: acctest.Check(t, "", rules, before)},
	)
}

// The monitors choose min_size again when size changes, and refuse bounds that exclude the present pg_num.
func TestAccCephPool_dependentSettings(t *testing.T) {
	off := func(assignments ...string) string {
		return pool("bound", append(assignments, `pg_autoscale_mode = "off"`)...)
	}
	run(t, "bound",
		resource.TestStep{Config: off("size = 3", "min_size = 2", "pg_num = 8", "pgp_num = 4", "pg_num_min = 4", "pg_num_max = 8")},
		resource.TestStep{
			Config: off("size = 2", "min_size = 2", "pg_num = 32", "pgp_num = 4", "pg_num_min = 16", "pg_num_max = 32"),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "bound", field("min_size"), "2"), acctest.Check(t, "bound", field("pg_num_target"), "32"),
				acctest.Check(t, "bound", field("pg_placement_num_target"), "4"), acctest.Check(t, "bound", option("pg_num_min"), "16"),
				acctest.Check(t, "bound", option("pg_num_max"), "32"),
			),
		},
		resource.TestStep{
			Config: off("size = 3", "min_size = 1", "pg_num = 8", "pgp_num = 4", "pg_num_min = 4", "pg_num_max = 8"),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "bound", field("min_size"), "1"), acctest.Check(t, "bound", field("pg_num_target"), "8"),
				acctest.Check(t, "bound", option("pg_num_min"), "4"), acctest.Check(t, "bound", option("pg_num_max"), "8"),
			),
		},
		resource.TestStep{
			Config:      off("pg_num_min = 16"),
			ExpectError: acctest.MessageAt("pg_num_min", `pg_num_min is 16, and pg_num only 8. Lower the one or raise the other.`),
		},
		// With the autoscaler the configuration has no pg_num, so a new bound changes the number.
		resource.TestStep{
			Config: pool("bound", `pg_autoscale_mode = "on"`, "pg_num_min = 16"),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "bound", option("pg_num_min"), "16"),
				acctest.Check(t, "bound", field("pg_num_target"), "16"),
			),
		},
	)
}

func TestAccCephPool_sizeOne(t *testing.T) {
	allow := func(value string) { ceph(t, "tell", "mon.*", "config", "set", "mon_allow_pool_size_one", value) }
	run(t, "single",
		resource.TestStep{Config: pool("single", "size = 2")},
		resource.TestStep{
			PreConfig: func() { allow("false") },
			Config:    pool("single", "size = 1"),
			ExpectError: acctest.Message(`Unable to set size to 1 on pool "single" of cluster "east". The cluster does not allow pools` +
				` without replicas.`),
		},
		resource.TestStep{
			PreConfig: func() { allow("true") },
			Config:    pool("single", "size = 1"),
			Check:     acctest.Check(t, "single", field("size"), "1"),
		},
	)
}

// A number that the autoscaler chose is no drift.
func TestAccCephPool_autoscaled(t *testing.T) {
	config := pool("scaled", `pg_autoscale_mode = "on"`, "pg_num = 4")
	run(t, "scaled",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { set("pg_num", "16")(t, "scaled") },
			Config:    config,
			PlanOnly:  true,
		},
	)
}

func TestAccCephPool_deadCluster(t *testing.T) {
	cluster := acctest.Bed(t).Cluster("west")
	const timeouts = `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`
	west := func(assignments ...string) string {
		return strings.Replace(pool("waiting", append(assignments, timeouts)...), `cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.PauseMonitors, cluster.ResumeMonitors)
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: west()},
		resource.TestStep{PreConfig: begin, Config: west("size = 2"), ExpectError: inTime},
		resource.TestStep{Config: west(), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: west(), PlanOnly: true},
	)
	acctest.Record(t, poolType, "timeouts", acctest.Set)
}

// put writes an object by hand.
func put(t *testing.T, pool, object string) { rados(t, "--pool", pool, "create", object) }

func remove(t *testing.T, pool, object string) { rados(t, "--pool", pool, "rm", object) }

func rados(t *testing.T, args ...string) {
	t.Helper()
	if _, err := acctest.Bed(t).Cluster("east").Rados(context.Background(), args...); err != nil {
		t.Fatal(err)
	}
}
