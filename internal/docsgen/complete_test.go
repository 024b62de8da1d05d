package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompleteNamesWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{
		"examples/resources/ceph_pool/resource.tf",
		"examples/resources/ceph_pool/import.sh",
		"examples/resources/ceph_pool/import-by-string-id.tf",
		"examples/resources/ceph_pool/import-by-identity.tf",
		"examples/resources/libvirt_rbd_disk/resource.tf",
		"examples/resources/libvirt_rbd_disk/import.sh",
		"examples/resources/libvirt_rbd_disk/import-by-string-id.tf",
		"examples/resources/libvirt_rbd_disk/import-by-identity.tf",
		"examples/list-resources/ceph_pool/list-resource.tfquery.hcl",
		"examples/list-resources/libvirt_rbd_disk/list-resource.tfquery.hcl",
		"examples/functions/quote/function.tf",
		"templates/notes/resources/ceph_pool.md",
		"templates/notes/resources/libvirt_rbd_disk.md",
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("  identity = {\n    name = \"x\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := complete(root, fakeSchemas(t)); err != nil {
		t.Fatalf("nothing is missing: %v", err)
	}
	for _, file := range []string{
		"examples/resources/ceph_pool/import.sh", "examples/functions/quote/function.tf",
		"examples/list-resources/ceph_pool/list-resource.tfquery.hcl",
	} {
		if err := os.Remove(filepath.Join(root, file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "examples/resources/ceph_pol"), 0o700); err != nil {
		t.Fatal(err)
	}
	whole := fakeSchemas(t)
	delete(whole.ListResourceSchemas, "libvirt_rbd_disk")
	err := complete(root, whole)
	for _, line := range []string{
		"ceph_pool lacks examples/resources/ceph_pool/import.sh", "quote lacks examples/functions/quote/function.tf",
		"examples/resources/ceph_pol belongs to no type", "libvirt_rbd_disk has an identity and can't be listed",
		"ceph_pool lacks examples/list-resources/ceph_pool/list-resource.tfquery.hcl",
	} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%q is missing in: %v", line, err)
		}
	}
}
