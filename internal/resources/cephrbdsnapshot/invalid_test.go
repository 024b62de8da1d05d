//go:build cgo

package cephrbdsnapshot_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDSnapshot_invalid(t *testing.T) {
	const words = `: not empty, without "/", "@", spaces or control characters, got: `
	on := func(assignments ...string) string {
		return "resource \"ceph_rbd_snapshot\" \"test\" {\n" + strings.Join(assignments, "\n") + "\n}\n"
	}
	const cluster, pool, image, name = `cluster = "east"`, `pool = "vms"`, `image = "data"`, `name = "s"`
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"no pool":             {on(cluster, image, name), "", `The argument "pool" is required`},
		"no image":            {on(cluster, pool, name), "", `The argument "image" is required`},
		"no name":             {on(cluster, pool, image), "", `The argument "name" is required`},
		"empty name":          {snapshot(""), "name", `must be a snapshot name` + words},
		"name with a slash":   {snapshot("a/b"), "name", `must be a snapshot name` + words + `a/b`},
		"name with its image": {snapshot("data@s"), "name", `must be a snapshot name` + words + `data@s`},
		"image with its pool": {of(`"vms"`, `"vms/data"`, "s"), "image", `must be an image name` + words + `vms/data`},
		"pool with a slash":   {of(`"a/b"`, `"data"`, "s"), "pool", `must be a pool name` + words + `a/b`},
		"empty namespace":     {snapshot("s", `namespace = ""`), "namespace", `must be a namespace` + words},
		"text for a flag":     {snapshot("s", `protected = "perhaps"`), "protected", `a bool is required`},
		"cluster left out":    {on(pool, image, name), "", `Nothing says which cluster is meant`},
		"unknown cluster": {
			on(`cluster = "north"`, pool, image, name), "cluster", `The provider block has no cluster "north". It has "east", "west".`,
		},
	})
}
