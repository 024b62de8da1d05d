package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// A copy that was cut off leaves its mark in the image. Where somebody lets the guest go over by hand, the next apply takes the mark away,
// of the same configuration or of another one: the image is complete, and the guest writes it.
func TestMarkOfACopyThatWasEndedByHand(t *testing.T) {
	known := newServer(t, nil)
	const mark = "terraform-provider-ceph/live_copy"
	other := ceph.ImageRef{Pool: "data", Name: "other"}
	marked := ceph.Image{
		ID: "99", SizeBytes: 1 << 20, ObjectSize: 4 << 20,
		Metadata: map[string]string{mark: `{"fsid":"` + eastFSID + `","pool_id":1,"image_id":"1"}`, "kept": "yes"},
	}
	unmarked := marked
	unmarked.Metadata = nil
	same := with(diskOf("other"), block{"on_source_change": "live_copy"})
	for name, test := range map[string]struct {
		seen ceph.Image // by the refresh that finds the guest on it
		next block
		told bool
	}{
		"the same configuration":           {marked, same, true},
		"another user":                     {marked, with(same, block{"user": "v"}), true},
		"one that copies no more":          {marked, with(diskOf("other"), block{"user": "v"}), true},
		"recorded before marks were noted": {unmarked, with(same, block{"user": "v"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.cluster.clients = func(string) int { return 0 }
			w.cluster.users["client.v"] = "profile rbd"
			s, end := w.server(t.Context())
			o := s.newObject("libvirt_rbd_disk")
			s.apply(o, diskOf("base"))
			end()
			for _, disks := range [][]string{w.host.saved, w.host.live} {
				disks[0] = strings.ReplaceAll(disks[0], "data/base", "data/other")
			}
			w.cluster.images[other] = test.seen
			s, end = w.server(t.Context()) // as by the next terraform command
			defer end()
			s.must("read", s.read(o))
			w.cluster.images[other] = marked
			plan := s.plan(o, test.next)
			if told := strings.Contains(warningsIn(plan.Diagnostics), "was copied by hand"); told != test.told {
				t.Errorf("told: %v, want %v: %s", told, test.told, warningsIn(plan.Diagnostics))
			}
			if planned := s.decode(s.schema.ResourceSchemas[o.typeName].ValueType(), plan.PlannedState); planned.Equal(o.state) {
				t.Error("the plan changes nothing")
			}
			s.must("apply", s.applyPlan(o, test.next, plan))
			if left := w.cluster.images[other].Metadata; left[mark] != "" || left["kept"] != "yes" {
				t.Errorf("the image has the metadata %v", left)
			}
			s.must("read", s.read(o))
			if got := s.text(o, "image_id"); got != "99" {
				t.Errorf("image_id is %s", got)
			}
			s.mustKeep(o, test.next)
		})
	}
}
