package rbdusage

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// mirroredConn has an image that one client has open, whose user has these caps for monitors.
type mirroredConn struct {
	ceph.Conn
	caps string
}

func (c mirroredConn) Close() {}

func (c mirroredConn) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}

func (c mirroredConn) Watchers(context.Context, ceph.ImageRef) ([]ceph.Watcher, error) {
	return []ceph.Watcher{{Addr: "192.0.2.9:0/1"}}, nil
}

func (c mirroredConn) MonCommand(context.Context, []byte, []byte) (reply []byte, status string, err error) {
	reply, err = os.ReadFile("../ceph/testdata/mon-dump.json")
	return reply, "", err
}

func (c mirroredConn) MonCommandTo(context.Context, string, []byte) (reply []byte, status string, err error) {
	return fmt.Appendf(nil, `[{"entity_name":"client.peer","addrs":{"addrvec":[{"addr":"192.0.2.9:0","nonce":1}]},"caps":{"text":%q}}]`,
		c.caps), "", nil
}

// rbd-mirror of another cluster only reads an image: no disk waits for it, and it is not the guest that has opened it.
func TestMirrorHoldsNoImage(t *testing.T) {
	for _, caps := range []string{"profile rbd-mirror-peer", "profile rbd"} {
		cluster := ceph.NewCluster(ceph.Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, ceph.Config) (ceph.Conn, error) {
			return mirroredConn{caps: caps}, nil
		})
		host, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: "qemu:///system"})
		if err != nil {
			t.Fatal(err)
		}
		access := Access{Host: host, Cluster: cluster, Disk: libvirt.Disk{Pool: "vms", Image: "data"}}
		// The wait for one that holds the image ends by this limit; where nobody does there is none.
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		used, opened := access.RefuseInUse(ctx, 0), access.ConfirmOpened(t.Context(), libvirt.Domain{})
		cancel()
		holds := caps == "profile rbd"
		if problem.Is(used, problem.Busy) != holds || !holds && used != nil {
			t.Errorf("%s: is the image in use? %v", caps, used)
		}
		if problem.Is(opened, problem.Refused) == holds || holds && opened != nil {
			t.Errorf("%s: has the guest opened it? %v", caps, opened)
		}
	}
}
