//go:build cgo

package cephrbdimage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

const providerSource = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

// A migration gives an image another id and another layout. It is still the same image.
func TestAccCephRBDImage_migrated(t *testing.T) {
	pools(t)
	w := acctest.NewWorkspaceOf(t, "variable \"size\" {\n  type = string\n}\n"+providerSource+acctest.Provider(t)+
		image("wandering", "size = var.size", "force_destroy = true", `metadata = { owner = "somebody" }`))
	w.Set(t, "size", "4MiB")
	w.Apply(t)
	migration := func(words ...string) { rbd(t, append([]string{"migration"}, words...)...) }
	end := func() {
		migration("execute", "--no-progress", "vms/wandering")
		migration("commit", "--no-progress", "vms/wandering")
	}
	id := func() string { return field("id")(t, "wandering") }
	recorded := func() string { return string(w.State(t)) }
	told := func(out string, words ...string) {
		t.Helper()
		plain := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
		for _, word := range words {
			if !strings.Contains(plain, word) {
				t.Errorf("%q is missing in:\n%s", word, out)
			}
		}
	}
	first := id()

	migration("prepare", "--data-pool", "data", "vms/wandering", "vms/wandering")
	told(w.Terraform(t, "plan", "-input=false"), "No changes", fmt.Sprintf("had the id %s and now has %s", first, id()),
		"A migration of image vms/wandering on cluster \"east\" is under way")
	w.Set(t, "size", "8MiB")
	out, err := w.Try(t, "apply", "-input=false", "-auto-approve")
	if err == nil {
		t.Error("an image was resized during its migration")
	}
	told(out, `Image vms/wandering of cluster "east" can't be changed now. A migration of it is under way.`)
	w.Set(t, "size", "4MiB")
	if out, err = w.Try(t, "destroy", "-input=false", "-auto-approve"); err == nil {
		t.Error("an image was deleted during its migration")
	}
	told(out, `Unable to delete image vms/wandering of cluster "east". A migration of it is under way.`)

	end()
	out = w.Apply(t)
	told(out, "0 added, 0 changed, 0 destroyed")
	if strings.Contains(out, "is under way") {
		t.Errorf("the migration has ended:\n%s", out)
	}
	if state := recorded(); !strings.Contains(state, fmt.Sprintf("%q", id())) || !strings.Contains(state, `"data_pool": "data"`) {
		t.Errorf("the state does not have the id %s and the data pool:\n%s", id(), state)
	}

	// The migration begins and ends between two refreshes, so nothing shows it afterwards.
	migration("prepare", "--image-feature", "layering,exclusive-lock", "vms/wandering", "vms/wandering")
	end()
	told(w.Apply(t), "0 added, 0 changed, 0 destroyed", "and now has "+id())

	// Another image of that name is not mistaken for the migrated one.
	rbd(t, "rm", "--no-progress", "vms/wandering")
	rbd(t, "create", "--size", "4M", "vms/wandering")
	told(w.Terraform(t, "plan", "-input=false"), "1 to add")
	rbd(t, "rm", "--no-progress", "vms/wandering")
	w.Apply(t)
	w.Destroy(t)
	if exists(t, "wandering") {
		t.Error("the image is still there")
	}
}
