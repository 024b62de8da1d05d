//go:build cgo

package cephuser_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccCephUsers_dataSource lists users that were made by hand, and compares each with the output of ceph.
func TestAccCephUsers_dataSource(t *testing.T) {
	const read = "data.ceph_users.test"
	acctest.Bed(t)
	data := func(assignments string) string {
		return "data \"ceph_users\" \"test\" {\n  cluster = \"east\"\n  " + assignments + "\n}\n"
	}
	for _, user := range [][]string{
		{"listed-b", "mon", "profile rbd", "osd", "profile rbd pool=x", "mgr", "profile rbd pool=x"},
		{"listed-a", "mon", "allow r"},
		{"listed-none"},
	} {
		entity := "client." + user[0]
		acctest.Ceph(t, "east", append([]string{"auth", "get-or-create", entity}, user[1:]...)...)
		t.Cleanup(func() { acctest.Ceph(t, "east", "auth", "rm", entity) })
	}
	// shows checks that the list is that of `ceph auth ls` for the wanted users, without their keys.
	shows := func(wanted func(name string) bool) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			var all struct {
				Dump []struct {
					Entity, Key string
					Caps        map[string]string
				} `json:"auth_dump"`
			}
			if err := json.Unmarshal([]byte(acctest.Ceph(t, "east", "auth", "ls", "--format", "json")), &all); err != nil {
				return err
			}
			want, fsid := map[string]string{}, acctest.Bed(t).Cluster("east").FSID
			sort.Slice(all.Dump, func(i, j int) bool { return all.Dump[i].Entity < all.Dump[j].Entity })
			number := 0
			shown := fmt.Sprint(state.RootModule().Resources[read].Primary.Attributes)
			for _, user := range all.Dump {
				if acctest.FindKey([]byte(shown), user.Key) != "" {
					return fmt.Errorf("the key of %s is shown", user.Entity)
				}
				name, isClient := strings.CutPrefix(user.Entity, "client.")
				if !isClient || !wanted(name) {
					continue
				}
				raw, err := base64.StdEncoding.DecodeString(user.Key)
				if err != nil {
					return err
				}
				at := fmt.Sprintf("users.%d.", number)
				keyTypes := map[byte]string{1: "aes", 2: "aes256k"}
				for attribute, value := range map[string]string{
					"id": "east/" + name, "cluster": "east", "name": name, "entity": user.Entity, "fsid": fsid, "key_type": keyTypes[raw[0]],
					"key_fingerprint": fmt.Sprintf("sha256:%x", sha256.Sum256(raw)), "caps.%": fmt.Sprint(len(user.Caps)),
				} {
					want[at+attribute] = value
				}
				for service, caps := range user.Caps {
					want[at+"caps."+service] = caps
				}
				number++
			}
			checks := []resource.TestCheckFunc{resource.TestCheckResourceAttr(read, "users.#", fmt.Sprint(number))}
			for attribute, value := range want {
				checks = append(checks, resource.TestCheckResourceAttr(read, attribute, value))
			}
			return resource.ComposeAggregateTestCheckFunc(checks...)(state)
		}
	}
	run(t, "nothing-is-made",
		resource.TestStep{
			Config:      data(`name_pattern = ""`),
			ExpectError: acctest.MessageAt("name_pattern", "The pattern is empty: no name fits it."),
		},
		resource.TestStep{
			Config: data(`name_pattern = "listed-?"`),
			Check:  shows(func(name string) bool { return name == "listed-a" || name == "listed-b" }),
		},
		resource.TestStep{Config: data(""), Check: shows(func(string) bool { return true })},
		resource.TestStep{Config: data(`name_pattern = "client.*"`), Check: shows(func(string) bool { return false })},
	)
}
