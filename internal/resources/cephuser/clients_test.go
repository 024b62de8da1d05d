package cephuser

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// hiddenMonitor is a connection to a cluster that has a monitor which can't be reached from here.
type hiddenMonitor struct {
	ceph.Conn
	hangs bool // and nothing is said of it
}

func (hiddenMonitor) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}

func (hiddenMonitor) Addr(context.Context) (string, error) { return "192.0.2.7:0/1", nil }

func (hiddenMonitor) MonCommand(context.Context, []byte, []byte) ([]byte, string, error) {
	return []byte(`{"quorum":[0,1],"mons":[{"rank":0,"name":"a"},{"rank":1,"name":"b"}]}`), "", nil
}

func (h hiddenMonitor) MonCommandTo(ctx context.Context, monitor string, _ []byte) ([]byte, string, error) {
	if monitor == "a" {
		return []byte("[]"), "", nil
	}
	if h.hangs {
		<-ctx.Done()
		return nil, "", ctx.Err()
	}
	return nil, "mon unavailable", ceph.ENXIO
}

// That the clients can't be known is no reason to withhold the rest.
func TestClientsWithAMonitorOutOfReach(t *testing.T) {
	cluster := ceph.NewCluster(ceph.Config{Label: "east"}, func(context.Context, ceph.Config) (ceph.Conn, error) {
		return hiddenMonitor{}, nil
	})
	var diags diag.Diagnostics
	clients := connected(t.Context(), cluster, "client.libvirt", &diags)
	if !clients.IsNull() || diags.HasError() || len(diags) != 1 || !strings.Contains(diags[0].Detail(), `Monitor "b"`) {
		t.Errorf("%v, %v", clients, diags)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if connected(ended, cluster, "client.libvirt", &diags); !diags.HasError() {
		t.Error("an operation that has ended is no error")
	}
}

// One monitor that is silent says nothing of the cluster: other questions go on being asked.
func TestClientsOfASilentMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ceph.NewCluster(ceph.Config{Label: "east"}, func(context.Context, ceph.Config) (ceph.Conn, error) {
			return hiddenMonitor{hangs: true}, nil
		})
		var diags diag.Diagnostics
		if clients := connected(t.Context(), cluster, "client.libvirt", &diags); !clients.IsNull() || diags.HasError() || len(diags) != 1 {
			t.Errorf("%v, %v", clients, diags)
		}
		asking, cancel := breaker.Optional(t.Context(), time.Second)
		defer cancel()
		if monitors, err := cluster.Monitors(asking); err != nil || len(monitors) != 2 {
			t.Errorf("%v, %v", monitors, err)
		}
	})
}
