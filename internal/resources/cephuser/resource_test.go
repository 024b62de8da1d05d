//go:build cgo

package cephuser_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	userType = "ceph_user"
	address  = userType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east"}, {Name: "west"}}, Hypervisors: []string{}})
}

// cephxKey is a key that no cluster makes: type 1, a time, 16 bytes.
func cephxKey(fill byte) string {
	raw := append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, make([]byte, 16)...)
	raw[len(raw)-1] = fill
	return base64.StdEncoding.EncodeToString(raw)
}

const someCaps = `caps = { mon = "profile rbd" }`

// user is a configuration of one user on the cluster east, with further assignments.
func user(name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_user\" \"test\" {\n  cluster = \"east\"\n  name = %q\n  %s\n}\n", name,
		strings.Join(assignments, "\n  "))
}

// record is the user in the output of `ceph auth get`; nil where there is none.
func record(t *testing.T, cluster, name string) map[string]any {
	t.Helper()
	var all struct {
		Dump []map[string]any `json:"auth_dump"`
	}
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "auth", "ls", "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, user := range all.Dump {
		if user["entity"] == "client."+name {
			return user
		}
	}
	return nil
}

func exists(t *testing.T, name string) bool { return record(t, "east", name) != nil }

// caps is a second view: the capabilities, as `ceph auth get` shows them.
func caps(t *testing.T, name string) string {
	byService, ok := record(t, "east", name)["caps"].(map[string]any)
	if !ok {
		return ""
	}
	var parts []string
	for service, text := range byService {
		parts = append(parts, fmt.Sprintf("%s: %s", service, text))
	}
	sort.Strings(parts)
	return strings.Join(parts, "; ")
}

// key is a second view: `ceph auth print-key`.
func key(t *testing.T, name string) string {
	return acctest.Ceph(t, "east", "auth", "print-key", "client."+name)
}

// giveKey is a drift: another key, by hand.
func giveKey(t *testing.T, name, key string) {
	t.Helper()
	text := "[client." + name + "]\n\tkey = " + key + "\n"
	byService, _ := record(t, "east", name)["caps"].(map[string]any)
	for service, caps := range byService {
		text += fmt.Sprintf("\tcaps %s = %q\n", service, caps)
	}
	if _, err := acctest.Bed(t).Cluster("east").CephIn(context.Background(), text, "auth", "import", "-i", "-"); err != nil {
		t.Fatal(err)
	}
}

// run applies the steps to a user, and then checks that the user is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	acctest.Run(t, "user "+name, func() bool { return exists(t, name) }, steps...)
}

var planned = acctest.Planned(address)
