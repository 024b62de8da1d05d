package ceph

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// lostMonitor is a connection to a cluster whose monitor a can't be reached.
type lostMonitor struct {
	fakeConn

	after answer // what the monitors say of the quorum once that was noticed
}

func (l *lostMonitor) Addr(context.Context) (string, error) { return "192.0.2.7:0/1", nil }

func (l *lostMonitor) MonCommandTo(_ context.Context, monitor string, _ []byte) ([]byte, string, error) {
	if monitor == "a" {
		l.answers["mon dump"] = l.after
		return nil, "mon unavailable", ENXIO
	}
	return []byte(`[{"entity_name":"client.guests","addrs":{"addrvec":[{"addr":"192.0.2.8:0","nonce":7}]}}]`), "", nil
}

// A monitor that has just died is in the quorum until the others have noticed.
func TestClientsWhileAMonitorDies(t *testing.T) {
	const mons = `"mons":[{"rank":0,"name":"a"},{"rank":1,"name":"b"}]}`
	both, without := answer{out: `{"quorum":[0,1],` + mons}, answer{out: `{"quorum":[1],` + mons}
	list := func(after answer) ([]Client, error) {
		conn := &lostMonitor{fakeConn{fsid: testFSID, answers: map[string]answer{"mon dump": both}}, after}
		cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		return cluster.Clients(t.Context(), "client.guests")
	}
	clients, err := list(without)
	if err != nil || len(clients) != 1 || clients[0].Monitor != "b" {
		t.Errorf("got %v, %v", clients, err)
	}
	_, err = list(both)
	wantKind(t, err, problem.Unreachable, `Monitor "a" is in the quorum, and can't be reached`, "ENXIO")
}
