//go:build cgo

package cephcrushrule_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

func TestAccCephCrushRule_disappears(t *testing.T) {
	remove := func() { east(t, "osd", "crush", "rule", "rm", "vanishing") }
	run(t, "vanishing",
		resource.TestStep{Config: rule("vanishing")},
		resource.TestStep{
			PreConfig: remove, Config: rule("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: seen(t, "vanishing", "replicated default host"),
		},
		// Ceph gives the id of a deleted rule to the next one. That is not this one under another name.
		resource.TestStep{
			PreConfig: func() {
				remove()
				east(t, "osd", "crush", "rule", "create-replicated", "stranger", "default", "osd")
			},
			Config: rule("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "vanishing", "replicated default host"), seen(t, "stranger", "replicated default osd"),
			),
		},
		// What is gone already can be destroyed.
		resource.TestStep{
			PreConfig: func() {
				remove()
				east(t, "osd", "crush", "rule", "rm", "stranger")
			},
			Config: rule("vanishing"), Destroy: true,
		},
	)
}

// The configuration that Terraform writes for an existing rule plans nothing.
func TestAccCephCrushRule_import(t *testing.T) {
	profiles(t)
	imported := func(id, words string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Message(words)}
	}
	east(t, "osd", "crush", "rule", "create-erasure", "many", "local")
	steps := []resource.TestStep{}
	for _, config := range []string{
		rule("adopted", `device_class = "ssd"`), rule("adopted", `erasure_code_profile = "fast"`),
	} {
		steps = append(steps, resource.TestStep{Config: config}, resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/adopted",
			GenerateConfig: true,
		})
	}
	run(t, "adopted", append(steps,
		imported("adopted", `"adopted" is not of the form CLUSTER/RULE.`),
		imported("east/", `"east/" is not of the form CLUSTER/RULE.`),
		imported("east/nothing", `Cannot import non-existent remote object`),
		imported("north/adopted", `The provider block has no cluster "north". It has "east", "west".`),
		imported("east/many", `CRUSH rule "many" of cluster "east" can't be imported. Its steps do more than to choose OSDs of one class in`+
			` different failure domains below one bucket. The arguments say no more. Leave it as it is, and refer to it by its name.`),
	)...)
	east(t, "osd", "crush", "rule", "rm", "many")
}

// The monitors would report success and leave the rule as it is.
func TestAccCephCrushRule_existsAlready(t *testing.T) {
	profiles(t)
	east(t, "osd", "crush", "rule", "create-replicated", "there", "default", "osd")
	run(t, "nothing", resource.TestStep{
		Config: rule("there"),
		ExpectError: acctest.Message(`Unable to create CRUSH rule "there" in cluster "east". A CRUSH rule of this name exists already. It was` +
			` left as it is. To manage that rule, import it: terraform import ceph_crush_rule.NAME east/there.`),
	})
	if now := chosen(t, "there"); now != "replicated default osd" {
		t.Errorf("the rule has %q now", now)
	}
	east(t, "osd", "crush", "rule", "rm", "there")
}

// One that pools use is neither deleted nor replaced, and they are named.
func TestAccCephCrushRule_refusedWhileUsed(t *testing.T) {
	const pools = ` Pools use it: user-a, user-b. A rule goes only while no pool uses it`
	config := rule("used", `failure_domain = "osd"`)
	refused := func(change string, attribute string) resource.TestStep {
		return resource.TestStep{
			Config:      change,
			ExpectError: acctest.MessageAt(attribute, `CRUSH rule "used" on cluster "east" can't be replaced.`+pools),
		}
	}
	run(t, "used",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				for _, name := range []string{"user-a", "user-b"} {
					east(t, "osd", "pool", "create", name, "1", "1", "replicated", "used")
				}
			},
			Config: config, Destroy: true,
			ExpectError: acctest.Message(`CRUSH rule "used" on cluster "east" can't be deleted.` + pools),
		},
		refused(rule("used", `failure_domain = "rack"`), "failure_domain"),
		refused(rule("used", `failure_domain = "osd"`, `root = "second"`), "root"),
		refused(rule("used", `failure_domain = "osd"`, `device_class = "ssd"`), "device_class"),
		refused(rule("used", `erasure_code_profile = "chunks"`), "erasure_code_profile"),
		refused(strings.Replace(config, `"east"`, `"west"`, 1), "cluster"),
		resource.TestStep{
			PreConfig: func() {
				for _, name := range []string{"user-a", "user-b"} {
					east(t, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it")
				}
			},
			Config: config, PlanOnly: true,
		},
	)
}

// A pool that refers to the rule's name has the rule by its id: a rename is one change of the name, of which the pool notices nothing.
func TestAccCephCrushRule_renamedUnderPool(t *testing.T) {
	config := func(name string, more ...string) string {
		return rule(name, `failure_domain = "osd"`) + "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"renamed-under\"\n" +
			"  crush_rule = ceph_crush_rule.test.name\n  pg_num = 1\n  pg_autoscale_mode = \"off\"\n  " + strings.Join(more, "\n  ") + "\n}\n"
	}
	ruleOf := func(name string) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(address, "id", "east/"+name),
			resource.TestCheckResourceAttr("ceph_pool.test", "crush_rule", name),
			func(*terraform.State) error {
				if got := strings.TrimSpace(east(t, "osd", "pool", "get", "renamed-under", "crush_rule")); got != "crush_rule: "+name {
					return fmt.Errorf("the pool has %s", got)
				}
				return nil
			},
		)
	}
	update := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
		plancheck.ExpectResourceAction("ceph_pool.test", plancheck.ResourceActionUpdate),
	}}
	detail := func() string {
		for line := range strings.Lines(east(t, "osd", "pool", "ls", "detail")) {
			if strings.Contains(line, "'renamed-under'") {
				return strings.TrimSpace(line) // with last_change, the epoch of the last change
			}
		}
		return ""
	}
	var before string
	run(t, "after",
		resource.TestStep{Config: config("before"), Check: ruleOf("before")},
		resource.TestStep{
			PreConfig: func() {
				expect.Eventually(t, "the end of the pool's creation", func() bool {
					before = detail()
					return !strings.Contains(before, "creating")
				})
			},
			Config: config("after"), ConfigPlanChecks: update,
			Check: resource.ComposeAggregateTestCheckFunc(ruleOf("after"), func(*terraform.State) error {
				if now := detail(); now != before {
					return fmt.Errorf("the pool was changed: %s\nbefore: %s", now, before)
				}
				return nil
			}),
		},
		resource.TestStep{Config: config("after"), PlanOnly: true},
		// Along with another change of the pool.
		resource.TestStep{Config: config("before", "quota_max_objects = 1000"), ConfigPlanChecks: update, Check: ruleOf("before")},
		// Renamed by hand, and then in the configuration too.
		resource.TestStep{
			PreConfig:        func() { east(t, "osd", "crush", "rule", "rename", "before", "by-hand") },
			Config:           config("by-hand", "quota_max_objects = 1000"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            ruleOf("by-hand"),
		},
		resource.TestStep{
			Config: config("replicated_rule"),
			ExpectError: acctest.MessageAt("name", `CRUSH rule "by-hand" on cluster "east" can't be renamed to "replicated_rule". The cluster`+
				` already has a CRUSH rule "replicated_rule", with id 0.`),
		},
	)
}

// A first step gives the pool another rule, and the next one removes the former.
func TestAccCephCrushRule_exchangedUnderPool(t *testing.T) {
	config := func(used string, rules ...string) string {
		blocks := "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"exchanged\"\n  crush_rule = ceph_crush_rule." + used +
			".name\n}\n"
		for _, name := range rules {
			blocks += strings.Replace(rule(name, `failure_domain = "osd"`), `"test"`, strconv.Quote(name), 1)
		}
		return blocks
	}
	run(t, "old",
		resource.TestStep{Config: config("old", "old")},
		resource.TestStep{Config: config("new", "old", "new")},
		resource.TestStep{Config: config("new", "new"), Check: func(*terraform.State) error {
			if find(t, "east", "old").Name != "" {
				t.Error("the former rule is still there")
			}
			return nil
		}},
	)
}

func TestAccCephCrushRule_deadCluster(t *testing.T) {
	cluster := acctest.Bed(t).Cluster("west")
	west := func(name string) string {
		config := rule(name, `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`)
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
	acctest.Record(t, ruleType, "timeouts", acctest.Set)
}
