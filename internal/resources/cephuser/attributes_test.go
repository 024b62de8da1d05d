//go:build cgo

package cephuser_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephUser_attributes(t *testing.T) {
	one, two := cephxKey(1), cephxKey(2)
	users := acctest.Resource{
		Type:     userType,
		ImportID: func(name string) string { return "east/" + name },
		// An import never reads a key.
		NotImported: []string{"key", "key_in_state"},
		Config:      func(name, assignments string) string { return user(name, assignments) },
	}
	acctest.RunTogether(t, users, "caps_and_key", []acctest.Attribute{
		{
			Name: "caps", First: `{ mon = "profile rbd", osd = "profile rbd pool=vms" }`, Second: `{ mon = "allow r", mgr = "profile rbd" }`,
			Required: true,
			View:     caps, SeenFirst: "mon: profile rbd; osd: profile rbd pool=vms", SeenSecond: "mgr: profile rbd; mon: allow r",
			Drift: func(t *testing.T, name string) {
				acctest.Ceph(t, "east", "auth", "caps", "client."+name, "mon", "allow *")
			},
		},
		{
			Name: "key", First: `"` + one + `"`, Second: `"` + two + `"`, View: key,
			SeenFirst: one, SeenSecond: two, Stays: true,
			Drift: func(t *testing.T, name string) { giveKey(t, name, cephxKey(3)) },
		},
	})

	// The label and the name identify a user, so their tests have a block without them.
	found := func(users ...[2]string) func(*testing.T, string) string {
		return func(t *testing.T, _ string) string {
			var there []string
			for _, at := range users {
				if record(t, at[0], at[1]) != nil {
					there = append(there, at[0]+"/"+at[1])
				}
			}
			return strings.Join(there, " ")
		}
	}
	named := users
	named.Config = func(_, assignments string) string {
		return "resource \"ceph_user\" \"test\" {\n  cluster = \"east\"\n  " + someCaps + "\n  " + assignments + "\n}\n"
	}
	acctest.RunTogether(t, named, "name", []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"a-name-new"`, Required: true, Replaces: true,
		View: found([2]string{"east", "a-name"}, [2]string{"east", "a-name-new"}), SeenFirst: "east/a-name", SeenSecond: "east/a-name-new",
	}})
	placed := users
	placed.Config = func(name, assignments string) string {
		return fmt.Sprintf("resource \"ceph_user\" \"test\" {\n  name = %q\n  %s\n  %s\n}\n", name, someCaps, assignments)
	}
	acctest.RunTogether(t, placed, "cluster", []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Replaces: true,
		View: found([2]string{"east", "a-cluster"}, [2]string{"west", "a-cluster"}), SeenFirst: "east/a-cluster", SeenSecond: "west/a-cluster",
		Stays: true,
	}})
}

func TestAccCephUser_basic(t *testing.T) {
	fingerprint := func() string {
		raw, err := base64.StdEncoding.DecodeString(key(t, "basic"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("sha256:%x", sha256.Sum256(raw))
	}
	computed := func(attribute string, seen func() string) resource.TestCheckFunc {
		return acctest.Computed(t, userType, attribute, seen)
	}
	before := ""
	run(t, "basic",
		resource.TestStep{Config: user("basic", someCaps), Check: resource.ComposeAggregateTestCheckFunc(
			computed("id", func() string { return "east/basic" }),
			computed("entity", func() string { return fmt.Sprint(record(t, "east", "basic")["entity"]) }),
			computed("key", func() string { return key(t, "basic") }),
			computed("key_fingerprint", fingerprint),
			computed("fsid", func() string { return acctest.Ceph(t, "east", "fsid") }),
			func(*terraform.State) error { before = fingerprint(); return nil },
		)},
		// A key that the cluster made is not managed: a change outside of Terraform is kept.
		resource.TestStep{
			PreConfig: func() { giveKey(t, "basic", cephxKey(9)) },
			Config:    user("basic", someCaps),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(address, plancheck.ResourceActionNoop),
			}},
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "key", cephxKey(9)), computed("key_fingerprint", fingerprint),
				func(*terraform.State) error {
					if fingerprint() == before {
						return fmt.Errorf("the key was not changed by hand")
					}
					return nil
				},
			),
		},
	)
}

// The same caps in another spelling are no change.
func TestAccCephUser_capsByMeaning(t *testing.T) {
	one := `caps = { mon = "profile rbd", osd = "allow rwx pool=a, profile rbd pool=b" }`
	run(t, "meaning",
		resource.TestStep{Config: user("meaning", one)},
		resource.TestStep{
			Config: user("meaning", `caps = { mon = " profile  rbd", osd = "profile rbd pool b, allow pool=a rwx" }`), PlanOnly: true,
		},
		resource.TestStep{
			PreConfig: func() {
				acctest.Ceph(t, "east", "auth", "caps", "client.meaning", "mon", "profile rbd", "osd", "profile rbd pool=b,   allow rwx pool=a")
			},
			Config: user("meaning", one), PlanOnly: true,
		},
		resource.TestStep{
			Config:           user("meaning", `caps = { mon = "profile rbd", osd = "profile rbd pool=b" }`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            acctest.Check(t, "meaning", caps, "mon: profile rbd; osd: profile rbd pool=b"),
		},
	)
}

// A change of one service, with another one in another spelling, is planned as it is configured: Terraform takes no mixture.
func TestAccCephUser_capsChangedAndRespelled(t *testing.T) {
	later := func(osd string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"osd\" {\n  input = %q\n}\n", osd) +
			user("respelled", `caps = { mon = "profile  rbd", osd = terraform_data.osd.output }`)
	}
	changed := func(config, want string) resource.TestStep {
		return resource.TestStep{
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: acctest.Check(t, "respelled", caps, want),
		}
	}
	run(t, "respelled",
		resource.TestStep{Config: user("respelled", `caps = { mon = "profile rbd", osd = "profile rbd pool=b" }`)},
		changed(user("respelled", `caps = { mon = " profile  rbd", osd = "profile rbd pool=c" }`),
			"mon:  profile  rbd; osd: profile rbd pool=c"),
		changed(user("respelled", `caps = { mon = "profile rbd", osd = "profile rbd pool=c", mgr = "profile rbd pool=c" }`),
			"mgr: profile rbd pool=c; mon: profile rbd; osd: profile rbd pool=c"),
		changed(user("respelled", `caps = { mon = "profile  rbd", osd = "profile rbd pool=c" }`),
			"mon: profile  rbd; osd: profile rbd pool=c"),
		resource.TestStep{Config: user("respelled", `caps = { mon = "profile rbd", osd = "profile rbd pool c" }`), PlanOnly: true},
		changed(later("profile rbd pool=d"), "mon: profile  rbd; osd: profile rbd pool=d"),
		changed(strings.Replace(later("profile rbd pool=e"), "profile  rbd", "profile rbd", 1), "mon: profile rbd; osd: profile rbd pool=e"),
	)
}
