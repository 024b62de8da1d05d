//go:build cgo

package cephpool_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	poolType = "ceph_pool"
	address  = poolType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters: []testbed.ClusterOptions{
			{Name: "east", OSDs: 3, Config: map[string]string{
				// Erasure-coded pools need three OSDs. Their overwrites need BlueStore.
				"mon_debug_no_require_bluestore_for_ec_overwrites": "true",
				// The autoscaler could change numbers while a test compares them.
				"osd_pool_default_pg_autoscale_mode": "warn",
			}},
			{Name: "west"},
		},
		Hypervisors: []string{"kvm1"},
	})
}

// pool is a configuration of one pool on the cluster east, with further assignments.
func pool(name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  name = %q\n  %s\n}\n", name,
		strings.Join(assignments, "\n  "))
}

// pools are ceph_pool resources with nothing but a name.
var pools = acctest.Resource{
	Type:        poolType,
	Config:      func(name, assignments string) string { return pool(name, assignments) },
	ImportID:    func(name string) string { return "east/" + name },
	NotImported: []string{"force_destroy"},
}

// ceph runs a command on the cluster east.
func ceph(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.Ceph(t, "east", args...)
}

// detail is the pool in `ceph osd pool ls detail`; nil where there is none.
func detail(t *testing.T, cluster, name string) map[string]any {
	t.Helper()
	var all []map[string]any
	decoder := json.NewDecoder(strings.NewReader(acctest.Ceph(t, cluster, "osd", "pool", "ls", "detail", "--format", "json")))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for _, pool := range all {
		if pool["pool_name"] == name {
			return pool
		}
	}
	return nil
}

// field is a second view: a field of `ceph osd pool ls detail`.
func field(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string { return fmt.Sprint(detail(t, "east", name)[key]) }
}

// option is a second view: an option of `ceph osd pool ls detail`, "unset" where the pool has none.
func option(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		options, ok := detail(t, "east", name)["options"].(map[string]any)
		if !ok || options[key] == nil {
			return "unset"
		}
		return fmt.Sprint(options[key])
	}
}

// flag is a second view: whether `ceph osd pool ls detail` shows the flag.
func flag(name string) func(*testing.T, string) string {
	return func(t *testing.T, pool string) string {
		return fmt.Sprint(slices.Contains(strings.Split(field("flags_names")(t, pool), ","), name))
	}
}

// applications is a second view: what the pool is enabled for.
func applications(t *testing.T, name string) string {
	metadata, ok := detail(t, "east", name)["application_metadata"].(map[string]any)
	if !ok {
		return ""
	}
	var names []string
	for application := range metadata {
		names = append(names, application)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// get is a second view: `ceph osd pool get`.
func get(variable string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		return strings.TrimPrefix(ceph(t, "osd", "pool", "get", name, variable), variable+": ")
	}
}

// set is a drift: `ceph osd pool set` by hand.
func set(variable, value string) func(*testing.T, string) {
	return func(t *testing.T, name string) { ceph(t, "osd", "pool", "set", name, variable, value) }
}

// quota is a drift: `ceph osd pool set-quota` by hand.
func quota(field, value string) func(*testing.T, string) {
	return func(t *testing.T, name string) { ceph(t, "osd", "pool", "set-quota", name, field, value) }
}

// exists reports whether a pool of that name exists.
func exists(t *testing.T, name string) bool { return detail(t, "east", name) != nil }

// profiles creates two erasure code profiles for three OSDs of one host.
func profiles(t *testing.T, _ string) {
	for _, name := range []string{"k2m1", "other"} {
		ceph(t, "osd", "erasure-code-profile", "set", name, "k=2", "m=1", "crush-failure-domain=osd", "--force")
	}
}
