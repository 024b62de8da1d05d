//go:build cgo

package endtoend_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// TestAccPages applies the example files of each page, with no addition but the provider block of the first page, and destroys what
// they made.
func TestAccPages(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	definedGuest(ctx, t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "centos80"})
	makeClassSSD(t)
	for kind, file := range map[string]string{
		"resources": "resource*.tf", "data-sources": "data-source.tf", "ephemeral-resources": "ephemeral-resource.tf",
		"functions": "function.tf",
	} {
		root := filepath.Join("..", "..", "examples", kind)
		folders, err := os.ReadDir(root)
		if err != nil || len(folders) == 0 {
			t.Fatalf("no examples in %s: %v", root, err)
		}
		for _, folder := range folders {
			t.Run(kind+"/"+folder.Name(), func(t *testing.T) {
				if kind == "data-sources" {
					makeForDataSources(t)
				}
				before := inventory(t)
				w := pageWorkspace(t, filepath.Join(root, folder.Name(), file))
				w.Apply(t)
				if kind != "data-sources" { // they show numbers that change by themselves, such as free bytes
					w.ExpectEmptyPlan(t)
				}
				w.Destroy(t)
				if after := inventory(t); after != before {
					t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
				}
			})
		}
	}
}

// pageWorkspace returns a workspace with the files that match and the example of the provider block.
func pageWorkspace(t *testing.T, pattern string) *acctest.Workspace {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	var all strings.Builder
	for _, name := range files {
		all.WriteString(exampleFile(t, name) + "\n")
	}
	return workspaceOfPages(t, all.String())
}

// makeClassSSD gives an OSD the class that the rule of an example asks for.
func makeClassSSD(t *testing.T) {
	t.Helper()
	acctest.Ceph(t, "east", "osd", "crush", "rm-device-class", "osd.0")
	acctest.Ceph(t, "east", "osd", "crush", "set-device-class", "ssd", "osd.0")
}

// workspaceOfPages returns a workspace with examples of pages and that of the provider block.
func workspaceOfPages(t *testing.T, examples string) *acctest.Workspace {
	t.Helper()
	bed := acctest.Bed(t)
	w := acctest.NewWorkspaceOf(t, examples+exampleFile(t, filepath.Join("..", "..", "examples", "provider", "provider.tf")))
	east, west := bed.Cluster("east"), bed.Cluster("west")
	w.Set(t, "east_mon_host", east.MonHost)
	w.Set(t, "east_admin_key", east.AdminKey)
	w.Set(t, "backup_key", east.AdminKey) // any key works, since no disk is opened with it
	w.Set(t, "image_passphrase", "open sesame")
	// The clusters have one host with one OSD.
	w.Set(t, "copies", "1")
	w.Set(t, "failure_domain", "osd")
	w.Set(t, "west_config_file", west.ConfigFile)
	w.Set(t, "west_keyring_file", west.KeyringFile)
	w.Set(t, "kvm1_uri", bed.Hypervisor("kvm1").URI)
	return w
}

// makeForDataSources makes by hand what the data sources' examples read, and removes it after the test.
func makeForDataSources(t *testing.T) {
	t.Helper()
	const secret = "77085c23-2177-242d-7661-c785df7f6230"
	acctest.Ceph(t, "east", "osd", "pool", "create", "vms", "8")
	acctest.RBD(t, "east", "pool", "init", "vms")
	acctest.RBD(t, "east", "create", "vms/data", "--size", "1G")
	acctest.Virsh(t, "kvm1", "secret-define", "--file", file(t, "secret.xml",
		"<secret><uuid>"+secret+"</uuid><usage type='ceph'><name>client.libvirt secret</name></usage></secret>"))
	t.Cleanup(func() {
		acctest.Ceph(t, "east", "osd", "pool", "delete", "vms", "vms", "--yes-i-really-really-mean-it")
		acctest.Virsh(t, "kvm1", "secret-undefine", secret)
	})
}
