package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// Another image has come to have the name of a running guest's: what asks the image, or attaches it, is refused while the guest may have
// the former one open. What is attached anew is recorded with the identity that it has then, or by the next refresh where the plan has
// told another one.
func TestImageExchangedUnderItsName(t *testing.T) {
	known := newServer(t, nil)
	const words = "Somebody has put another image in its place, and the running guest may still have the former one open"
	for name, c := range map[string]struct {
		change  block
		missing bool // in the running guest
		lost    bool // after the plan
		refused string
		id      string // in the state after the apply, where it isn't refused
	}{
		"size": {change: block{"size": "1MiB"}, refused: words + ", which would grow"},
		"user": {change: block{"user": "v"}, refused: words + ". The change would be checked with the other one"},
		"reattached": {
			change: block{"serial": "S1", "on_change": "reattach"}, refused: words + ". Attached again, the disk would have the",
		},
		"next boot":          {change: block{"serial": "S1"}, id: "1"},
		"missing":            {missing: true, id: "77"},
		"missing, user":      {change: block{"user": "v"}, missing: true, id: "77"},
		"missing, next boot": {change: block{"serial": "S1"}, missing: true, id: "77"},
		"lost":               {change: block{"serial": "S1"}, lost: true, id: "77"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			const root = "<disk type='file' device='disk'><source file='/root.img'/><target dev='vda' bus='virtio'/>" +
				"<alias name='virtio-disk0'/></disk>"
			w.host.live = []string{root}
			w.cluster.clients = func(string) int { return len(w.host.live) - 1 }
			w.cluster.users["client.v"] = "profile rbd"
			o := known.newObject("libvirt_rbd_disk")
			w.applied(o, diskOf("base"))
			base := ceph.ImageRef{Pool: "data", Name: "base"}
			w.cluster.images[ceph.ImageRef{Pool: "data", Name: "base.bad"}] = w.cluster.images[base]
			w.cluster.images[base] = ceph.Image{ID: "77", SizeBytes: 1 << 20, ObjectSize: 4 << 20}
			if c.missing {
				w.host.live = []string{root}
			}
			w.refreshed(o)
			live := strings.Join(w.host.live, "")
			s, end := w.server(t.Context())
			defer end()
			config := with(diskOf("base"), c.change)
			plan := s.plan(o, config)
			s.must("plan", plan.Diagnostics)
			planned := s.members(s.decode(s.schema.ResourceSchemas[o.typeName].ValueType(), plan.PlannedState))["image_id"]
			if c.lost {
				w.host.live = []string{root}
			}
			failed := errorsIn(s.applyPlan(o, config, plan))
			if c.refused != "" {
				if !strings.Contains(failed, c.refused) || strings.Join(w.host.live, "") != live {
					t.Errorf("errors: %q; the guest had\n%s\nand has\n%v", failed, live, w.host.live)
				}
				return
			}
			if id := known.text(o, "image_id"); failed != "" || id != c.id && !c.lost {
				t.Errorf("image_id is %s, want %s; %s", id, c.id, failed)
			}
			if planned.IsKnown() && !planned.Equal(tftypes.NewValue(tftypes.String, known.text(o, "image_id"))) {
				t.Errorf("image_id was planned as %s", planned)
			}
			end()
			w.refreshed(o)
			if id := known.text(o, "image_id"); id != c.id {
				t.Errorf("refreshed: image_id is %s, want %s", id, c.id)
			}
		})
	}
}
