//go:build cgo

package provider_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// asked counts what a provider asks a cluster.
type asked struct {
	mu     sync.Mutex
	counts map[string]int
}

func (a *asked) add(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts[what]++
}

// since returns the counts, and begins anew.
func (a *asked) since() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := a.counts
	a.counts = map[string]int{}
	return counts
}

// countingConn is a connection whose questions are counted.
type countingConn struct {
	ceph.Conn
	*asked
}

func (c countingConn) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	for _, prefix := range []string{"osd pool ls", "mon dump"} {
		if strings.Contains(string(text), `"`+prefix+`"`) {
			c.add(prefix)
		}
	}
	return c.Conn.MonCommand(ctx, text, input)
}

func (c countingConn) Images(ctx context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	c.add("images")
	return c.Conn.Images(ctx, pool, namespace)
}

func (c countingConn) Image(ctx context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	c.add("image")
	return c.Conn.Image(ctx, ref)
}

// TestAccSharedReads refreshes and plans objects that share readings, in one process as Terraform keeps it for a whole plan: the listings
// are counted, and what somebody changes by hand is seen by the next plan, at once.
func TestAccSharedReads(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	guest, err := kvm1.DefineGuest(t.Context(), testbed.GuestOptions{Name: "shared"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "undefine", guest.Name) })
	counts := &asked{counts: map[string]int{}}
	s := newServer(t, func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
		conn, err := rados.Dial(ctx, cfg)
		return countingConn{conn, counts}, err
	})
	begin := func() {
		t.Helper()
		s.must("configure", s.configure(block{
			"clusters":    block{"east": block{"mon_host": east.MonHost, "key": east.AdminKey}},
			"hypervisors": block{"kvm1": block{"uri": kvm1.URI}},
		}))
	}
	objects, configs := map[string]*object{}, map[string]block{}
	create := func(name, typeName string, config block) *object {
		objects[name], configs[name] = s.newObject(typeName), config
		s.apply(objects[name], config)
		return objects[name]
	}
	begin()
	for i := range 3 {
		create(fmt.Sprintf("pool%d", i), "ceph_pool", block{"cluster": "east", "name": fmt.Sprintf("shared%d", i), "applications": []any{"rbd"}})
	}
	user := create("user", "ceph_user", block{
		"cluster": "east", "name": "shared", "caps": block{"mon": "profile rbd", "osd": "profile rbd pool=shared0"},
	})
	secret := create("secret", "libvirt_ceph_secret", block{"hypervisor": "kvm1", "usage_name": "shared", "key": s.text(user, "key")})
	for i := range 6 {
		image := fmt.Sprintf("image%d", i)
		create(image, "ceph_rbd_image", block{"cluster": "east", "pool": "shared0", "name": image, "size": "16MiB"})
		if i < 3 {
			create(fmt.Sprintf("disk%d", i), "libvirt_rbd_disk", block{
				"hypervisor": "kvm1", "domain": guest.Name, "cluster": "east", "pool": "shared0", "image": image, "user": "shared",
				"secret_uuid": s.text(secret, "uuid"), "target_dev": fmt.Sprintf("vd%c", 'b'+i),
			})
		}
	}
	t.Cleanup(func() { // what is left; the rest is the test's to remove
		acctest.Virsh(t, "kvm1", "secret-undefine", s.text(secret, "uuid"))
		acctest.Ceph(t, "east", "auth", "rm", "client.shared")
		for i := range 3 {
			pool := fmt.Sprintf("shared%d", i)
			acctest.Ceph(t, "east", "osd", "pool", "delete", pool, pool, "--yes-i-really-really-mean-it")
		}
	})

	refresh := func() {
		t.Helper()
		for name, o := range objects {
			s.must("read "+name, s.read(o))
		}
	}
	begin()
	refresh() // removes the records of the creates, which takes its time
	begin()
	counts.since()
	started := time.Now()
	refresh()
	refreshed := counts.since()
	for name, o := range objects {
		plan := s.plan(o, configs[name])
		s.must("plan "+name, plan.Diagnostics)
		if planned := s.decode(o.state.Type(), plan.PlannedState); !planned.Equal(o.state) {
			t.Errorf("%s is planned to change\nfrom %v\nto %v", name, o.state, planned)
		}
	}
	// On a slow machine the next reading is due, and then one more for each lifetime that has passed.
	due := int(time.Since(started) / readcache.Lifetime)
	expectCounts(t, "a refresh", refreshed, map[string]int{"osd pool ls": 1, "images": 1}, due)
	expectCounts(t, "a plan without changes", counts.since(), map[string]int{"mon dump": 1}, due)

	acctest.Ceph(t, "east", "osd", "pool", "set", "shared1", "target_size_ratio", "0.3")
	acctest.RBD(t, "east", "resize", "--no-progress", "--size", "32M", "shared0/image0")
	acctest.RBD(t, "east", "rename", "shared0/image3", "shared0/renamed")
	acctest.RBD(t, "east", "image-meta", "set", "shared0/image2", "owner", "somebody")
	acctest.RBD(t, "east", "rm", "--no-progress", "shared0/image4")
	acctest.Virsh(t, "kvm1", "detach-disk", guest.Name, "vdd", "--config")
	begin()
	refresh()
	for _, want := range []struct{ object, attribute, value string }{
		{"image0", "size", "32MiB"}, {"image3", "name", "renamed"}, {"image1", "name", "image1"}, {"disk1", "target_dev", "vdc"},
	} {
		if got := s.text(objects[want.object], want.attribute); got != want.value {
			t.Errorf("after a change by hand %s has the %s %q, want %q", want.object, want.attribute, got, want.value)
		}
	}
	if ratio := s.members(objects["pool1"].state)["target_size_ratio"]; ratio.IsNull() {
		t.Error("the ratio of the pool isn't seen")
	}
	for _, gone := range []string{"image4", "disk2"} {
		if !objects[gone].state.IsNull() {
			t.Errorf("%s was removed by hand, and is in the state: %v", gone, objects[gone].state)
		}
	}

	// Within one plan: what is removed right after the listing that serves it is not taken for existing. It is removed without a process
	// of its own, whose start may outlast the listing.
	conn, err := rados.Dial(t.Context(), ceph.Config{Label: "east", MonHost: east.MonHost, Key: ceph.GivenKey(east.AdminKey)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	served := false
	for number := 5; number < 10 && !served; number++ {
		image := fmt.Sprintf("image%d", number)
		if objects[image] == nil {
			begin()
			create(image, "ceph_rbd_image", block{"cluster": "east", "pool": "shared0", "name": image, "size": "16MiB"})
		}
		begin()
		started := time.Now()
		s.must("read", s.read(objects["image0"]))
		if err := conn.RemoveImage(t.Context(), ceph.ImageRef{Pool: "shared0", Name: image}); err != nil {
			t.Fatal(err)
		}
		s.must("read", s.read(objects[image]))
		served = time.Since(started) < readcache.Lifetime
		if !objects[image].state.IsNull() {
			t.Errorf("an image that was removed after the listing is in the state: %v", objects[image].state)
		}
	}
	if !served {
		t.Error("no image was read while the listing served it")
	}
}

// expectCounts fails the test when something was asked for more often than this, and once more for each reading that was due meanwhile.
func expectCounts(t *testing.T, doing string, got, most map[string]int, due int) {
	t.Helper()
	for _, what := range []string{"osd pool ls", "mon dump", "images", "image"} {
		if got[what] > most[what]+due || most[what] > 0 && got[what] == 0 {
			t.Errorf("%s asks for %q %d times, where %d readings were due; want one at least, and at most %d", doing, what, got[what], due,
				most[what]+due)
		}
	}
}
