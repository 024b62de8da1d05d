package cephrbdimage

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// resizedConn has one image, and remembers whether its last resize might have shrunk it.
type resizedConn struct {
	ceph.Conn
	bytes       uint64
	allowShrink bool
}

func (c *resizedConn) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}

func (c *resizedConn) Close() {}

func (c *resizedConn) MonCommand(context.Context, []byte, []byte) ([]byte, string, error) {
	return nil, "", ceph.EACCES
}

func (c *resizedConn) Image(context.Context, ceph.ImageRef) (ceph.Image, error) {
	return ceph.Image{SizeBytes: c.bytes}, nil
}

func (c *resizedConn) ImageRelations(context.Context, ceph.ImageRef) (ceph.ImageRelations, error) {
	return ceph.ImageRelations{}, nil
}

func (c *resizedConn) ResizeImage(_ context.Context, _ ceph.ImageRef, bytes uint64, allowShrink bool) error {
	c.bytes, c.allowShrink = bytes, allowShrink
	return nil
}

// allow_shrink allows what the plan has told: neither a cut of an image that was to grow, nor a larger one than was planned.
func TestChangeCutsOffOnlyWhatWasPlanned(t *testing.T) {
	for name, test := range map[string]struct {
		planned, present, wanted uint64 // in GiB
		allowed, refused         bool
	}{
		"growth":                            {planned: 10, present: 10, wanted: 20},
		"growth, grown less since":          {planned: 10, present: 15, wanted: 20},
		"growth, grown more since":          {planned: 10, present: 30, wanted: 20, refused: true},
		"shrink":                            {planned: 10, present: 10, wanted: 8, allowed: true},
		"shrink, shrunk more since":         {planned: 10, present: 4, wanted: 8, allowed: true},
		"shrink, shrunk less since":         {planned: 10, present: 9, wanted: 8, allowed: true},
		"shrink, grown since":               {planned: 10, present: 30, wanted: 8, refused: true},
		"growth of one that was not read":   {planned: 0, present: 10, wanted: 20},
		"a size below one that was unknown": {planned: 0, present: 30, wanted: 20, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			conn := &resizedConn{bytes: test.present << 30}
			cluster := ceph.NewCluster(ceph.Config{Label: "east"}, func(context.Context, ceph.Config) (ceph.Conn, error) { return conn, nil })
			t.Cleanup(cluster.Close)
			state, plan := recorded(), recorded()
			state.ImageID, plan.ImageID = types.StringNull(), types.StringNull()
			state.Size = tfkit.SizeNull()
			if test.planned > 0 {
				state.Size = tfkit.SizeOf(test.planned << 30)
			}
			plan.Size, plan.AllowShrink = tfkit.SizeOf(test.wanted<<30), types.BoolValue(true)
			_, err := change(t.Context(), cluster, state, plan, nil)
			if test.refused {
				if !problem.Is(err, problem.Refused) || !strings.Contains(err.Error(), "Plan again") || conn.bytes != test.present<<30 {
					t.Errorf("%v; %d bytes", err, conn.bytes)
				}
				return
			}
			if err != nil || conn.bytes != test.wanted<<30 || conn.allowShrink != test.allowed {
				t.Errorf("%v; %d bytes, shrink allowed %t", err, conn.bytes, conn.allowShrink)
			}
		})
	}
}
