package cephuser

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// hiddenMonitor is a connection to a cluster that has a monitor which can't be reached from here.
type hiddenMonitor struct {
	ceph.Conn
}

func (hiddenMonitor) FSID(context.Context) (string, error) {
	return "a9e0b308-0dd1-407e-b5b0-e106485ea686", nil
}

func (hiddenMonitor) Addr(context.Context) (string, error) { return "192.0.2.7:0/1", nil }

func (hiddenMonitor) MonCommand(context.Context, []byte, []byte) ([]byte, string, error) {
	return []byte(`{"quorum":[0,1],"mons":[{"rank":0,"name":"a"},{"rank":1,"name":"b"}]}`), "", nil
}

func (hiddenMonitor) MonCommandTo(_ context.Context, monitor string, _ []byte) ([]byte, string, error) {
	if monitor == "a" {
		return []byte("[]"), "", nil
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
