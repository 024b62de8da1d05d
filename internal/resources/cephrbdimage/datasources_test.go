//go:build cgo

package cephrbdimage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccCephRBDImages_dataSource lists images that were made by hand, and compares each with the output of rbd.
func TestAccCephRBDImages_dataSource(t *testing.T) {
	const read = "data.ceph_rbd_images.test"
	pools(t)
	data := func(assignments ...string) string {
		return "data \"ceph_rbd_images\" \"test\" {\n  cluster = \"east\"\n  " + strings.Join(assignments, "\n  ") + "\n}\n"
	}
	for _, image := range [][]string{
		{"vms/listed-b", "--size", "1536M", "--object-size", "8M", "--stripe-unit", "64K", "--stripe-count", "4"},
		{"vms/listed-a", "--size", "4M", "--data-pool", "data", "--image-feature", "layering,exclusive-lock"},
		{"vms/tenant/listed-c", "--size", "1G"},
		{"images/listed-d", "--size", "1G"},
		{"images/other", "--size", "1G"},
	} {
		rbd(t, append([]string{"create"}, image...)...)
		t.Cleanup(func() { rbd(t, "rm", "--no-progress", image[0]) })
	}
	rbd(t, "image-meta", "set", "vms/listed-a", "owner", "somebody")
	rbd(t, "config", "image", "set", "vms/listed-a", "rbd_cache", "false")
	rbd(t, "snap", "create", "images/listed-d@base")
	rbd(t, "snap", "protect", "images/listed-d@base")
	rbd(t, "clone", "images/listed-d@base", "vms/listed-clone")
	t.Cleanup(func() {
		rbd(t, "rm", "--no-progress", "vms/listed-clone")
		rbd(t, "snap", "unprotect", "images/listed-d@base")
		rbd(t, "snap", "rm", "--no-progress", "images/listed-d@base")
	})
	// lists checks that these images, and no others, are listed in this order, as rbd shows them.
	lists := func(refs ...string) resource.TestCheckFunc {
		return func(state *terraform.State) error {
			checks := []resource.TestCheckFunc{resource.TestCheckResourceAttr(read, "images.#", fmt.Sprint(len(refs)))}
			for i, ref := range refs {
				parts, says := strings.Split(ref, "/"), infoOf(t, ref)
				for attribute, want := range map[string]any{
					"id": "east/" + ref, "pool": parts[0], "name": parts[len(parts)-1], "size_bytes": says["size"], "image_id": says["id"],
					"cluster": "east", "fsid": acctest.Bed(t).Cluster("east").FSID,
				} {
					checks = append(checks, resource.TestCheckResourceAttr(read, fmt.Sprintf("images.%d.%s", i, attribute), fmt.Sprint(want)))
				}
			}
			return resource.ComposeAggregateTestCheckFunc(checks...)(state)
		}
	}
	at := func(attribute, want string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttr(read, attribute, want)
	}
	none := func(attribute string) resource.TestCheckFunc {
		return resource.TestCheckNoResourceAttr(read, attribute)
	}
	run(t, "nothing-is-made",
		resource.TestStep{
			Config:      data(`pool = "nowhere"`),
			ExpectError: acctest.Message(`Cluster "east" has no pool "nowhere".`),
		},
		resource.TestStep{
			Config: data(`name_pattern = "listed-*"`),
			Check: resource.ComposeAggregateTestCheckFunc(
				lists("images/listed-d", "vms/listed-a", "vms/listed-b", "vms/listed-clone", "vms/tenant/listed-c"),
				at("images.1.data_pool", "data"), at("images.1.metadata.%", "1"), at("images.1.metadata.owner", "somebody"),
				at("images.1.config.%", "1"), at("images.1.config.rbd_cache", "false"), at("images.1.size", "4MiB"),
				at("images.1.features.#", "2"), at("images.1.features.0", "exclusive-lock"), at("images.1.features.1", "layering"),
				at("images.2.object_size", "8MiB"), at("images.2.stripe_unit", "64KiB"), at("images.2.stripe_count", "4"),
				at("images.2.size", "1536MiB"), none("images.2.data_pool"), none("images.2.metadata.%"), none("images.2.config.%"),
				at("images.3.parent.pool", "images"), at("images.3.parent.image", "listed-d"), at("images.3.parent.snapshot", "base"),
				none("images.3.parent.namespace"), none("images.3.parent.flatten"), none("images.2.parent.%"),
				at("images.4.namespace", "tenant"), none("images.1.namespace"),
				at("images.4.object_size", "4MiB"), at("images.4.stripe_unit", "4MiB"), at("images.4.stripe_count", "1"),
			),
		},
		// An image whose removal was interrupted is still listed, but can't be opened.
		resource.TestStep{
			PreConfig: func() {
				rbd(t, "create", "archive/halfway", "--size", "1G")
				header := "rbd_header." + fmt.Sprint(infoOf(t, "archive/halfway")["id"])
				if _, err := acctest.Bed(t).Cluster("east").Rados(t.Context(), "-p", "archive", "rm", header); err != nil {
					t.Error(err)
				}
			},
			Config:      data(`pool = "archive"`),
			ExpectError: acctest.Message(`Images of cluster "east" are listed and can't be read: archive/halfway.`),
		},
		resource.TestStep{
			PreConfig: func() { rbd(t, "rm", "--no-progress", "archive/halfway") },
			Config:    data(`pool = "vms"`, `namespace = ""`, `name_pattern = "listed-?"`),
			Check:     lists("vms/listed-a", "vms/listed-b"),
		},
		resource.TestStep{Config: data(`namespace = "tenant"`, `name_pattern = "listed-*"`), Check: lists("vms/tenant/listed-c")},
		resource.TestStep{Config: data(`pool = "images"`), Check: lists("images/listed-d", "images/other")},
		resource.TestStep{Config: data(`pool = "archive"`), Check: lists()},
		resource.TestStep{Config: data(`pool = "vms"`, `namespace = "nobody"`), Check: lists()},
	)
}
