//go:build cgo

package endtoend_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// imported are the types in a disk's example, each with its address there.
var imported = map[string]string{
	"ceph_pool": "ceph_pool.vms", "ceph_user": "ceph_user.libvirt", "ceph_rbd_image": "ceph_rbd_image.data",
	"libvirt_ceph_secret": "libvirt_ceph_secret.libvirt", "libvirt_rbd_disk": "libvirt_rbd_disk.data",
}

// TestAccOpenTofu runs a disk's example with OpenTofu, with all resources that it needs: applied, imported by the import blocks of the
// pages, and destroyed.
func TestAccOpenTofu(t *testing.T) {
	bed := acctest.Bed(t)
	tofu, err := exec.LookPath("tofu")
	if err != nil {
		t.Skip("tofu is not on PATH")
	}
	t.Setenv("TF_ACC_TERRAFORM_PATH", tofu)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	definedGuest(ctx, t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "centos80"})
	before := inventory(t)

	examples := filepath.Join("..", "..", "examples", "resources")
	w := pageWorkspace(t, filepath.Join(examples, "libvirt_rbd_disk", "resource.tf"))
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	secret := secretOf(t, "kvm1", "east")

	for _, form := range []string{"import-by-string-id.tf", "import-by-identity.tf"} {
		if form == "import-by-identity.tf" && tofuVersion(t, w).LessThan(version.Must(version.NewVersion("1.12.0"))) {
			t.Logf("%s is left out: this OpenTofu is older than 1.12", form)
			continue
		}
		for kind, address := range imported {
			block, err := os.ReadFile(filepath.Join(examples, kind, form))
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(block), "77085c23-2177-242d-7661-c785df7f6230", secret)
			if err := os.WriteFile(filepath.Join(w.Dir, "import-"+kind+".tf"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			w.Terraform(t, "state", "rm", address)
		}
		if out := w.Apply(t); !strings.Contains(out, "5 imported, 0 added, ") || !strings.Contains(out, " 0 destroyed") {
			t.Errorf("%s: %s", form, out)
		}
		w.ExpectEmptyPlan(t)
	}
	w.Destroy(t)
	if after := inventory(t); after != before {
		t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

func tofuVersion(t *testing.T, w *acctest.Workspace) *version.Version {
	t.Helper()
	var told struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal([]byte(w.Terraform(t, "version", "-json")), &told); err != nil {
		t.Fatal(err)
	}
	return version.Must(version.NewVersion(told.Version))
}
