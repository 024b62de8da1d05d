//go:build cgo

package cephrbdimage_test

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
	imageType = "ceph_rbd_image"
	address   = imageType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters: []testbed.ClusterOptions{
			{Name: "east"},
			// For an erasure-coded data pool.
			{Name: "west", OSDs: 3, Store: testbed.BlueStore},
		},
		Hypervisors: []string{"kvm1"},
	})
}

// pools creates once the pools that the tests put images into; vms has two namespaces.
func pools(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	if strings.Contains(acctest.Ceph(t, "east", "osd", "pool", "ls"), "vms") {
		return
	}
	for _, pool := range []string{"vms", "images", "data", "archive"} {
		acctest.Ceph(t, "east", "osd", "pool", "create", pool, "8")
		rbd(t, "pool", "init", pool)
	}
	for _, namespace := range []string{"tenant", "other"} {
		rbd(t, "namespace", "create", "vms/"+namespace)
	}
	acctest.Ceph(t, "west", "osd", "pool", "create", "vms", "8")
	acctest.RBD(t, "west", "pool", "init", "vms")
}

// image is a configuration of one image in the pool vms of the cluster east, with further assignments.
func image(name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_rbd_image\" \"test\" {\n  cluster = \"east\"\n  pool = \"vms\"\n  name = %q\n  %s\n}\n", name,
		strings.Join(assignments, "\n  "))
}

const small = `size = "4MiB"`

// rbd runs a command on the cluster east.
func rbd(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.RBD(t, "east", args...)
}

// info is the output of `rbd info` for an image of the pool vms.
func info(t *testing.T, name string) map[string]any {
	t.Helper()
	return infoOf(t, "vms/"+name)
}

// infoOf is the output of `rbd info` for an image.
func infoOf(t *testing.T, image string) map[string]any {
	t.Helper()
	out := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(rbd(t, "info", "--format", "json", image)))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// field is a second view: a field of `rbd info`.
func field(key string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string { return fmt.Sprint(info(t, name)[key]) }
}

// features is a second view: those that a configuration can choose.
func features(t *testing.T, name string) string {
	all, _ := info(t, name)["features"].([]any)
	var chosen []string
	for _, feature := range all {
		if text := fmt.Sprint(feature); text != "striping" && text != "data-pool" {
			chosen = append(chosen, text)
		}
	}
	slices.Sort(chosen)
	return strings.Join(chosen, " ")
}

// metadata is a second view: `rbd image-meta list`, in which settings begin with conf_.
func metadata(t *testing.T, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	text := rbd(t, "image-meta", "list", "--format", "json", "vms/"+name)
	if text == "" {
		return out
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// images lists a pool or a namespace.
func images(t *testing.T, pool string) []string {
	t.Helper()
	return strings.Fields(rbd(t, "ls", pool))
}

func exists(t *testing.T, name string) bool { return slices.Contains(images(t, "vms"), name) }

// run applies the steps to an image of the pool vms, and then checks that the image is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	pools(t)
	acctest.Run(t, "image "+name, func() bool { return exists(t, name) }, steps...)
}

var planned = acctest.Planned(address)
