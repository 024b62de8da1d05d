//go:build cgo

package cephpool_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const forImages = `applications = ["rbd"]`

// settings are those of a kind (pool or image) that `rbd config` lists for an object of that kind and whose source is the pool or image.
func settings(t *testing.T, kind, name string) map[string]string {
	t.Helper()
	var all []struct{ Name, Value, Source string }
	if err := json.Unmarshal([]byte(rbd(t, "config", kind, "list", name, "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	set := map[string]string{}
	for _, s := range all {
		if s.Source != "config" {
			set[s.Name] = s.Value + " of " + s.Source
		}
	}
	return set
}

// configured is a second view: `rbd config pool list`.
func configured(t *testing.T, name string) string { return fmt.Sprint(settings(t, "pool", name)) }

// stamp is what clients watch to hear of changed settings.
func stamp(t *testing.T) string {
	t.Helper()
	return ceph(t, "config", "get", "client", "rbd_config_pool_override_update_timestamp")
}

// Settings that the configuration does not name are left alone, an image's own win, and who has an image open goes on.
func TestAccCephPool_config(t *testing.T) {
	var before string
	var closeImage func()
	set := `config = { rbd_qos_iops_limit = "100", rbd_cache = "false" }`
	run(t, "tuned",
		resource.TestStep{
			Config: pool("tuned", forImages, set),
			Check:  acctest.Check(t, "tuned", configured, "map[rbd_cache:false of pool rbd_qos_iops_limit:100 of pool]"),
		},
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "config", "pool", "set", "tuned", "rbd_qos_bps_limit", "1000000")
				rbd(t, "create", "--size", "1M", "tuned/disk")
				rbd(t, "config", "image", "set", "tuned/disk", "rbd_qos_iops_limit", "7")
				closeImage = acctest.OpenImage(t, "east", "admin", "tuned/disk")
				before = stamp(t)
			},
			Config: pool("tuned", forImages, set, "force_destroy = false"), PlanOnly: true,
		},
		resource.TestStep{
			Config:           pool("tuned", forImages, `config = { rbd_qos_iops_limit = "200", rbd_cache_size = "4M" }`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeAggregateTestCheckFunc(
				acctest.Check(t, "tuned", configured,
					"map[rbd_cache_size:4M of pool rbd_qos_bps_limit:1000000 of pool rbd_qos_iops_limit:200 of pool]"),
				func(*terraform.State) error {
					all := settings(t, "image", "tuned/disk")
					if all["rbd_qos_iops_limit"] != "7 of image" || all["rbd_qos_bps_limit"] != "1000000 of pool" {
						return fmt.Errorf("the image has %v", all)
					}
					if rbd(t, "status", "tuned/disk", "--format", "json") == `{"watchers":[]}` {
						return fmt.Errorf("nobody has the image open any more")
					}
					if after := stamp(t); after == before {
						return fmt.Errorf("running clients were not told: %s", after)
					}
					return nil
				},
			),
		},
		resource.TestStep{
			Config: pool("tuned", forImages),
			Check:  acctest.Check(t, "tuned", configured, "map[rbd_qos_bps_limit:1000000 of pool]"),
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "config", "pool", "set", "tuned", "rbd_qos_iops_limit", "5") },
			Config:    pool("tuned", forImages), PlanOnly: true, // it is not named any more
		},
		resource.TestStep{ // an import names all
			ResourceName: address, ImportState: true, ImportStateId: "east/tuned",
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				got := states[0].Attributes
				if got["config.%"] != "2" || got["config.rbd_qos_iops_limit"] != "5" || got["config.rbd_qos_bps_limit"] != "1000000" {
					return fmt.Errorf("imported %v", got)
				}
				return nil
			},
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "config", "pool", "rm", "tuned", "rbd_qos_bps_limit") },
			Config:    pool("tuned", forImages, `config = { rbd_cache = "true" }`),
			Check:     acctest.Check(t, "tuned", configured, "map[rbd_cache:true of pool rbd_qos_iops_limit:5 of pool]"),
		},
		resource.TestStep{ // removed by hand
			PreConfig:        func() { rbd(t, "config", "pool", "rm", "tuned", "rbd_cache") },
			Config:           pool("tuned", forImages, `config = { rbd_cache = "true" }`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            acctest.Check(t, "tuned", configured, "map[rbd_cache:true of pool rbd_qos_iops_limit:5 of pool]"),
		},
		resource.TestStep{ // with the application that it needs
			Config: pool("tuned", `applications = ["backup"]`),
			Check:  acctest.Check(t, "tuned", configured, "map[rbd_qos_iops_limit:5 of pool]"),
		},
		resource.TestStep{
			Config: pool("tuned", `applications = ["backup", "rbd"]`, `config = { rbd_cache = "true" }`, "force_destroy = true"),
			Check:  acctest.Check(t, "tuned", configured, "map[rbd_cache:true of pool rbd_qos_iops_limit:5 of pool]"),
		},
		resource.TestStep{
			PreConfig: func() {
				closeImage()
				rbd(t, "rm", "--no-progress", "tuned/disk")
			},
			Config: pool("tuned", `applications = ["backup", "rbd"]`, `config = { rbd_cache = "true" }`, "force_destroy = true"), PlanOnly: true,
		},
	)
}

// What librbd doesn't know is refused in the plan, and no pool is made. What it takes from no pool is a warning of a new one, and an error
// of a change, which records what it has set.
func TestAccCephPool_configRefused(t *testing.T) {
	acctest.Bed(t)
	for name, tc := range map[string]struct{ config, message string }{
		"name": {
			`config = { rbd_nonsense = "1" }`,
			`librbd does not take the setting rbd_nonsense = "1". librbd on this machine knows no setting of this name. Correct the name;` +
				` rbd config pool list`,
		},
		"value": {
			`config = { rbd_qos_iops_limit = "many" }`,
			`librbd does not take the setting rbd_qos_iops_limit = "many". The setting has no such value. Correct the value;`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "untuned", resource.TestStep{
				Config: pool("untuned", forImages, tc.config), PlanOnly: true, ExpectError: acctest.Message(tc.message),
			})
		})
	}
	const ofClients = `rbd_op_threads = "2"`
	run(t, "untuned",
		resource.TestStep{Config: pool("untuned", forImages, "config = { "+ofClients+" }"), ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config: pool("untuned", forImages, "config = { "+ofClients+`, rbd_cache = "true" }`),
			ExpectError: acctest.Message(`Unable to set rbd_op_threads to "2" for the images of pool "untuned" of cluster "east". librbd on this` +
				` machine does not take this setting from a pool: it counts for whole clients. Leave it out; rbd config pool list shows`),
		},
		resource.TestStep{ // what was set beside it is recorded, so that it is unset
			PreConfig: func() {
				if set := configured(t, "untuned"); set != "map[rbd_cache:true of pool]" {
					t.Errorf("the pool has %s", set)
				}
			},
			Config: pool("untuned", forImages),
			Check:  acctest.Check(t, "untuned", configured, "map[]"),
		},
	)
}
