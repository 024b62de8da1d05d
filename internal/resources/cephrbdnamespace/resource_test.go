//go:build cgo

package cephrbdnamespace_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	namespaceType = "ceph_rbd_namespace"
	address       = namespaceType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{
		{Name: "east", OSDs: 3}, // for an erasure-coded pool
		{Name: "west"},
	}})
}

// pools creates once the pools that the tests put namespaces into.
func pools(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	if strings.Contains(acctest.Ceph(t, "east", "osd", "pool", "ls"), "vms") {
		return
	}
	for _, pool := range []string{"vms", "images"} {
		acctest.Ceph(t, "east", "osd", "pool", "create", pool, "8")
		rbd(t, "pool", "init", pool)
	}
	acctest.Ceph(t, "west", "osd", "pool", "create", "vms", "8")
	acctest.RBD(t, "west", "pool", "init", "vms")
}

// namespace is a configuration of one namespace in the pool vms of the cluster east, with further assignments.
func namespace(name string, assignments ...string) string {
	return inPool(`"vms"`, name, assignments...)
}

func inPool(pool, name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_rbd_namespace\" \"test\" {\n  cluster = \"east\"\n  pool = %s\n  name = %q\n  %s\n}\n", pool, name,
		strings.Join(assignments, "\n  "))
}

// rbd runs a command on the cluster east.
func rbd(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.RBD(t, "east", args...)
}

// namespaces are those of a pool, in the output of `rbd namespace ls`.
func namespaces(t *testing.T, cluster, pool string) []string {
	t.Helper()
	var listed []struct{ Name string }
	if err := json.Unmarshal([]byte(acctest.RBD(t, cluster, "namespace", "ls", "--format", "json", pool)), &listed); err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(listed))
	for i, namespace := range listed {
		names[i] = namespace.Name
	}
	return names
}

func exists(t *testing.T, name string) bool {
	return slices.Contains(namespaces(t, "east", "vms"), name)
}

// run applies the steps to a namespace of the pool vms, and then checks that the namespace is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	pools(t)
	acctest.Run(t, "namespace "+name, func() bool { return exists(t, name) }, steps...)
}

var planned = acctest.Planned(address)
