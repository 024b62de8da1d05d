package ceph

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
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
	if err != nil || len(clients) != 1 || clients[0].Addr != "192.0.2.8:0/7" {
		t.Errorf("got %v, %v", clients, err)
	}
	_, err = list(both)
	expect.Problem(t, err, problem.Unreachable, `Monitor "a" is in the quorum, and can't be reached`, "ENXIO")
}

// oldMonitor is a connection to a cluster of Ceph 14.2, whose monitors know the command on their own machine only.
type oldMonitor struct{ fakeConn }

func (o *oldMonitor) Addr(context.Context) (string, error) { return "192.0.2.7:0/1", nil }

func (o *oldMonitor) MonCommandTo(context.Context, string, []byte) ([]byte, string, error) {
	return nil, "command not known", EINVAL
}

func TestClientsOfAnOldCluster(t *testing.T) {
	quorum := answer{out: `{"quorum":[0],"mons":[{"rank":0,"name":"a"}]}`}
	conn := &oldMonitor{fakeConn{fsid: testFSID, answers: map[string]answer{"mon dump": quorum}}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	_, err := cluster.Clients(t.Context(), "client.guests")
	expect.Problem(t, err, problem.Unsupported, "don't tell a client who is connected", "ceph daemon mon.NAME sessions", "command not known")
}

// busyMonitor is a connection to a monitor that takes a second to list its sessions, and then has one client more.
type busyMonitor struct {
	fakeConn

	lists int
}

func (b *busyMonitor) Addr(context.Context) (string, error) { return "192.0.2.7:0/1", nil }

func (b *busyMonitor) MonCommandTo(context.Context, string, []byte) ([]byte, string, error) {
	b.mu.Lock()
	b.lists++
	clients := b.lists
	b.mu.Unlock()
	time.Sleep(time.Second)
	var list []string
	for i := range clients {
		list = append(list, fmt.Sprintf(`{"entity_name":"client.guests","addrs":{"addrvec":[{"addr":"192.0.2.8:0","nonce":%d}]}}`, i))
	}
	return []byte("[" + strings.Join(list, ",") + "]"), "", nil
}

// However many users are deleted at the same time, the monitors list their sessions only as often as somebody has asked since the last one.
func TestClientsOfManyUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &busyMonitor{fakeConn: fakeConn{fsid: testFSID, answers: map[string]answer{
			"mon dump": {out: `{"quorum":[0],"mons":[{"rank":0,"name":"a"}]}`},
		}}}
		cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
		defer cluster.Close()
		var all sync.WaitGroup
		ask := func(want int) {
			all.Go(func() {
				if clients, err := cluster.Clients(t.Context(), "client.guests"); err != nil || len(clients) != want {
					t.Errorf("%d clients, %v; want %d", len(clients), err, want)
				}
			})
			synctest.Wait()
		}
		ask(1)
		time.Sleep(time.Second / 2)
		for range 20 {
			ask(2)
		}
		all.Wait()
		if conn.lists != 2 {
			t.Errorf("the monitor listed its sessions %d times, want 2", conn.lists)
		}
	})
}

// monitorOverIPv6 is a connection over IPv6 to a monitor that lists it beside a guest.
type monitorOverIPv6 struct{ fakeConn }

func (m *monitorOverIPv6) Addr(context.Context) (string, error) { return "[2001:db8::7]:0/1", nil }

func (m *monitorOverIPv6) Watchers(context.Context, ImageRef) ([]Watcher, error) {
	return []Watcher{{Addr: "[2001:db8::8]:0/7"}}, nil
}

func (m *monitorOverIPv6) MonCommandTo(context.Context, string, []byte) ([]byte, string, error) {
	return []byte(`[{"entity_name":"client.guests","addrs":{"addrvec":[{"type":"any","addr":"[2001:db8::7]:0","nonce":1}]}},` +
		`{"entity_name":"client.guests","addrs":{"addrvec":[{"type":"any","addr":"[2001:db8::8]:0","nonce":7}]}}]`), "", nil
}

// Addresses of IPv6 keep their brackets everywhere, so that a session is found again as a watcher, and the own one is left out.
func TestClientsOverIPv6(t *testing.T) {
	quorum := answer{out: `{"quorum":[0],"mons":[{"rank":0,"name":"a"}]}`}
	conn := &monitorOverIPv6{fakeConn{fsid: testFSID, answers: map[string]answer{"mon dump": quorum}}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	clients, err := cluster.Clients(t.Context(), "client.guests")
	if err != nil || len(clients) != 1 || clients[0].Addr != "[2001:db8::8]:0/7" {
		t.Errorf("got %v, %v", clients, err)
	}
	watchers, err := cluster.Watchers(t.Context(), ImageRef{Pool: "vms", Name: "a"})
	if want := "client.guests at [2001:db8::8]:0/7"; err != nil || DescribeWatchers(watchers) != want {
		t.Errorf("got %v, %v, want %s", watchers, err, want)
	}
}
