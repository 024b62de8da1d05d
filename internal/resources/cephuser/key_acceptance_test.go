//go:build cgo

package cephuser_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// hasKey checks with ceph that the user has this key, and that no attribute in the state contains it.
func hasKey(t *testing.T, name, want string) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		if got := key(t, name); got != want {
			return fmt.Errorf("the user's key is not the one that is wanted")
		}
		for attribute, value := range state.RootModule().Resources[address].Primary.Attributes {
			if strings.Contains(value, want) {
				return fmt.Errorf("%s holds the key", attribute)
			}
		}
		return nil
	}
}

func TestAccCephUser_keyWriteOnly(t *testing.T) {
	one, two := cephxKey(1), cephxKey(2)
	written := func(key, version string) string {
		return user("written", someCaps, fmt.Sprintf("key_wo = %q", key), fmt.Sprintf("key_wo_version = %q", version))
	}
	both := []string{"key_wo", "key_wo_version"}
	run(t, "written",
		resource.TestStep{Config: written(one, "1"), Check: resource.ComposeTestCheckFunc(
			hasKey(t, "written", one), resource.TestCheckResourceAttr(address, "key_in_state", "false"),
			resource.TestCheckNoResourceAttr(address, "key"),
			acctest.Recorded(t, userType, acctest.Set, both...),
		)},
		// The version decides, not the value: values are not compared.
		resource.TestStep{Config: written(two, "1"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: hasKey(t, "written", one)},
		resource.TestStep{
			Config: written(two, "2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(
				hasKey(t, "written", two), acctest.Recorded(t, userType, acctest.Changed, both...),
			),
		},
		resource.TestStep{
			PreConfig: func() { giveKey(t, "written", cephxKey(3)) },
			Config:    written(two, "2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(hasKey(t, "written", two), acctest.Recorded(t, userType, acctest.Drifted, both...)),
		},
		resource.TestStep{
			Config:      user("written", someCaps, `key_wo_version = "3"`),
			ExpectError: acctest.Message("key_wo_version differs from the recorded one, which asks to write key_wo, but key_wo is not set."),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/written", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"key_wo_version"},
		},
		resource.TestStep{
			Config: user("written", someCaps, "key_in_state = false"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(hasKey(t, "written", two), acctest.Recorded(t, userType, acctest.Cleared, both...)),
		},
		// From now on the key is not managed: a change outside of Terraform is kept.
		resource.TestStep{
			PreConfig: func() { giveKey(t, "written", cephxKey(3)) },
			Config:    user("written", someCaps, "key_in_state = false"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: hasKey(t, "written", cephxKey(3)),
		},
	)
}

func TestAccCephUser_rotation(t *testing.T) {
	acctest.Bed(t)
	const rotatingCaps = `caps = { mon = "profile rbd", osd = "profile rbd pool=turning" }`
	acctest.Ceph(t, "east", "osd", "pool", "create", "turning", "8")
	acctest.RBD(t, "east", "pool", "init", "turning")
	acctest.RBD(t, "east", "create", "--size", "1M", "turning/disk")
	generation := func(assignments ...string) string {
		return user("turning", append([]string{rotatingCaps, "key_in_state = false"}, assignments...)...)
	}
	last := ""
	keeps := func(*terraform.State) error {
		if key(t, "turning") != last {
			return fmt.Errorf("the key was changed")
		}
		return nil
	}
	changes := func(*terraform.State) error {
		former := last
		if last = key(t, "turning"); last == former {
			return fmt.Errorf("the key was not changed")
		}
		if got := caps(t, "turning"); got != "mon: profile rbd; osd: profile rbd pool=turning" {
			return fmt.Errorf("the caps are now %s", got)
		}
		return nil
	}
	told := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
		plancheck.ExpectUnknownValue(address, tfjsonpath.New("key_fingerprint")),
	}}
	var closeImage func()
	connected := func() { closeImage = acctest.OpenImage(t, "east", "turning", "turning/disk") }
	refused := acctest.Message(`The key of client.turning can't be changed: clients are connected to cluster "east" with it: 127.0.0.1:0/`)
	run(t, "turning",
		resource.TestStep{Config: generation(), Check: changes},
		// The first number does not rotate the key.
		resource.TestStep{
			Config: generation("key_generation = 3"),
			Check:  resource.ComposeTestCheckFunc(keeps, acctest.Recorded(t, userType, acctest.Set, "key_generation")),
		},
		resource.TestStep{
			Config: generation("key_generation = 4"), ConfigPlanChecks: told,
			Check: resource.ComposeTestCheckFunc(changes, acctest.Recorded(t, userType, acctest.Changed, "key_generation")),
		},
		resource.TestStep{Config: generation("key_generation = 4"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: keeps},
		resource.TestStep{
			Config:      generation("key_generation = 3"),
			ExpectError: acctest.Message("The recorded generation is 4, and the configuration says 3. A former key does not come back."),
		},
		resource.TestStep{
			Config: generation(), Check: resource.ComposeTestCheckFunc(keeps, acctest.Recorded(t, userType, acctest.Cleared, "key_generation")),
		},
		resource.TestStep{Config: generation("key_generation = 9"), Check: keeps},
		// With the key in the state, the plan shows that it changes too.
		resource.TestStep{Config: user("turning", rotatingCaps, "key_generation = 9"), Check: keeps},
		resource.TestStep{
			Config: user("turning", rotatingCaps, "key_generation = 10"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectUnknownValue(address, tfjsonpath.New("key")), plancheck.ExpectUnknownValue(address, tfjsonpath.New("key_fingerprint")),
			}},
			Check: changes,
		},
		// While a client is connected the key stays, whatever argument asks for another one.
		resource.TestStep{PreConfig: connected, Config: generation("key_generation = 11"), ExpectError: refused},
		resource.TestStep{Config: user("turning", rotatingCaps, fmt.Sprintf("key = %q", cephxKey(1))), ExpectError: refused},
		resource.TestStep{Config: generation(fmt.Sprintf("key_wo = %q", cephxKey(1)), `key_wo_version = "1"`), ExpectError: refused},
		resource.TestStep{
			Config: generation("key_generation = 10", "rotate_in_use = true"),
			Check:  resource.ComposeTestCheckFunc(keeps, connectedShown(t, false)),
		},
		resource.TestStep{
			Config: generation("key_generation = 11", "rotate_in_use = true") + `
data "ceph_user" "test" {
  cluster = "east"
  name    = "turning"
}
`, ConfigPlanChecks: told, Check: resource.ComposeTestCheckFunc(
				changes, connectedShown(t, true), acctest.Recorded(t, userType, acctest.Set, "rotate_in_use"),
			),
		},
		resource.TestStep{
			PreConfig: func() { closeImage() }, Config: generation("key_generation = 11"),
			Check: resource.ComposeTestCheckFunc(keeps, acctest.Recorded(t, userType, acctest.Changed, "rotate_in_use"),
				acctest.Recorded(t, userType, acctest.Cleared, "rotate_in_use")),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/turning", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"key_generation"},
		},
	)
	acctest.Ceph(t, "east", "osd", "pool", "delete", "turning", "turning", "--yes-i-really-really-mean-it")
}

// connectedShown compares the data source's clients with the monitors' sessions.
func connectedShown(t *testing.T, want bool) resource.TestCheckFunc {
	return func(state *terraform.State) error {
		listed := strings.Contains(acctest.Ceph(t, "east", "tell", "mon.a", "sessions"), `"client.turning"`)
		data := state.RootModule().Resources["data.ceph_user.test"]
		if !want {
			if !listed {
				return fmt.Errorf("the test's own client is not listed")
			}
			return nil
		}
		if data == nil || data.Primary.Attributes["clients.#"] != "1" ||
			!strings.HasPrefix(data.Primary.Attributes["clients.0"], "127.0.0.1:0/") {
			return fmt.Errorf("the data source lists %v", data)
		}
		return nil
	}
}

// The provider does not change the key with which it is logged in.
func TestAccCephUser_rotationOfOwnUser(t *testing.T) {
	acctest.Bed(t)
	before := fmt.Sprint(record(t, "east", "admin"))
	config := func(generation int) string {
		return user("admin", `caps = { mon = "allow *", mgr = "allow *", osd = "allow *", mds = "allow *" }`, "key_in_state = false",
			fmt.Sprintf("key_generation = %d", generation))
	}
	run(t, "nothing",
		resource.TestStep{Config: config(1), ResourceName: address, ImportState: true, ImportStateId: "east/admin", ImportStatePersist: true},
		resource.TestStep{Config: config(1)},
		resource.TestStep{Config: config(2), ExpectError: acctest.Message(`client.admin is the user with which this provider is connected to` +
			` cluster "east".`)},
		resource.TestStep{Config: "removed {\n  from = ceph_user.test\n  lifecycle {\n    destroy = false\n  }\n}\n"},
	)
	if after := fmt.Sprint(record(t, "east", "admin")); after != before {
		t.Error("client.admin was changed")
	}
}

func TestAccCephUser_keyType(t *testing.T) {
	isAES := func(*terraform.State) error {
		raw, err := base64.StdEncoding.DecodeString(key(t, "typed"))
		if err == nil && !slices.Equal(raw[:2], []byte{1, 0}) {
			err = fmt.Errorf("the key begins with %v", raw[:2])
		}
		return err
	}
	typed := func(name, keyType string) string { return user(name, someCaps, fmt.Sprintf("key_type = %q", keyType)) }
	// Another type replaces the user, unless the new key could not be made: the former user would be deleted by then.
	otherType := resource.TestStep{
		Config: typed("typed", "aes256k"), PlanOnly: true, ExpectNonEmptyPlan: true,
		ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(address, plancheck.ResourceActionReplace),
		}},
	}
	if !knowsKeyTypes(t) {
		otherType = resource.TestStep{
			Config:      typed("typed", "aes256k"),
			ExpectError: acctest.Message("A key of type aes256k was asked for, and the cluster makes another one"),
		}
	}
	run(t, "typed",
		resource.TestStep{Config: typed("typed", "aes"), Check: resource.ComposeTestCheckFunc(isAES,
			resource.TestCheckResourceAttr(address, "key_type", "aes"), acctest.Recorded(t, userType, acctest.Set, "key_type"))},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/typed", ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"key", "key_in_state"},
			ImportStateCheck: func(states []*terraform.InstanceState) error {
				if states[0].Attributes["key_type"] != "aes" {
					return fmt.Errorf("imported as %q", states[0].Attributes["key_type"])
				}
				return acctest.Recorded(t, userType, acctest.Imported, "key_type")(nil)
			},
		},
		otherType,
		resource.TestStep{
			Config: user("typed", someCaps), ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr(address, "key_type", "aes"), acctest.Recorded(t, userType, acctest.Cleared, "key_type")),
		},
	)
}

// knowsKeyTypes reports whether the cluster is of 19.2.6, 20.2.4 or newer.
func knowsKeyTypes(t *testing.T) bool {
	t.Helper()
	acctest.Bed(t)
	return strings.Contains(acctest.Ceph(t, "east", "mon", "dump", "--format", "json"), "auth_allowed_ciphers")
}

// A cluster that knows no key types makes a key of another type: that is an error, and no user is left.
func TestAccCephUser_keyTypeUnknownToCluster(t *testing.T) {
	acctest.Bed(t)
	if knowsKeyTypes(t) {
		t.Skip("this cluster knows key types")
	}
	run(t, "strong", resource.TestStep{
		Config:      user("strong", someCaps, `key_type = "aes256k"`),
		ExpectError: acctest.Message("A key of type aes256k was asked for, and the cluster makes another one"),
	})
	if exists(t, "strong") {
		t.Error("a user was left behind")
	}
}

// A cluster that knows no key types refuses a chosen key of another type, and quotes it where it is asked: no error shows the key.
func TestAccCephUser_chosenKeyOfTypeUnknownToCluster(t *testing.T) {
	acctest.Bed(t)
	if knowsKeyTypes(t) {
		t.Skip("this cluster knows key types")
	}
	raw := []byte{2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 32, 0}
	for i := range 32 {
		raw = append(raw, byte(0x80+7*i))
	}
	strong := base64.StdEncoding.EncodeToString(raw)
	// Who may change users and not read the monitor map learns of it by the monitors' refusal alone.
	blind := "provider \"ceph\" {\n  clusters = {\n" + login(t, "east", "east", "blind", made(t, "blind", "allow service auth rwx")) +
		"  }\n}\n"
	before := user("strong", someCaps)
	after := user("strong", someCaps, "rotate_in_use = true", fmt.Sprintf("key = %q", strong))
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + before},
		{
			Config:      acctest.Provider(t) + after,
			ExpectError: acctest.Message("The chosen key is of type aes256k, and the cluster's release does not know key types"),
		},
		{Config: blind + after, ExpectError: acctest.Message("The monitors can't read the key: their release does not know its type.")},
		{Config: blind + after, ExpectError: acctest.Message("error decoding keyring error setting modifier for [client.strong]" +
			" type=key val=(sensitive value): Malformed input")},
		{Config: acctest.Provider(t) + before, PlanOnly: true},
	}})
	if exists(t, "strong") {
		t.Error("the user is still there")
	}
}

func TestAccCephUser_keyConflicts(t *testing.T) {
	acctest.Bed(t)
	chosen, only := fmt.Sprintf("key = %q", cephxKey(1)), fmt.Sprintf("key_wo = %q", cephxKey(1))
	for _, test := range []struct {
		assignments []string
		message     string
	}{
		{[]string{only, "key_in_state = true"}, "A key that is written only, key_wo, shall not stand in the state."},
		{[]string{chosen, `key_type = "aes256k"`}, "The key that key chooses is not of type aes256k."},
		{[]string{only, `key_type = "aes256k"`}, "The key that key_wo chooses is not of type aes256k."},
		{[]string{chosen, only}, `Attribute "key_wo" cannot be specified when "key" is specified`},
		{[]string{chosen, "key_generation = 1"}, `Attribute "key_generation" cannot be specified when "key" is specified`},
		{[]string{only, "key_generation = 1"}, `Attribute "key_generation" cannot be specified when "key_wo" is specified`},
		{[]string{`key_wo = "hunter2"`}, "The value is not a cephx key."},
		{[]string{`key_type = "rsa"`}, `value must be one of: ["aes" "aes256k"]`},
		{[]string{`key_wo_version = "1"`}, "but key_wo is not set"},
	} {
		run(t, "nothing", resource.TestStep{
			Config:      user("nothing", append(test.assignments, someCaps)...),
			ExpectError: acctest.Message(test.message),
		})
	}
}
