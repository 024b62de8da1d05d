//go:build cgo

package cephuser_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephUser_disappears(t *testing.T) {
	run(t, "vanishing",
		resource.TestStep{Config: user("vanishing", someCaps)},
		resource.TestStep{
			PreConfig: func() { acctest.Ceph(t, "east", "auth", "rm", "client.vanishing") },
			Config:    user("vanishing", someCaps), ConfigPlanChecks: planned(plancheck.ResourceActionCreate),
			Check: acctest.Check(t, "vanishing", caps, "mon: profile rbd"),
		},
	)
}

// The configuration that Terraform writes for an existing user plans nothing, and what was imported holds no key.
func TestAccCephUser_import(t *testing.T) {
	run(t, "adopted",
		resource.TestStep{Config: user("adopted", someCaps, `key = "`+cephxKey(4)+`"`)},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/adopted",
			GenerateConfig: true,
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/adopted", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"key", "key_in_state"},
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east", ExpectError: acctest.Message(`"east" is not of the form CLUSTER/NAME.`),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "north/adopted",
			ExpectError: acctest.Message(`The provider block has no cluster "north". It has "east", "west".`),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/nobody",
			ExpectError: acctest.Message(`Cannot import non-existent remote object`),
		},
	)
}

// A user may have no caps, as by `ceph auth get-or-create client.bare`; its key can be changed too.
func TestAccCephUser_noCaps(t *testing.T) {
	const none = "caps = {}"
	bare := acctest.Check(t, "bare", caps, "")
	run(t, "bare",
		resource.TestStep{Config: user("bare", none), Check: bare},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "east/bare",
			GenerateConfig: true,
		},
		resource.TestStep{
			Config: user("bare", none, `key = "`+cephxKey(9)+`"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(bare, acctest.Check(t, "bare", key, cephxKey(9))),
		},
		resource.TestStep{
			Config: user("bare", someCaps), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: acctest.Check(t, "bare", caps, "mon: profile rbd"),
		},
		resource.TestStep{Config: user("bare", none), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: bare},
	)
}

func TestAccCephUser_keyInState(t *testing.T) {
	keyAnywhere := func(state *terraform.State) bool {
		return strings.Contains(fmt.Sprintf("%v", state.RootModule().Resources[address].Primary.Attributes), key(t, "hidden"))
	}
	in := func(want bool) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			if got := keyAnywhere(state); got != want {
				return fmt.Errorf("key in the state: %v, want %v", got, want)
			}
			return nil
		}
	}
	marked := func(mark acctest.Mark, want bool) resource.TestCheckFunc {
		return resource.ComposeTestCheckFunc(in(want), acctest.Recorded(t, userType, mark, "key_in_state"))
	}
	run(t, "hidden",
		resource.TestStep{Config: user("hidden", someCaps, "key_in_state = false"), Check: marked(acctest.Set, false)},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/hidden", ImportStateVerify: true,
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				if states[0].Attributes["key_in_state"] != "false" || states[0].Attributes["key"] != "" {
					return fmt.Errorf("the import read a key")
				}
				acctest.Record(t, userType, "key_in_state", acctest.Imported)
				return nil
			},
		},
		resource.TestStep{
			Config: user("hidden", someCaps, "key_in_state = true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: marked(acctest.Changed, true),
		},
		resource.TestStep{
			Config: user("hidden", someCaps, "key_in_state = false"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: in(false),
		},
		resource.TestStep{
			Config: user("hidden", someCaps), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: marked(acctest.Cleared, true),
		},
	)
}

func TestAccCephUser_existsAlready(t *testing.T) {
	acctest.Bed(t)
	acctest.Ceph(t, "east", "auth", "add", "client.old", "mon", "allow r")
	before := fmt.Sprint(record(t, "east", "old"))
	refused := acctest.Message(`Unable to create user client.old in cluster "east". A user of this name exists already. Its key and caps` +
		` were left as they are. To manage that user, import it: terraform import ceph_user.NAME east/old.`)
	run(t, "nothing",
		resource.TestStep{Config: user("old", someCaps), ExpectError: refused},
		resource.TestStep{Config: user("old", `caps = { mon = "allow r" }`), ExpectError: refused},
		resource.TestStep{Config: user("old", someCaps, `key = "`+cephxKey(5)+`"`), ExpectError: refused},
	)
	if after := fmt.Sprint(record(t, "east", "old")); after != before {
		t.Error("the user was changed")
	}
	acctest.Ceph(t, "east", "auth", "rm", "client.old")
}

// Two resources never share one user, although the monitors would give both the same key.
func TestAccCephUser_twoResources(t *testing.T) {
	again := strings.Replace(user("double", someCaps), `"test"`, `"again"`, 1)
	run(t, "double",
		resource.TestStep{Config: user("double", someCaps) + again, ExpectError: acctest.Message(`user of this name`)},
		resource.TestStep{Config: "# whichever was made goes"},
	)
}

// Where only the apply sees that key and key_type contradict each other, no user is created.
func TestAccCephUser_keyOfAnotherTypeAtApply(t *testing.T) {
	later := "resource \"terraform_data\" \"key\" {\n  input = \"" + cephxKey(6) + "\"\n}\n"
	run(t, "contradicting",
		resource.TestStep{
			Config:      later + user("contradicting", someCaps, `key_type = "aes256k"`, "key = terraform_data.key.output"),
			ExpectError: acctest.Message(`The key that key chooses is not of type aes256k. Remove key_type: a chosen key has a type of its own.`),
		},
		resource.TestStep{Config: later, Check: func(*terraform.State) error {
			if record(t, "east", "contradicting") != nil {
				return errors.New("the user was made")
			}
			return nil
		}},
	)
}

func TestAccCephUser_deleteRefusedWhileConnected(t *testing.T) {
	acctest.Bed(t)
	acctest.Ceph(t, "east", "osd", "pool", "create", "vms", "8")
	acctest.RBD(t, "east", "pool", "init", "vms")
	acctest.RBD(t, "east", "create", "--size", "1M", "vms/disk")
	config := user("guest", `caps = { mon = "profile rbd", osd = "profile rbd pool=vms" }`)
	var closeImage func()
	run(t, "guest",
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { closeImage = acctest.OpenImage(t, "east", "guest", "vms/disk") },
			Config:    config, Destroy: true,
			ExpectError: acctest.Message(`Clients are connected to cluster "east" as client.guest: 127.0.0.1:0/`),
		},
		resource.TestStep{PreConfig: func() { closeImage() }, Config: config, PlanOnly: true},
	)
}

// The provider does not delete the user as which it is logged in.
func TestAccCephUser_deleteRefusedForOwnUser(t *testing.T) {
	acctest.Bed(t)
	before := fmt.Sprint(record(t, "east", "admin"))
	config := user("admin", `caps = { mon = "allow *", mgr = "allow *", osd = "allow *", mds = "allow *" }`, "key_in_state = false")
	run(t, "nothing",
		resource.TestStep{Config: config, ResourceName: address, ImportState: true, ImportStateId: "east/admin", ImportStatePersist: true},
		resource.TestStep{Config: config, Destroy: true, ExpectError: acctest.Message(`client.admin is the user with which this provider is` +
			` connected to cluster "east".`)},
		resource.TestStep{Config: "removed {\n  from = ceph_user.test\n  lifecycle {\n    destroy = false\n  }\n}\n"},
	)
	if after := fmt.Sprint(record(t, "east", "admin")); after != before {
		t.Error("client.admin was changed")
	}
}

func TestAccCephUser_deadCluster(t *testing.T) {
	cluster := acctest.Bed(t).Cluster("west")
	west := func(assignments ...string) string {
		assignments = append(assignments, `timeouts = { create = "60s", read = "15s", update = "60s", delete = "60s" }`)
		return strings.Replace(user("waiting", assignments...), `cluster = "east"`, `cluster = "west"`, 1)
	}
	begin, end := acctest.Outage(t, "west", cluster.PauseMonitors, cluster.ResumeMonitors)
	inTime := acctest.Message(`Cluster "west" did not answer in time.`)
	run(t, "waiting",
		resource.TestStep{Config: west(someCaps)},
		resource.TestStep{PreConfig: begin, Config: west(`caps = { mon = "allow r" }`), ExpectError: inTime},
		resource.TestStep{Config: west(someCaps), Destroy: true, ExpectError: inTime},
		resource.TestStep{PreConfig: end, Config: west(someCaps), PlanOnly: true},
		resource.TestStep{
			Config: west(`caps = { mon = "allow r" }`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.TestCheckResourceAttr(address, "caps.mon", "allow r"),
		},
	)
	acctest.Record(t, userType, "timeouts", acctest.Set)
}
