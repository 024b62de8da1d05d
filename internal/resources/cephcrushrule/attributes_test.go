//go:build cgo

package cephcrushrule_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// block is a rule whose configuration has only these assignments.
func block(name, assignments string) string {
	for argument, assignment := range map[string]string{"cluster": `cluster = "east"`, "name": fmt.Sprintf("name = %q", name)} {
		if !strings.Contains(assignments, "\n  "+argument+" = ") {
			assignments += "\n  " + assignment
		}
	}
	return "resource \"ceph_crush_rule\" \"test\" {\n" + assignments + "\n}\n"
}

func TestAccCephCrushRule_attributes(t *testing.T) {
	profiles(t)
	described := acctest.Resource{
		Type: ruleType, Config: block, ImportID: func(name string) string { return "east/" + name },
		NotImported: []string{"erasure_code_profile"},
	}
	// again makes a rule anew by hand: it gets the id of the former one.
	again := func(choices ...string) func(*testing.T, string) {
		return func(t *testing.T, name string) {
			east(t, "osd", "crush", "rule", "rm", name)
			east(t, append([]string{"osd", "crush", "rule", "create-replicated", name}, choices...)...)
		}
	}
	acctest.RunTogether(t, described, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true,
		View: func(t *testing.T, name string) string {
			return find(t, "east", name).Name + find(t, "east", name+"-new").Name
		},
		SeenFirst: "a-name", SeenSecond: "a-name-new",
		Drift: func(t *testing.T, name string) { east(t, "osd", "crush", "rule", "rename", name, "by-hand") },
	}})
	for _, a := range []acctest.Attribute{
		{
			Name: "root", First: `"default"`, Second: `"second"`,
			SeenFirst: "replicated default host", SeenSecond: "replicated second host", Stays: true,
			Drift: again("second", "host"),
		},
		{
			Name: "failure_domain", First: `"osd"`, Second: `"rack"`,
			SeenFirst: "replicated default osd", SeenSecond: "replicated default rack", Stays: true,
			Drift: again("default", "host"),
		},
		{
			Name: "device_class", First: `"ssd"`, Second: `"hdd"`,
			SeenFirst: "replicated default~ssd host", SeenSecond: "replicated default~hdd host", SeenRemoved: "replicated default host",
			Drift: again("default", "host"),
		},
		{
			Name: "type", First: `"erasure"`, With: "\n  erasure_code_profile = \"chunks\"",
			SeenFirst: "erasure default osd", Stays: true,
			Drift: again("default", "osd"),
		},
	} {
		a.Replaces, a.DriftReplaces, a.View = true, true, chosen
		acctest.RunTogether(t, described, a.Name, []acctest.Attribute{a})
	}
	acctest.RunTogether(t, described, "erasure_code_profile", []acctest.Attribute{{
		Name: "erasure_code_profile", First: `"chunks"`, Second: `"fast"`, Required: true, Replaces: true, View: chosen,
		SeenFirst: "erasure default osd", SeenSecond: "erasure default~ssd osd",
	}})
	acctest.RunTogether(t, described, "cluster", []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Required: true, Replaces: true,
		View: func(t *testing.T, name string) (clusters string) {
			for _, cluster := range []string{"east", "west"} {
				if find(t, cluster, name).Name != "" {
					clusters += cluster
				}
			}
			return clusters
		},
		SeenFirst: "east", SeenSecond: "west",
	}})
}

func TestAccCephCrushRule_basic(t *testing.T) {
	computed := func(attribute string, view func() string) resource.TestCheckFunc {
		return acctest.Computed(t, ruleType, attribute, view)
	}
	run(t, "basic",
		resource.TestStep{Config: rule("basic"), Check: resource.ComposeAggregateTestCheckFunc(
			seen(t, "basic", "replicated default host"),
			computed("id", func() string { return "east/basic" }),
			computed("fsid", func() string { return east(t, "fsid") }),
			computed("rule_id", func() string { return strconv.Itoa(find(t, "east", "basic").ID) }),
			resource.TestCheckResourceAttr(address, "type", "replicated"),
			resource.TestCheckResourceAttr(address, "root", "default"),
			resource.TestCheckResourceAttr(address, "failure_domain", "host"),
			resource.TestCheckNoResourceAttr(address, "device_class"),
			resource.TestCheckNoResourceAttr(address, "erasure_code_profile"),
		)},
		resource.TestStep{Config: rule("basic"), PlanOnly: true},
		resource.TestStep{
			Config: rule("basic", `type = "replicated"`, `root = "default"`, `failure_domain = "host"`), PlanOnly: true,
		},
		// Where a label is left out, the recorded one stays.
		resource.TestStep{Config: strings.Replace(rule("basic"), `cluster = "east"`, "", 1), PlanOnly: true},
	)
	acctest.Record(t, ruleType, "cluster", acctest.Cleared)
}

// A profile says where the chunks go. What is made from it is known by its name alone.
func TestAccCephCrushRule_profile(t *testing.T) {
	const coded = `erasure_code_profile = "fast"`
	attributes := func(domain, class string) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(address, "type", "erasure"),
			resource.TestCheckResourceAttr(address, "root", "default"),
			resource.TestCheckResourceAttr(address, "failure_domain", domain),
			resource.TestCheckResourceAttr(address, "device_class", class),
		)
	}
	run(t, "coded",
		resource.TestStep{Config: rule("coded", coded), Check: resource.ComposeAggregateTestCheckFunc(
			seen(t, "coded", "erasure default~ssd osd"), attributes("osd", "ssd"),
		)},
		resource.TestStep{Config: rule("coded", coded), PlanOnly: true},
		resource.TestStep{Config: rule("coded", coded, `type = "erasure"`), PlanOnly: true},
		// Without the profile nothing could make the rule again.
		resource.TestStep{
			Config:      rule("coded"),
			ExpectError: acctest.Message(`Ceph makes a rule of the type "erasure" only from an erasure code profile`),
		},
		resource.TestStep{
			Config: rule("coded", `type = "replicated"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: seen(t, "coded", "replicated default host"),
		},
		resource.TestStep{
			Config: rule("coded", `type = "erasure"`, coded), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: resource.ComposeAggregateTestCheckFunc(seen(t, "coded", "erasure default~ssd osd"), attributes("osd", "ssd")),
		},
	)
	acctest.Record(t, ruleType, "type", acctest.Changed)
	acctest.Record(t, ruleType, "erasure_code_profile", acctest.Cleared)
}

// An imported rule has no profile, and a first one is taken over where it fits.
func TestAccCephCrushRule_firstProfile(t *testing.T) {
	profiles(t)
	east(t, "osd", "crush", "rule", "create-erasure", "old", "fast")
	id := find(t, "east", "old").ID
	imported := rule("old", `type = "erasure"`, `root = "default"`, `failure_domain = "osd"`, `device_class = "ssd"`)
	run(t, "old",
		resource.TestStep{
			Config: imported, ResourceName: address, ImportState: true, ImportStateId: "east/old", ImportStatePersist: true,
		},
		resource.TestStep{Config: imported, PlanOnly: true},
		resource.TestStep{
			Config: rule("old", `erasure_code_profile = "chunks"`),
			ExpectError: acctest.MessageAt("erasure_code_profile", `CRUSH rule "old" on cluster "east" was not made from erasure code profile`+
				` "chunks". The rule has type "erasure", root "default", failure domain "osd" and device class "ssd"; of the profile it would`+
				` have type "erasure", root "default", failure domain "osd" and no device class. Name the profile that it was made from`),
		},
		resource.TestStep{
			Config:      rule("old", `erasure_code_profile = "nowhere"`),
			ExpectError: acctest.MessageAt("erasure_code_profile", `Cluster "east" has no erasure code profile "nowhere".`),
		},
		resource.TestStep{
			Config:      made("chunks") + rule("old", "erasure_code_profile = terraform_data.profile.output"),
			ExpectError: acctest.Message(`CRUSH rule "old" on cluster "east" was not made from erasure code profile "chunks".`),
		},
		resource.TestStep{
			Config:           made("fast") + rule("old", "erasure_code_profile = terraform_data.profile.output"),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            resource.TestCheckResourceAttr(address, "rule_id", strconv.Itoa(id)),
		},
		resource.TestStep{Config: imported, ExpectError: acctest.Message(`only from an erasure code profile`)},
		resource.TestStep{
			Config: rule("old", `erasure_code_profile = "fast"`), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "rule_id", strconv.Itoa(id)),
				resource.TestCheckResourceAttr(address, "erasure_code_profile", "fast"),
			),
		},
		resource.TestStep{Config: rule("old", `erasure_code_profile = "fast"`), PlanOnly: true},
	)
}

// What such a profile makes has steps that no argument says. The rule is made all the same, and stays as it is.
func TestAccCephCrushRule_profileOfManySteps(t *testing.T) {
	config := rule("layered", `erasure_code_profile = "local"`)
	run(t, "layered",
		resource.TestStep{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
			seen(t, "layered", "erasure default host osd"),
			resource.TestCheckResourceAttr(address, "type", "erasure"),
			resource.TestCheckNoResourceAttr(address, "root"),
			resource.TestCheckNoResourceAttr(address, "failure_domain"),
		)},
		resource.TestStep{Config: config, PlanOnly: true},
		resource.TestStep{
			Config: strings.Replace(config, "layered", "layered-new", 1), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
		},
		resource.TestStep{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate)},
	)
}

// made is a configuration of a resource whose output is the name of a profile, and is known after the apply.
func made(profile string) string {
	return fmt.Sprintf("resource \"terraform_data\" \"profile\" {\n  input = %q\n}\n", profile)
}

// A profile that is known only at the apply decides then.
func TestAccCephCrushRule_profileKnownAtTheApply(t *testing.T) {
	config := func(profile string, more ...string) string {
		return made(profile) + rule("late", append(more, "erasure_code_profile = terraform_data.profile.output")...)
	}
	run(t, "late",
		resource.TestStep{
			Config: config("fast", `failure_domain = "host"`),
			ExpectError: acctest.MessageAt("failure_domain", `A rule that is made from an erasure code profile has the failure_domain that the`+
				` profile says.`),
		},
		resource.TestStep{Config: made("none") + rule("late"), Check: seen(t, "late", "replicated default host")},
		resource.TestStep{
			Config: config("fast"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: resource.ComposeAggregateTestCheckFunc(
				seen(t, "late", "erasure default~ssd osd"), resource.TestCheckResourceAttr(address, "type", "erasure"),
			),
		},
		resource.TestStep{Config: config("fast"), PlanOnly: true},
		resource.TestStep{
			Config: config("chunks"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: seen(t, "late", "erasure default osd"),
		},
	)
}
