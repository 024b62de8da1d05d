package provider_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

const eastFSID = "a9e0b308-0dd1-407e-b5b0-e106485ea686"

// A Terraform that stores resource identities (1.12 and later) sends the identity that it knows with each plan, apply and read. The
// framework accepts another identity in the response only if the resource declares that it can change.
func TestIdentityChangesWithARename(t *testing.T) {
	type change struct {
		clusters     block // of the provider block, when the change is applied
		config       block
		wantIdentity map[string]string
		wantWrites   []string
	}
	atEast := block{"east": block{"mon_host": "192.0.2.1"}}
	relabelled := block{"orient": block{"mon_host": "192.0.2.1"}}
	for name, tc := range map[string]struct {
		typeName string
		config   block
		change   change
		identity map[string]string
	}{
		"pool": {
			"ceph_pool",
			block{"cluster": "east", "name": "vms"},
			change{
				atEast,
				block{"cluster": "east", "name": "guests"},
				map[string]string{"cluster": "east", "name": "guests"},
				[]string{"osd pool rename"},
			},
			map[string]string{"cluster": "east", "name": "vms"},
		},
		"image": {
			"ceph_rbd_image",
			block{"cluster": "east", "pool": "rbd", "name": "data", "size": "1GiB"},
			change{
				atEast,
				block{"cluster": "east", "pool": "rbd", "name": "disk", "size": "1GiB"},
				map[string]string{"cluster": "east", "pool": "rbd", "namespace": "", "name": "disk"},
				[]string{"rename image"},
			},
			map[string]string{"cluster": "east", "pool": "rbd", "namespace": "", "name": "data"},
		},
		"label of a pool's cluster": {
			"ceph_pool",
			block{"cluster": "east", "name": "vms"},
			change{relabelled, block{"cluster": "orient", "name": "vms"}, map[string]string{"cluster": "orient", "name": "vms"}, nil},
			map[string]string{"cluster": "east", "name": "vms"},
		},
		"label of an image's cluster": {
			"ceph_rbd_image",
			block{"cluster": "east", "pool": "rbd", "name": "data", "size": "1GiB"},
			change{
				relabelled,
				block{"cluster": "orient", "pool": "rbd", "name": "data", "size": "1024MiB"},
				map[string]string{"cluster": "orient", "pool": "rbd", "namespace": "", "name": "data"},
				nil,
			},
			map[string]string{"cluster": "east", "pool": "rbd", "namespace": "", "name": "data"},
		},
		"snapshot": {
			"ceph_rbd_snapshot",
			block{"cluster": "east", "pool": "rbd", "image": "base", "name": "before"},
			change{
				atEast,
				block{"cluster": "east", "pool": "rbd", "image": "base", "name": "after"},
				map[string]string{"cluster": "east", "pool": "rbd", "namespace": "", "image": "base", "name": "after"},
				[]string{"rename snapshot"},
			},
			map[string]string{"cluster": "east", "pool": "rbd", "namespace": "", "image": "base", "name": "before"},
		},
		"CRUSH rule": {
			"ceph_crush_rule",
			block{"cluster": "east", "name": "fast"},
			change{
				atEast,
				block{"cluster": "east", "name": "faster"},
				map[string]string{"cluster": "east", "name": "faster"},
				[]string{"osd crush rule rename"},
			},
			map[string]string{"cluster": "east", "name": "fast"},
		},
		"label of a rule's cluster": {
			"ceph_crush_rule",
			block{"cluster": "east", "name": "fast"},
			change{relabelled, block{"cluster": "orient", "name": "fast"}, map[string]string{"cluster": "orient", "name": "fast"}, nil},
			map[string]string{"cluster": "east", "name": "fast"},
		},
		"label of a namespace's cluster": {
			"ceph_rbd_namespace",
			block{"cluster": "east", "pool": "rbd", "name": "tenant"},
			change{
				relabelled,
				block{"cluster": "orient", "pool": "rbd", "name": "tenant"},
				map[string]string{"cluster": "orient", "pool": "rbd", "name": "tenant"},
				nil,
			},
			map[string]string{"cluster": "east", "pool": "rbd", "name": "tenant"},
		},
		"label of a profile's cluster": {
			"ceph_erasure_code_profile", profileOfTwo,
			change{
				relabelled,
				with(profileOfTwo, block{"cluster": "orient"}),
				map[string]string{"cluster": "orient", "name": "two"},
				nil,
			},
			map[string]string{"cluster": "east", "name": "two"},
		},
		"label of a user's cluster": {
			"ceph_user",
			block{"cluster": "east", "name": "libvirt", "caps": block{"mon": "profile rbd"}},
			change{
				relabelled,
				block{"cluster": "orient", "name": "libvirt", "caps": block{"mon": "profile rbd"}},
				map[string]string{"cluster": "orient", "name": "libvirt"},
				nil,
			},
			map[string]string{"cluster": "east", "name": "libvirt"},
		},
		// Where the provider block no longer has the label, the object is found by the fsid, and its label stays.
		"label gone": {
			"ceph_pool",
			block{"cluster": "east", "name": "vms"},
			change{relabelled, block{"cluster": "east", "name": "vms"}, map[string]string{"cluster": "east", "name": "vms"}, nil},
			map[string]string{"cluster": "east", "name": "vms"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newFakeCluster(eastFSID)
			cluster.pools["rbd"] = 1
			cluster.images[ceph.ImageRef{Pool: "rbd", Name: "base"}] = ceph.Image{ID: "base"}
			dial := dialTo(map[string]*fakeCluster{"192.0.2.1": cluster})
			s := newServer(t, dial)
			s.configure(block{"clusters": atEast})
			o := s.newObject(tc.typeName)
			s.apply(o, tc.config)
			s.must("read", s.read(o))
			if got := s.identityOf(o, o.identity); !maps.Equal(got, tc.identity) {
				t.Fatalf("after create the identity is %v, want %v", got, tc.identity)
			}

			cluster.writes = nil
			s = newServer(t, dial)
			s.configure(block{"clusters": tc.change.clusters})
			s.must("read before the change", s.read(o))
			plan := s.plan(o, tc.change.config)
			s.must("plan", plan.Diagnostics)
			if got := s.identityOf(o, plan.PlannedIdentity); got != nil && !maps.Equal(got, tc.change.wantIdentity) &&
				!maps.Equal(got, tc.identity) {
				t.Errorf("the planned identity is %v", got)
			}
			s.apply(o, tc.change.config)
			for range 2 {
				if got := s.identityOf(o, o.identity); !maps.Equal(got, tc.change.wantIdentity) {
					t.Errorf("the identity is %v, want %v", got, tc.change.wantIdentity)
				}
				s.must("read", s.read(o))
			}
			if !slices.Equal(cluster.writes, tc.change.wantWrites) {
				t.Errorf("written %q, want %q", cluster.writes, tc.change.wantWrites)
			}
			if got := s.text(o, "fsid"); got != eastFSID {
				t.Errorf("fsid %q", got)
			}
		})
	}
}

// After a rename outside of Terraform a read changes the identity.
func TestIdentityChangesInARead(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	cluster.pools["rbd"] = 1
	s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	pool, image := s.newObject("ceph_pool"), s.newObject("ceph_rbd_image")
	s.apply(pool, block{"cluster": "east", "name": "vms"})
	s.apply(image, block{"cluster": "east", "pool": "rbd", "name": "data", "size": "1GiB"})

	cluster.pools["guests"] = cluster.pools["vms"]
	delete(cluster.pools, "vms")
	if err := cluster.RenameImage(t.Context(), ceph.ImageRef{Pool: "rbd", Name: "data"}, "disk"); err != nil {
		t.Fatal(err)
	}
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}}) // as by the next terraform command
	s.must("read the pool", s.read(pool))
	s.must("read the image", s.read(image))
	if got := s.identityOf(pool, pool.identity)["name"]; got != "guests" {
		t.Errorf("the pool is %q", got)
	}
	if got := s.identityOf(image, image.identity)["name"]; got != "disk" {
		t.Errorf("the image is %q", got)
	}
}

// A pool that refers to the new name of its rule has that rule already: nothing is counted, warned of or sent to the cluster for it.
func TestRuleIsRenamedUnderItsPool(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
	clusters := block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}}
	s.configure(clusters)
	rule, pool := s.newObject("ceph_crush_rule"), s.newObject("ceph_pool")
	ruleNamed := func(name string) block { return block{"cluster": "east", "name": name} }
	poolOn := func(rule string) block { return block{"cluster": "east", "name": "vms", "crush_rule": rule} }
	s.apply(rule, ruleNamed("fast"))
	s.apply(pool, poolOn("fast"))

	cluster.writes = nil
	s.configure(clusters) // as by the next terraform command
	rulePlan := s.plan(rule, ruleNamed("faster"))
	poolPlan := s.plan(pool, poolOn("faster"))
	if len(rulePlan.Diagnostics)+len(poolPlan.Diagnostics) > 0 {
		t.Errorf("of the rule: %v, of the pool: %v", rulePlan.Diagnostics, poolPlan.Diagnostics)
	}
	s.must("rename of the rule", s.applyPlan(rule, ruleNamed("faster"), rulePlan))
	s.must("update of the pool", s.applyPlan(pool, poolOn("faster"), poolPlan))
	s.must("read", s.read(pool))
	if got := s.text(pool, "crush_rule"); got != "faster" {
		t.Errorf("the pool has the rule %q", got)
	}
	if want := []string{"osd crush rule rename"}; !slices.Equal(cluster.writes, want) {
		t.Errorf("written %q, want %q", cluster.writes, want)
	}
}
