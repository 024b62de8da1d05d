//go:build cgo

package cephrbdimage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// The journal of an image stays as long as mirroring reads it, whether the pool mirrors single images or all of them. Mirroring by
// snapshots needs no journal.
func TestAccCephRBDImage_mirroredByJournal(t *testing.T) {
	const name = "mirrored"
	config := func(features ...string) string {
		return image(name, small, fmt.Sprintf(`features = ["layering", "exclusive-lock"%s]`, strings.Join(features, "")))
	}
	with, without := config(`, "journaling"`), config()
	mirroring := func(t *testing.T) string {
		t.Helper()
		mode, _ := info(t, name)["mirroring"].(map[string]any)
		return fmt.Sprint(mode["mode"], mode["state"])
	}
	refused := func(prepare func()) resource.TestStep {
		return resource.TestStep{
			PreConfig: prepare, Config: without,
			ExpectError: acctest.MessageAt("features", `The features of image vms/mirrored of cluster "east" can't be changed. It is mirrored by`+
				` its journal, and without the feature journaling its mirroring would end, with its copies on other clusters. Nothing was changed.`),
		}
	}
	run(t, name,
		resource.TestStep{Config: with},
		refused(func() {
			rbd(t, "mirror", "pool", "enable", "vms", "image")
			t.Cleanup(func() { rbd(t, "mirror", "pool", "disable", "vms") })
			rbd(t, "mirror", "image", "enable", "vms/"+name, "journal")
		}),
		refused(func() {
			rbd(t, "mirror", "image", "disable", "vms/"+name)
			rbd(t, "mirror", "pool", "enable", "vms", "pool")
			if !strings.Contains(fmt.Sprint(info(t, name)["features"]), "journaling") {
				rbd(t, "feature", "enable", "vms/"+name, "journaling")
			}
			if got := mirroring(t); got != "journalenabled" {
				t.Fatalf("the pool mirrors it as %q", got)
			}
		}),
		resource.TestStep{
			PreConfig: func() {
				if got := mirroring(t); got != "journalenabled" {
					t.Errorf("after the refusal it is mirrored as %q", got)
				}
				rbd(t, "feature", "disable", "vms/"+name, "journaling")
				rbd(t, "mirror", "pool", "enable", "vms", "image")
				rbd(t, "mirror", "image", "enable", "vms/"+name, "snapshot")
				rbd(t, "feature", "enable", "vms/"+name, "journaling")
			},
			Config: without, Check: acctest.Check(t, name, func(t *testing.T, _ string) string { return mirroring(t) }, "snapshotenabled"),
		},
		resource.TestStep{PreConfig: func() { rbd(t, "mirror", "image", "disable", "vms/"+name) }, Config: without},
	)
}
