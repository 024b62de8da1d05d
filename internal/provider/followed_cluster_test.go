package provider_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// monitored is a cluster with one monitor, which doesn't tell its address while it is mute.
type monitored struct {
	*silentCluster

	at   string
	mute *bool
}

func (m monitored) MonCommand(ctx context.Context, text, in []byte) ([]byte, string, error) {
	if !strings.Contains(string(text), `"mon dump"`) {
		return m.silentCluster.MonCommand(ctx, text, in)
	}
	if *m.mute {
		return nil, "", ceph.EACCES
	}
	address := func(kind, port string) map[string]any {
		return map[string]any{"type": kind, "addr": m.at + port, "nonce": 0}
	}
	out, err := json.Marshal(map[string]any{"fsid": m.fsid, "quorum": []int{0}, "mons": []any{map[string]any{
		"rank": 0, "name": "a", "public_addrs": map[string]any{"addrvec": []any{address("v2", ":3300"), address("v1", ":6789")}},
	}}})
	return out, "", err
}

// A disk that somebody moves to an image of the same name on another cluster, in the saved definition first and in the guest with its next
// start, shows that cluster from the start on, also where a refresh has shown the monitors in between.
func TestDiskFollowsToAnotherCluster(t *testing.T) {
	known := newServer(t, nil)
	const westFSID = "99999999-2222-4333-8444-777777777777"
	for name, c := range map[string]struct{ between, mute bool }{
		"refreshed after the start":              {},
		"refreshed before it too":                {between: true},
		"west is silent after the start":         {mute: true},
		"refreshed before it, west silent after": {between: true, mute: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, known, eastFSID, time.Minute)
			mute := false
			clusters := map[string]monitored{
				"east": {w.cluster, "192.0.2.1", new(bool)},
				"west": {newWorld(t, known, westFSID, time.Minute).cluster, "192.0.2.2", &mute},
			}
			server := func() (*server, func()) {
				host, err := libvirt.NewHost(libvirt.Config{Label: "kvm1", URI: w.uri, Dialer: w.host})
				if err != nil {
					t.Fatal(err)
				}
				connections := tfkit.NewConnections()
				connections.Hypervisors.Add("kvm1", host)
				for label, cluster := range clusters {
					connections.Clusters.Add(label, ceph.NewCluster(ceph.Config{Label: label, MonHost: cluster.at},
						func(context.Context, ceph.Config) (ceph.Conn, error) { return cluster, nil }))
				}
				return w.serve(t.Context(), connections), host.Close
			}
			o := known.newObject("libvirt_rbd_disk")
			refresh := func() {
				t.Helper()
				s, end := server()
				defer end()
				s.must("read", s.read(o))
			}
			config := diskOf("base")
			delete(config, "monitors")
			s, end := server()
			s.apply(o, config)
			end()
			edit(w.host.saved, "192.0.2.1", "192.0.2.2")
			if c.between {
				refresh()
				if fsid := known.text(o, "fsid"); fsid != eastFSID {
					t.Errorf("the guest is on east, and fsid is %s", fsid)
				}
			}
			edit(w.host.live, "192.0.2.1", "192.0.2.2")
			if c.mute {
				mute = true
				refresh()
				mute = false
			}
			refresh()
			if cluster, fsid := known.text(o, "cluster"), known.text(o, "fsid"); cluster != "west" || fsid != westFSID {
				t.Errorf("the guest is on west, and the state says %s, %s", cluster, fsid)
			}
			s, end = server()
			defer end()
			if failed := errorsIn(s.plan(o, config).Diagnostics); !strings.Contains(failed, "can't be changed from") {
				t.Errorf("the way back under a running guest is planned; errors: %q", failed)
			}
		})
	}
}
