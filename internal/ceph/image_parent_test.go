package ceph

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// slowFlatten is a connection on which the copy of a parent's data doesn't come to its end.
type slowFlatten struct {
	*fakeConn

	refused Errno
	image   Image
}

func (s slowFlatten) FlattenImage(ctx context.Context, _ ImageRef) error {
	if s.refused != 0 {
		return s.refused
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s slowFlatten) Image(context.Context, ImageRef) (Image, error) { return s.image, nil }

// A flatten that its time ends says that the next apply goes on; one of an image that has no parent any more is done.
func TestFlattenImage(t *testing.T) {
	const goesOn = "the copy goes on where it was"
	flatten := func(t *testing.T, conn slowFlatten) error {
		conn.fakeConn = &fakeConn{fsid: testFSID, answers: map[string]answer{}}
		cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		return cluster.FlattenImage(ctx, ImageRef{Pool: "vms", Name: "clone"})
	}
	synctest.Test(t, func(t *testing.T) {
		expect.Problem(t, flatten(t, slowFlatten{}), problem.Unreachable, `Unable to flatten image vms/clone of cluster "east".`, goesOn)
	})
	if err := flatten(t, slowFlatten{refused: EINVAL}); err != nil {
		t.Errorf("an image without a parent is refused: %v", err)
	}
	err := flatten(t, slowFlatten{refused: EINVAL, image: Image{Parent: &SnapshotID{PoolID: 1, ImageID: "2", SnapshotID: 3}}})
	expect.Problem(t, err, problem.Invalid)
	if strings.Contains(err.Error(), goesOn) {
		t.Errorf("a refusal is told as the end of the time: %v", err)
	}
}
