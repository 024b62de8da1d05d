package provider_test

import (
	"context"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// brokenHypervisor is the uri of a daemon that ends each connection at once, and counts them.
func brokenHypervisor(t *testing.T, dialled *atomic.Int32) string {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			dialled.Add(1)
			_ = conn.Close()
		}
	}()
	return "qemu+unix:///system?socket=" + listener.Addr().String()
}

// For each resource: an entry that does not answer is dialled once by all reads and plans, and once by each create, update and delete.
func TestUnansweredEntryIsDialledOnce(t *testing.T) {
	const uuid = "99999999-2222-4333-8444-555555555555"
	for typeName, object := range map[string]block{
		"ceph_pool": {"cluster": "east", "fsid": eastFSID, "name": "p", "pool_id": 1},
		"ceph_rbd_snapshot": {
			"cluster": "east", "fsid": eastFSID, "pool": "p", "image": "i", "name": "s", "snapshot_id": 4, "image_id": "1", "pool_id": 1,
		},
		"ceph_crush_rule": {
			"cluster": "east", "fsid": eastFSID, "name": "r", "type": "replicated", "root": "default", "failure_domain": "host", "rule_id": 1,
		},
		"ceph_erasure_code_profile": {"cluster": "east", "fsid": eastFSID, "name": "e", "k": 2, "m": 1},
		"ceph_rbd_namespace":        {"cluster": "east", "fsid": eastFSID, "pool": "p", "name": "n", "pool_id": 1},
		"ceph_user":                 {"cluster": "east", "fsid": eastFSID, "name": "u", "caps": block{"mon": "allow r"}},
		"ceph_rbd_image": {
			"cluster": "east", "fsid": eastFSID, "pool": "p", "name": "i", "size": "1MiB", "image_id": "1", "pool_id": 1,
		},
		"libvirt_ceph_secret": {
			"hypervisor": "kvm1", "host_uuid": uuid, "usage_name": "s", "uuid": uuid, "key": goodKey,
		},
		"libvirt_volume_secret": {"hypervisor": "kvm1", "host_uuid": uuid, "volume": "v", "uuid": uuid, "passphrase_wo_version": "1"},
		"libvirt_rbd_disk": {
			"hypervisor": "kvm1", "host_uuid": uuid, "domain": "d", "domain_uuid": uuid, "target_dev": "vdb", "pool": "p", "image": "i",
			"user": "u", "secret_uuid": uuid, "monitors": []any{block{"host": "192.0.2.1"}},
		},
	} {
		t.Run(typeName, func(t *testing.T) {
			var dialled atomic.Int32
			s := newServer(t, func(context.Context, ceph.Config) (ceph.Conn, error) {
				dialled.Add(1)
				return nil, &problem.Problem{Kind: problem.Unreachable, What: "nobody listens"}
			})
			provider := block{
				"clusters":    block{"east": block{"mon_host": "192.0.2.1", "key": goodKey}},
				"hypervisors": block{"kvm1": block{"uri": brokenHypervisor(t, &dialled)}},
			}
			configure := func() { s.configure(provider) }
			configure()
			schema := s.schema.ResourceSchemas[typeName]
			none, there := s.value(schema.ValueType(), nil), s.value(schema.ValueType(), object)
			config := block{"timeouts": block{"read": "1m"}} // so that there is a change to plan
			for _, attribute := range schema.Block.Attributes {
				if value, ok := object[attribute.Name]; ok && (attribute.Required || attribute.Optional) {
					config[attribute.Name] = value
				}
			}
			o := s.newObject(typeName)
			refused := func(doing string, want int32, diagnostics []*tfprotov6.Diagnostic) {
				t.Helper()
				if n := dialled.Load(); n != want || errorsIn(diagnostics) == "" {
					t.Errorf("%s: dialled %d times, not %d; %s", doing, n, want, errorsIn(diagnostics))
				}
			}
			reads := func(want int32) {
				t.Helper()
				o.state = there
				for range 3 {
					refused("read", want, s.read(o))
				}
				refused("plan", want, s.plan(o, config).Diagnostics)
				o.state = none
				refused("plan of a new one", want, s.plan(o, config).Diagnostics)
			}
			reads(1)
			for i, change := range []struct {
				doing string
				from  any
				to    any
			}{{"create", none, there}, {"update", there, there}, {"delete", there, none}} {
				resp, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
					TypeName: typeName, PriorState: s.dynamic(schema, change.from), PlannedState: s.dynamic(schema, change.to),
					Config: s.dynamic(schema, config),
				})
				if err != nil {
					t.Fatal(err)
				}
				refused(change.doing, int32(i+2), resp.Diagnostics)
			}
			// Terraform plans each change of an apply again, right before it.
			refused("plan in an apply", 5, s.plan(o, config).Diagnostics)
			configure()
			reads(6)
		})
	}
}

// An apply goes on once the cluster answers again: each change is planned before it is made, and both try it again.
func TestApplyGoesOnOnceTheClusterAnswers(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	failures := 2
	s := newServer(t, func(context.Context, ceph.Config) (ceph.Conn, error) {
		if failures--; failures >= 0 {
			return nil, &problem.Problem{Kind: problem.Unreachable, What: "nobody listens"}
		}
		return cluster, nil
	})
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	config := block{"cluster": "east", "name": "vms"}
	o := s.newObject("ceph_pool")
	for range 2 {
		if errorsIn(s.plan(o, config).Diagnostics) == "" {
			t.Fatal("a plan tried again")
		}
	}
	none := s.encode(s.schema.ResourceSchemas["ceph_pool"].ValueType(), o.state)
	if _, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: "ceph_pool", PriorState: none, PlannedState: s.dynamic(s.schema.ResourceSchemas["ceph_pool"], config),
		Config: s.dynamic(s.schema.ResourceSchemas["ceph_pool"], config),
	}); err != nil || failures != 0 {
		t.Fatalf("%d failures are left, %v", failures, err)
	}
	s.apply(o, config)
	if cluster.pools["vms"] == 0 {
		t.Error("the pool is not there")
	}
}
