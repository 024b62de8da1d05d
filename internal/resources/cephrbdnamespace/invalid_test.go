//go:build cgo

package cephrbdnamespace_test

import (
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDNamespace_invalid(t *testing.T) {
	const words = `: not empty, without "/", "@", spaces or control characters, got: `
	on := func(assignments ...string) string {
		return "resource \"ceph_rbd_namespace\" \"test\" {\n" + strings.Join(assignments, "\n") + "\n}\n"
	}
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"no pool":              {on(`cluster = "east"`, `name = "n"`), "", `The argument "pool" is required`},
		"no name":              {on(`cluster = "east"`, `pool = "vms"`), "", `The argument "name" is required`},
		"empty name":           {namespace(""), "name", `must be a namespace` + words},
		"name with a slash":    {namespace("a/b"), "name", `must be a namespace` + words + `a/b`},
		"name with a snapshot": {namespace("a@b"), "name", `must be a namespace` + words + `a@b`},
		"pool with a slash":    {inPool(`"a/b"`, "n"), "pool", `must be a pool name` + words + `a/b`},
		"cluster left out":     {on(`pool = "vms"`, `name = "n"`), "", `Nothing says which cluster is meant`},
		"unknown cluster": {
			on(`cluster = "north"`, `pool = "vms"`, `name = "n"`), "cluster",
			`The provider block has no cluster "north". It has "east", "west".`,
		},
	})
}
