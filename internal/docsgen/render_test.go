package main

import (
	"maps"
	"testing"
)

func TestNames(t *testing.T) {
	for _, row := range []struct{ word, template, asSeen string }{
		{"ceph", "index.md.tmpl", "index.md.tmpl"},
		{"libvirt", "index.md.tmpl", ""},
		{"libvirt", "resources.md.tmpl", "resources.md.tmpl"},
		{"ceph", "guides/rotation.md.tmpl", "guides/rotation.md.tmpl"},
		{"libvirt", "guides/rotation.md.tmpl", ""},
		{"ceph", "functions/rbd_caps.md.tmpl", "functions/rbd_caps.md.tmpl"},
		{"libvirt", "functions/rbd_caps.md.tmpl", ""},
		{"ceph", "notes/functions/rbd_caps.md", ""},
		{"ceph", "resources/ceph_pool.md.tmpl", "resources/pool.md.tmpl"},
		{"libvirt", "resources/libvirt_rbd_disk.md.tmpl", "resources/rbd_disk.md.tmpl"},
		{"ceph", "resources/libvirt_rbd_disk.md.tmpl", ""},
	} {
		if got := templateName(row.word, row.template); got != row.asSeen {
			t.Errorf("template %s of %s: got %q, want %q", row.template, row.word, got, row.asSeen)
		}
	}
	for _, row := range []struct{ word, rendered, page string }{
		{"ceph", "index.md", "index.md"},
		{"ceph", "resources/pool.md", "resources/pool.md"},
		{"libvirt", "index.md", ""},
		{"libvirt", "guides/rotation.md", ""},
		{"libvirt", "resources/rbd_disk.md", "resources/libvirt_rbd_disk.md"},
		{"libvirt", "data-sources/ceph_secret.md", "data-sources/libvirt_ceph_secret.md"},
	} {
		if got := pageName(row.word, row.rendered); got != row.page {
			t.Errorf("page %s of %s: got %q, want %q", row.rendered, row.word, got, row.page)
		}
	}
}

func TestNotesGoToTheirPage(t *testing.T) {
	ours := map[string]string{
		"resources.md.tmpl":                        "before\n\n@@NOTES@@\n\nafter\n",
		"notes/resources/ceph_pool.md":             "pools\n",
		"notes/resources/libvirt_rbd_disk.md":      "disks\n",
		"notes/resources/ceph_of_another_time.md":  "gone\n",
		"notes/data-sources/libvirt_ceph_other.md": "gone\n",
	}
	for word, want := range map[string]map[string]string{
		"ceph":    {"resources.md.tmpl": "before\n\nafter\n", "resources/pool.md.tmpl": "before\n\npools\n\nafter\n"},
		"libvirt": {"resources.md.tmpl": "before\n\nafter\n", "resources/rbd_disk.md.tmpl": "before\n\ndisks\n\nafter\n"},
	} {
		if got := templates(ours, word, fakeSchemas(t)); !maps.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}
