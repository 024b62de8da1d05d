//go:build cgo

package cephrbdsnapshot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	snapshotType = "ceph_rbd_snapshot"
	address      = snapshotType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters: []testbed.ClusterOptions{{Name: "east"}, {Name: "west"}}, Hypervisors: []string{"kvm1"},
	})
}

// images creates once the images that the tests make snapshots of.
func images(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	if strings.Contains(acctest.Ceph(t, "east", "osd", "pool", "ls"), "vms") {
		return
	}
	for _, pool := range []string{"vms", "images"} {
		acctest.Ceph(t, "east", "osd", "pool", "create", pool, "8")
		rbd(t, "pool", "init", pool)
	}
	for _, namespace := range []string{"tenant", "other"} {
		rbd(t, "namespace", "create", "vms/"+namespace)
	}
	for _, image := range []string{"vms/data", "vms/log", "vms/tenant/data", "vms/other/data", "images/data"} {
		rbd(t, "create", "--size", "4M", image)
	}
	acctest.Ceph(t, "west", "osd", "pool", "create", "vms", "8")
	acctest.RBD(t, "west", "pool", "init", "vms")
	acctest.RBD(t, "west", "create", "--size", "4M", "vms/data")
}

// snapshot is a configuration of one snapshot of the image vms/data on the cluster east, with further assignments.
func snapshot(name string, assignments ...string) string {
	return of(`"vms"`, `"data"`, name, assignments...)
}

func of(pool, image, name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_rbd_snapshot\" \"test\" {\n  cluster = \"east\"\n  pool = %s\n  image = %s\n  name = %q\n  %s\n}\n",
		pool, image, name, strings.Join(assignments, "\n  "))
}

// rbd runs a command on the cluster east.
func rbd(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.RBD(t, "east", args...)
}

// listed is a snapshot in the output of `rbd snap ls`.
type listed struct {
	ID        int
	Name      string
	Size      int
	Protected string
	Timestamp string
}

// snapshots are those of an image, in the output of `rbd snap ls`.
func snapshots(t *testing.T, cluster, image string) (all []listed) {
	t.Helper()
	if err := json.Unmarshal([]byte(acctest.RBD(t, cluster, "snap", "ls", "--format", "json", image)), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// find is a snapshot of vms/data; the zero value for none.
func find(t *testing.T, name string) listed {
	t.Helper()
	for _, s := range snapshots(t, "east", "vms/data") {
		if s.Name == name {
			return s
		}
	}
	return listed{}
}

// names are those of the snapshots of vms/data.
func names(t *testing.T, _ string) string {
	var all []string
	for _, s := range snapshots(t, "east", "vms/data") {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

// run applies the steps to a snapshot of vms/data, and then checks that the snapshot is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	images(t)
	acctest.Run(t, "snapshot "+name, func() bool { return find(t, name).Name != "" }, steps...)
}

var planned = acctest.Planned(address)
