//go:build cgo

package cepherasurecodeprofile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const (
	profileType = "ceph_erasure_code_profile"
	address     = profileType + ".test"
)

// layered are settings of the plugin lrc by which it derives k and m.
var layered = []string{"plugin=lrc", "mapping=__DD__DD", `layers=[["_cDD_cDD",""],["cDDD____",""],["____cDDD",""]]`}

// profile is a configuration of one profile of the cluster east with two chunks of data and one of parity, with further assignments.
func profile(name string, assignments ...string) string {
	return block(name, "\n  "+strings.Join(assignments, "\n  "))
}

// block is profile, where the assignments may have all arguments.
func block(name, assignments string) string {
	for argument, assignment := range map[string]string{
		"cluster": `cluster = "east"`, "name": fmt.Sprintf("name = %q", name), "k": "k = 2", "m": "m = 1",
	} {
		if !strings.Contains(assignments, "\n  "+argument+" = ") {
			assignments += "\n  " + assignment
		}
	}
	return "resource \"ceph_erasure_code_profile\" \"test\" {\n" + assignments + "\n}\n"
}

func ceph(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.Ceph(t, "east", args...)
}

// names are the profiles of a cluster.
func names(t *testing.T, cluster string) []string {
	t.Helper()
	return strings.Fields(acctest.Ceph(t, cluster, "osd", "erasure-code-profile", "ls"))
}

// stored is a second view: the value of a key of a profile, as ceph shows it.
func stored(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		for line := range strings.Lines(ceph(t, "osd", "erasure-code-profile", "get", name)) {
			if value, is := strings.CutPrefix(strings.TrimSpace(line), key+"="); is {
				return value
			}
		}
		return ""
	}
}

// run applies the steps, and then checks that the profile is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	acctest.Bed(t)
	acctest.Run(t, "profile "+name, func() bool { return slices.Contains(names(t, "east"), name) }, steps...)
}

var planned = acctest.Planned(address)

var nothingPlanned = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

func TestAccCephErasureCodeProfile_attributes(t *testing.T) {
	acctest.Bed(t)
	ceph(t, "osd", "crush", "add-bucket", "other", "root")
	described := acctest.Resource{
		Type: profileType, Config: block, ImportID: func(name string) string { return "east/" + name },
	}
	acctest.RunTogether(t, described, "chunks", []acctest.Attribute{
		{
			Name: "k", First: "4", Second: "6", Required: true, Replaces: true, View: stored("k"), SeenFirst: "4", SeenSecond: "6",
			Drift: func(t *testing.T, name string) {
				ceph(t, "osd", "erasure-code-profile", "set", name, "k=5", "m=3", "plugin=jerasure", "--force", "--yes-i-really-mean-it")
			}, DriftReplaces: true,
		},
		{Name: "m", First: "2", Second: "3", Required: true, Replaces: true, View: stored("m"), SeenFirst: "2", SeenSecond: "3"},
	})
	acctest.RunTogether(t, described, "plugin", []acctest.Attribute{
		{
			Name: "plugin", First: `"jerasure"`, Second: `"isa"`, Replaces: true, View: stored("plugin"), SeenFirst: "jerasure",
			SeenSecond: "isa", Stays: true,
		},
		{
			Name: "technique", First: `"reed_sol_van"`, Second: `"cauchy"`, Replaces: true, View: stored("technique"),
			SeenFirst: "reed_sol_van", SeenSecond: "cauchy", Stays: true,
		},
	})
	acctest.RunTogether(t, described, "placement", []acctest.Attribute{
		{
			Name: "crush_root", First: `"default"`, Second: `"other"`, Replaces: true, View: stored("crush-root"), SeenFirst: "default",
			SeenSecond: "other", Stays: true,
		},
		{
			Name: "crush_failure_domain", First: `"rack"`, Second: `"osd"`, Replaces: true, View: stored("crush-failure-domain"),
			SeenFirst: "rack", SeenSecond: "osd", Stays: true,
		},
	})
	described.Config = func(name, body string) string { return block(name, "\n  plugin = \"jerasure\""+body) }
	acctest.RunTogether(t, described, "unset", []acctest.Attribute{
		{
			Name: "crush_device_class", First: `"ssd"`, Second: `"hdd"`, Replaces: true, View: stored("crush-device-class"), SeenFirst: "ssd",
			SeenSecond: "hdd", SeenRemoved: "",
		},
		{
			Name: "stripe_unit", First: `"8KiB"`, Second: `"16K"`, Replaces: true, View: stored("stripe_unit"), SeenFirst: "8192",
			SeenSecond: "16384", SeenRemoved: "",
		},
		{
			Name: "parameters", First: `{ w = "16" }`, Second: `{ w = "32" }`, Replaces: true, View: stored("w"), SeenFirst: "16",
			SeenSecond: "32", SeenRemoved: "8",
		},
	})
	acctest.RunTogether(t, described, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true, Replaces: true,
		View: func(t *testing.T, _ string) string {
			return strings.Join(slices.DeleteFunc(names(t, "east"), func(name string) bool { return !strings.HasPrefix(name, "a-name") }), " ")
		},
		SeenFirst: "a-name", SeenSecond: "a-name-new",
	}})
	acctest.RunTogether(t, described, "cluster", []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Required: true, Replaces: true,
		View: func(t *testing.T, name string) string {
			found := ""
			for _, cluster := range []string{"east", "west"} {
				if slices.Contains(names(t, cluster), name) {
					found += cluster
				}
			}
			return found
		},
		SeenFirst: "east", SeenSecond: "west",
	}})
}

func TestAccCephErasureCodeProfile_basic(t *testing.T) {
	acctest.Bed(t)
	computed := func(attribute string, seen func() string) resource.TestCheckFunc {
		return acctest.Computed(t, profileType, attribute, seen)
	}
	const jerasure = `plugin = "jerasure"`
	config := profile("basic", jerasure, `stripe_unit = "4KiB"`, `parameters = { w = "8" }`)
	run(t, "basic",
		resource.TestStep{Config: config, Check: resource.ComposeAggregateTestCheckFunc(
			computed("id", func() string { return "east/basic" }),
			computed("fsid", func() string { return ceph(t, "fsid") }),
			resource.TestCheckResourceAttr(address, "crush_failure_domain", "host"),
			resource.TestCheckNoResourceAttr(address, "crush_device_class"),
		)},
		resource.TestStep{Config: config, PlanOnly: true},
		// Equal sizes are no change, and neither is a parameter that the profile has already.
		resource.TestStep{Config: strings.Replace(config, `"4KiB"`, `"4096"`, 1), PlanOnly: true},
		resource.TestStep{
			Config:           profile("basic", jerasure, `stripe_unit = "4KiB"`, `parameters = { w = "8", jerasure-per-chunk-alignment = "false" }`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
		},
		// Where a label is left out, the recorded one stays.
		resource.TestStep{
			Config: strings.Replace(profile("basic", jerasure, `stripe_unit = "4KiB"`,
				`parameters = { w = "8", jerasure-per-chunk-alignment = "false" }`), `cluster = "east"`, "", 1),
			PlanOnly: true,
		},
	)
	acctest.Record(t, profileType, "cluster", acctest.Cleared)
}

func TestAccCephErasureCodeProfile_disappears(t *testing.T) {
	acctest.Bed(t)
	run(t, "vanishing",
		resource.TestStep{
			Config: profile("vanishing"), Check: resource.TestCheckResourceAttr(address, "plugin", stored("plugin")(t, "default")),
		},
		resource.TestStep{
			PreConfig: func() { ceph(t, "osd", "erasure-code-profile", "rm", "vanishing") },
			Config:    profile("vanishing"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: acctest.Check(t, "vanishing", stored("k"), "2"),
		},
	)
}

// The configuration that Terraform writes for an existing profile plans nothing, whatever the plugin has filled in, and neither does one
// that says no more than what was asked for.
func TestAccCephErasureCodeProfile_import(t *testing.T) {
	acctest.Bed(t)
	imported := func(id, words string) resource.TestStep {
		return resource.TestStep{ResourceName: address, ImportState: true, ImportStateId: id, ExpectError: acctest.Message(words)}
	}
	for name, settings := range map[string]string{
		"plain":    "",
		"cauchy":   "plugin=jerasure technique=cauchy_good packetsize=1024",
		"shingled": "plugin=shec k=4 m=3 c=2",
		"clay":     "plugin=clay k=4 m=2",
		"repaired": "plugin=clay k=3 m=3 d=4",
		"locally":  "plugin=lrc k=4 m=2 l=3",
		"striped":  "stripe_unit=8K crush-device-class=ssd crush-failure-domain=osd",
	} {
		t.Run(name, func(t *testing.T) {
			ceph(t, append([]string{"osd", "erasure-code-profile", "set", name, "k=2", "m=1"}, strings.Fields(settings)...)...)
			lines := "k = 2\n  m = 1"
			for _, setting := range strings.Fields(settings) {
				key, value, _ := strings.Cut(setting, "=")
				switch key {
				case "k":
					lines = strings.Replace(lines, "k = 2", "k = "+value, 1)
				case "m":
					lines = strings.Replace(lines, "m = 1", "m = "+value, 1)
				case "l", "packetsize":
					lines += fmt.Sprintf("\n  parameters = { %s = %q }", key, value)
				case "d", "c":
					if name == "repaired" {
						lines += fmt.Sprintf("\n  parameters = { %s = %q }", key, value)
					}
				default:
					lines += fmt.Sprintf("\n  %s = %q", strings.ReplaceAll(key, "-", "_"), value)
				}
			}
			run(t, name,
				resource.TestStep{
					Config: "import {\n  to = " + address + "\n  id = \"east/" + name + "\"\n}\n" + block(name, "\n  "+lines),
					ConfigPlanChecks: resource.ConfigPlanChecks{
						PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop)},
					},
				},
				resource.TestStep{
					ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/" + name,
					GenerateConfig: true,
				},
			)
		})
	}
	ceph(t, append([]string{"osd", "erasure-code-profile", "set", "layered"}, layered...)...)
	run(t, "form",
		resource.TestStep{Config: profile("form")},
		imported("form", `"form" is not of the form CLUSTER/PROFILE.`),
		imported("east/nothing", `Cannot import non-existent remote object`),
		imported("north/form", `The provider block has no cluster "north". It has "east", "west".`),
		imported("east/layered", `Erasure code profile "layered" on cluster "east" can't be managed. It has no numbers k and m`),
	)
	ceph(t, "osd", "erasure-code-profile", "rm", "layered")
}

// A profile that a pool was made with is neither removed nor replaced, and goes after its pool.
func TestAccCephErasureCodeProfile_inUse(t *testing.T) {
	pool := "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = \"coded\"\n  type = \"erasure\"\n  pg_num = 1\n" +
		"  erasure_code_profile = ceph_erasure_code_profile.test.name\n}\n"
	const used = `Erasure code profile "used" on cluster "east" can't be removed. It is in use by 1 pool (`
	run(t, "used",
		resource.TestStep{Config: profile("used", `crush_failure_domain = "osd"`) + pool},
		resource.TestStep{
			Config:      profile("used", `crush_failure_domain = "osd"`, "m = 2") + pool,
			ExpectError: acctest.MessageAt("m", used+`coded).`),
		},
		resource.TestStep{
			PreConfig: func() { ceph(t, "osd", "pool", "create", "by-hand", "1", "1", "erasure", "used") },
			Config:    profile("used", `crush_failure_domain = "osd"`),
			Check:     acctest.Check(t, "used", stored("k"), "2"),
		},
		resource.TestStep{
			Config: profile("used", `crush_failure_domain = "osd"`), Destroy: true, ExpectError: acctest.Message(used + `by-hand).`),
		},
		resource.TestStep{
			PreConfig: func() {
				ceph(t, "osd", "pool", "delete", "by-hand", "by-hand", "--yes-i-really-really-mean-it")
			},
			Config: profile("used", `crush_failure_domain = "osd"`), ConfigPlanChecks: nothingPlanned,
		},
	)
	ceph(t, "osd", "crush", "rule", "rm", "by-hand")
}

func TestAccCephErasureCodeProfile_existsAlready(t *testing.T) {
	acctest.Bed(t)
	ceph(t, "osd", "erasure-code-profile", "set", "old", "k=2", "m=1")
	for about, more := range map[string]string{"the same": "", "another": `technique = "cauchy_good"`} {
		t.Run(about, func(t *testing.T) {
			run(t, "nothing", resource.TestStep{
				Config: profile("old", more),
				ExpectError: acctest.Message(`Unable to create erasure code profile "old" in cluster "east". An erasure code profile of this name` +
					` exists already. It was left as it is. To manage that profile, import it: terraform import ceph_erasure_code_profile.NAME` +
					` east/old.`),
			})
		})
	}
	if got := stored("technique")(t, "old"); got != "reed_sol_van" {
		t.Errorf("the profile has the technique %s now", got)
	}
	ceph(t, "osd", "erasure-code-profile", "rm", "old")
}

// Overridden by hand with a plugin that derives k and m, it is made anew.
func TestAccCephErasureCodeProfile_overridden(t *testing.T) {
	run(t, "overridden",
		resource.TestStep{Config: profile("overridden")},
		resource.TestStep{
			PreConfig: func() {
				override := append([]string{"osd", "erasure-code-profile", "set", "overridden"}, layered...)
				ceph(t, append(override, "--force", "--yes-i-really-mean-it")...)
			},
			Config: profile("overridden", `plugin = "jerasure"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: acctest.Check(t, "overridden", stored("k"), "2"),
		},
	)
}

func TestAccCephErasureCodeProfile_deadCluster(t *testing.T) {
	cluster := acctest.Bed(t).Cluster("west")
	config := func(more string) string {
		return strings.Replace(profile("waiting", `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`, more),
			`cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.Pause, func() error { return cluster.ResumeUsable(context.Background()) })
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: config("")},
		resource.TestStep{PreConfig: begin, Config: config("m = 2"), ExpectError: inTime},
		resource.TestStep{Config: config(""), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: config(""), PlanOnly: true},
	)
	acctest.Record(t, profileType, "timeouts", acctest.Set)
}

func TestAccCephErasureCodeProfile_invalid(t *testing.T) {
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"bad name":  {profile("a+b"), "name", `must be the name of an erasure code profile`},
		"one chunk": {profile("n", "k = 1"), "k", `must be at least 2`},
		"no parity": {profile("n", "m = 0"), "m", `must be at least 1`},
		"own attribute": {
			profile("n", `parameters = { crush-root = "default" }`), "parameters",
			`Set crush_root instead of the parameter "crush-root".`,
		},
		"no parameter":    {profile("n", `parameters = { "a b" = "c" }`), "parameters", `must be the name of a parameter`},
		"empty":           {profile("n", "parameters = {}"), "parameters", `must contain at least 1`},
		"empty technique": {profile("n", `technique = ""`), "technique", `string length must be at least 1`},
		"no size":         {profile("n", `stripe_unit = "some"`), "stripe_unit", `is not a size`},
	})
	for about, test := range map[string]struct{ setting, words string }{
		"unknown plugin":    {`plugin = "nothing"`, `The monitors can't load the plugin of this name.`},
		"unknown technique": {`technique = "nothing"`, `The cluster does not take these settings together; the reply says which.`},
		"unaligned stripes": {`stripe_unit = "5000"`, `The cluster does not take these settings together`},
	} {
		t.Run(about, func(t *testing.T) {
			run(t, "refused", resource.TestStep{
				Config:      profile("refused", test.setting),
				ExpectError: acctest.Message(`Unable to create erasure code profile "refused" in cluster "east". ` + test.words),
				Check:       func(*terraform.State) error { return nil },
			})
		})
	}
}
