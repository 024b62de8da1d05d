package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// edit replaces something in the definitions of disks, as virsh edit does in the saved ones, and the start of a guest in the live ones.
func edit(definitions []string, from, to string) {
	for i := range definitions {
		definitions[i] = strings.ReplaceAll(definitions[i], from, to)
	}
}

// refreshed refreshes the object with a provider of its own, as each terraform command does.
func (w *world) refreshed(o *object) {
	w.t.Helper()
	s, end := w.server(w.t.Context())
	defer end()
	s.must("read", s.read(o))
}

// applied applies a configuration of the object with a provider of its own.
func (w *world) applied(o *object, config block) {
	w.t.Helper()
	s, end := w.server(w.t.Context())
	defer end()
	s.apply(o, config)
}

// An image that somebody has put into the saved definition, and that the guest has been started with, is the disk's image from then on: the
// way back is that to another image.
func TestSourceAdoptedByAStart(t *testing.T) {
	known := newServer(t, nil)
	serial := block{"serial": "S1"}
	for name, c := range map[string]struct {
		mode string
		// between the refresh that shows the image of the saved definition, and the start
		change block
	}{
		"refuse":             {"refuse", nil},
		"refuse, changed":    {"refuse", serial},
		"live_copy":          {"live_copy", nil},
		"live_copy, changed": {"live_copy", serial},
		"replace":            {"replace", nil},
		"replace, changed":   {"replace", serial},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.cluster.images[ceph.ImageRef{Pool: "data", Name: "other"}] = ceph.Image{ID: "99", SizeBytes: 1 << 20, ObjectSize: 4 << 20}
			clients := 0
			w.cluster.clients = func(string) int { return clients }
			o := known.newObject("libvirt_rbd_disk")
			config := func(image string) block { return with(diskOf(image), block{"on_source_change": c.mode}) }
			w.applied(o, config("base"))
			edit(w.host.saved, "data/base", "data/other")
			w.refreshed(o)
			if c.change != nil {
				w.applied(o, with(config("other"), c.change))
			}
			w.refreshed(o)
			if image, id := known.text(o, "image"), known.text(o, "image_id"); image != "other" || id != "1" {
				t.Errorf("before the start the state has image %s with the id %s", image, id)
			}
			edit(w.host.live, "data/base", "data/other")
			w.refreshed(o)
			if id := known.text(o, "image_id"); id != "99" {
				t.Errorf("after the start image_id is %s", id)
			}
			clients = 2
			s, end := w.server(t.Context())
			defer end()
			plan := s.plan(o, with(config("base"), c.change))
			if refused := strings.Contains(errorsIn(plan.Diagnostics), "can't be changed from"); refused != (c.mode == "refuse") {
				t.Errorf("planned with the errors %q", errorsIn(plan.Diagnostics))
			}
			if replaced := len(plan.RequiresReplace) > 0; replaced != (c.mode == "replace") {
				t.Errorf("replaced: %v", replaced)
			}
			if copied := strings.Contains(warningsIn(plan.Diagnostics), "copied"); copied != (c.mode == "live_copy") {
				t.Errorf("planned with the warnings %q", warningsIn(plan.Diagnostics))
			}
		})
	}
}

// Until the guest is started it has the former image open: the way back touches only the saved definition.
func TestSourceOfTheSavedDefinitionAlone(t *testing.T) {
	known := newServer(t, nil)
	w := newWorld(t, known, eastFSID, time.Minute)
	w.cluster.images[ceph.ImageRef{Pool: "data", Name: "other"}] = ceph.Image{ID: "99", SizeBytes: 1 << 20, ObjectSize: 4 << 20}
	o := known.newObject("libvirt_rbd_disk")
	w.applied(o, diskOf("base"))
	edit(w.host.saved, "data/base", "data/other")
	w.refreshed(o)
	w.refreshed(o)
	w.applied(o, diskOf("base"))
	if id := known.text(o, "image_id"); id != "1" || !strings.Contains(w.host.saved[0], "data/base") {
		t.Errorf("image_id is %s, saved %s", id, w.host.saved[0])
	}
}

// The former name of a renamed image is that of another image once the guest has been started with the new name.
func TestFormerNameOfARenamedImage(t *testing.T) {
	known := newServer(t, nil)
	w := newWorld(t, known, eastFSID, time.Minute)
	w.cluster.clients = func(string) int { return 0 }
	base, renamed := ceph.ImageRef{Pool: "data", Name: "base"}, ceph.ImageRef{Pool: "data", Name: "renamed"}
	o := known.newObject("libvirt_rbd_disk")
	w.applied(o, diskOf("base"))
	w.cluster.images[renamed] = w.cluster.images[base]
	w.cluster.images[base] = ceph.Image{ID: "77", SizeBytes: 1 << 20, ObjectSize: 4 << 20}
	w.applied(o, diskOf("renamed"))
	w.refreshed(o)
	if id := known.text(o, "image_id"); id != "1" {
		t.Errorf("renamed: image_id is %s", id)
	}
	for _, step := range []struct{ from, to, id string }{{"data/base", "data/renamed", "1"}, {"data/renamed", "data/base", "77"}} {
		edit(w.host.saved, step.from, step.to)
		edit(w.host.live, step.from, step.to)
		w.refreshed(o)
		if id := known.text(o, "image_id"); id != step.id {
			t.Errorf("started with %s: image_id is %s, want %s", step.to, id, step.id)
		}
	}
}
