//go:build cgo

package cephpool_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{{Name: "east"}, {Name: "west"}}, Hypervisors: []string{}})
}

// pools are ceph_pool resources without more than their name.
var pools = acctest.Resource{
	Type: "ceph_pool",
	Config: func(name, assignments string) string {
		return fmt.Sprintf("resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = %q\n%s\n}\n", name, assignments)
	},
	ImportID: func(name string) string { return "east/" + name },
}

// detail is what `ceph osd pool ls detail` says of a pool.
func detail(t *testing.T, name string) map[string]any {
	t.Helper()
	var all []map[string]any
	if err := json.Unmarshal([]byte(acctest.Ceph(t, "east", "osd", "pool", "ls", "detail", "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, pool := range all {
		if pool["pool_name"] == name {
			return pool
		}
	}
	return nil
}

// field is a witness: a field of `ceph osd pool ls detail`.
func field(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string { return fmt.Sprint(detail(t, name)[key]) }
}

// option is a witness: an option of `ceph osd pool ls detail`, "unset" where the pool has none.
func option(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		options, ok := detail(t, name)["options"].(map[string]any)
		if !ok || options[key] == nil {
			return "unset"
		}
		return fmt.Sprint(options[key])
	}
}

// set is a drift: `ceph osd pool set` by hand.
func set(variable, value string) func(*testing.T, string) {
	return func(t *testing.T, name string) { acctest.Ceph(t, "east", "osd", "pool", "set", name, variable, value) }
}

func TestAccCephPool_attributes(t *testing.T) {
	acctest.RunAttributes(t, pools, []acctest.Attribute{
		{
			Name: "pg_num_min", First: "4", Second: "8", Witness: option("pg_num_min"),
			SeenFirst: "4", SeenSecond: "8", SeenRemoved: "unset", Drift: set("pg_num_min", "2"),
		},
		{
			Name: "quota_max_objects", First: "1000", Second: "2000", Witness: field("quota_max_objects"),
			SeenFirst: "1000", SeenSecond: "2000", SeenRemoved: "0",
			Drift: func(t *testing.T, name string) {
				acctest.Ceph(t, "east", "osd", "pool", "set-quota", name, "max_objects", "5")
			},
		},
	})
}
