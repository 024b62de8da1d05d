//go:build cgo

package cephuser_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// login is an entry of the provider block: a cluster of the bed, and the user to log in as.
func login(t *testing.T, label, cluster, user, key string, more ...string) string {
	t.Helper()
	return fmt.Sprintf("    %s = { mon_host = %q, user = %q, key = %q, connect_timeout = \"30s\", operation_timeout = \"60s\"%s }\n",
		label, acctest.Bed(t).Cluster(cluster).MonHost, user, key, strings.Join(more, ""))
}

// made creates a user by hand until the test ends, and returns its key.
func made(t *testing.T, name, mon string) string {
	t.Helper()
	acctest.Ceph(t, "east", "auth", "get-or-create", "client."+name, "mon", mon)
	t.Cleanup(func() { acctest.Ceph(t, "east", "auth", "rm", "client."+name) })
	return key(t, name)
}

const forgotten = "removed {\n  from = ceph_user.test\n  lifecycle {\n    destroy = false\n  }\n}\n"

// The provider locks out neither itself nor another entry of its block: such a change is refused in the plan. Caps with which
// it can still undo a mistake are allowed.
func TestAccCephUser_ownUserIsNotLockedOut(t *testing.T) {
	acctest.Bed(t)
	// The same name on another cluster is another user.
	acctest.Ceph(t, "west", "auth", "get-or-create", "client.third", "mon", "allow *")
	t.Cleanup(func() { acctest.Ceph(t, "west", "auth", "rm", "client.third") })
	block := "provider \"ceph\" {\n  clusters = {\n" +
		login(t, "east", "east", "operator", made(t, "operator", "allow *")) +
		login(t, "again", "east", "operator", key(t, "operator")) +
		login(t, "second", "east", "second", made(t, "second", "allow rwx")) +
		login(t, "reader", "east", "reader", made(t, "reader", "allow r")) +
		login(t, "west", "west", "third", acctest.Ceph(t, "west", "auth", "print-key", "client.third"))
	dead := fmt.Sprintf("    dead = { mon_host = \"127.0.0.1:1\", user = \"third\", key = %q, connect_timeout = \"1s\"",
		made(t, "third", "allow *"))
	pinned := fmt.Sprintf(", fsid = %q", acctest.Bed(t).Cluster("west").FSID)
	const closed = " }\n  }\n}\n"
	const own = `client.operator is the user with which this provider is connected to cluster "east".`
	const second = `client.second is the user with which this provider is connected to cluster "second".`
	in := func(cluster, name string, assignments ...string) string {
		return strings.Replace(user(name, append(assignments, "key_in_state = false")...), `"east"`, `"`+cluster+`"`, 1)
	}
	later := "resource \"terraform_data\" \"caps\" {\n  input = \"profile rbd\"\n}\n"
	wide, newKey := `caps = { mon = "allow *" }`, []string{
		fmt.Sprintf("key_wo = %q", cephxKey(1)), `key_wo_version = "1"`, "rotate_in_use = true",
	}
	rekeyed := append(newKey, `caps = { mon = "allow rwx" }`)
	for _, tc := range []struct {
		name, label, more string
		refused           [][2]string // configuration and message, in a plan
		atApply           string      // a configuration that only the apply can refuse
		accepted          string
	}{
		{
			"operator", "east", pinned,
			[][2]string{
				{in("east", "operator", someCaps), own},
				{in("east", "operator", `caps = { osd = "allow *" }`), own},
				{in("east", "operator", `caps = { mon = "allow r, allow service auth rx" }`), own},
				{in("east", "operator", `caps = { mon = "allow * network 192.0.2.0/24" }`), own},
				{in("again", "operator", someCaps), `connected to cluster "again"`},
				{in("east", "operator", append(newKey, wide)...), own},
				{user("operator", wide, fmt.Sprintf("key = %q", cephxKey(1)), "rotate_in_use = true"), own},
				{in("east", "operator2", wide), own},
				{in("west", "operator", wide), own},
			},
			later + in("east", "operator", "caps = { mon = terraform_data.caps.output }"),
			in("east", "operator", `caps = { mon = "allow r, allow service auth rwx" }`),
		},
		{"second", "east", pinned, [][2]string{
			{in("east", "second", someCaps), second}, {in("east", "second", rekeyed...), second}, {in("east", "second2", wide), second},
		}, "", ""},
		{"third", "east", "", [][2]string{{in("east", "third", someCaps), `It is not known whether cluster "dead" is the same cluster` +
			` as "east".`}}, "", ""},
		{"third", "east", pinned, nil, "", in("east", "third", someCaps)},   // the other user of this name is on another cluster
		{"reader", "east", pinned, nil, "", in("east", "reader", someCaps)}, // never managed users
	} {
		t.Run(tc.name, func(t *testing.T) {
			provider := block + dead + tc.more + closed
			steps := []resource.TestStep{{
				Config: provider + in(tc.label, tc.name, wide), ResourceName: address, ImportState: true,
				ImportStateId: tc.label + "/" + tc.name, ImportStatePersist: true,
			}}
			for _, refused := range tc.refused {
				steps = append(steps, resource.TestStep{Config: provider + refused[0], PlanOnly: true, ExpectError: acctest.Message(refused[1])})
			}
			if tc.atApply != "" {
				steps = append(steps, resource.TestStep{Config: provider + tc.atApply, ExpectError: acctest.Message(own)})
			}
			before := fmt.Sprint(record(t, "east", tc.name))
			steps = append(steps, resource.TestStep{
				PreConfig: func() {
					if after := fmt.Sprint(record(t, "east", tc.name)); after != before {
						t.Errorf("%s, and then %s", before, after)
					}
				},
				Config: provider + cmp.Or(tc.accepted, forgotten),
			}, resource.TestStep{Config: provider + forgotten})
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: steps})
			if after := fmt.Sprint(record(t, "east", tc.name)); (after != before) != (tc.accepted != "") {
				t.Errorf("%s, and then %s", before, after)
			}
		})
	}
}

// A user with which another entry is logged in is not deleted.
func TestAccCephUser_deleteRefusedForUserOfAnotherEntry(t *testing.T) {
	acctest.Bed(t)
	provider := "provider \"ceph\" {\n  clusters = {\n" + login(t, "east", "east", "admin", acctest.Bed(t).Cluster("east").AdminKey) +
		login(t, "other", "east", "other", made(t, "other", "profile rbd")) + "  }\n}\n"
	config := provider + user("other", someCaps, "key_in_state = false")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, ResourceName: address, ImportState: true, ImportStateId: "east/other", ImportStatePersist: true},
		{Config: config, Destroy: true, ExpectError: acctest.Message(`client.other is the user with which this provider is connected to` +
			` cluster "other".`)},
		{Config: provider + forgotten},
	}})
	if !exists(t, "other") {
		t.Error("the user is gone")
	}
}
