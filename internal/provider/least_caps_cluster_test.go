//go:build cgo

package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// least is the cluster with the objects that the operations need, which its administrator creates and deletes.
type least struct {
	t          *testing.T
	admin      ceph.Conn
	provider   *server // as the administrator
	adminBlock block
	block      block   // the provider block of the user with few caps: one of the next two
	enough     block   // for caps that suffice
	tooFew     block   // for weaker ones, with a short limit: some calls of a user who lacks caps are never answered
	pools      *object // the newest pool
	diskConfig block
}

func newLeast(t *testing.T) *least {
	t.Helper()
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	guest, err := kvm1.DefineGuest(t.Context(), testbed.GuestOptions{Name: "least"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "undefine", guest.Name) })
	// Before a pool is deleted or renamed, other pools are searched for images whose data is in it.
	acctest.Ceph(t, "east", "osd", "pool", "create", "least-neighbour", "8")
	t.Cleanup(func() {
		acctest.Ceph(t, "east", "osd", "pool", "delete", "least-neighbour", "least-neighbour", "--yes-i-really-really-mean-it")
	})
	acctest.RBD(t, "east", "pool", "init", "least-neighbour")
	acctest.RBD(t, "east", "create", "--size", "1M", "least-neighbour/disk")
	acctest.RBD(t, "east", "snap", "create", "--no-progress", "least-neighbour/disk@base")
	acctest.RBD(t, "east", "snap", "protect", "least-neighbour/disk@base")
	l := &least{t: t}
	l.admin, err = rados.Dial(t.Context(), ceph.Config{Label: "east", MonHost: east.MonHost, User: "admin", Key: ceph.GivenKey(east.AdminKey)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.admin.Close)
	connect := func(user, key, limit string) block {
		return block{
			"clusters": block{"east": block{
				"mon_host": east.MonHost, "user": user, "key": key, "connect_timeout": "2m", "operation_timeout": limit,
			}},
			"hypervisors": block{"kvm1": block{"uri": kvm1.URI}},
		}
	}
	l.provider = newServer(t, rados.Dial)
	l.adminBlock = connect("admin", east.AdminKey, "1m")
	l.provider.configure(l.adminBlock)
	l.mon("auth add", block{"entity": "client.least", "caps": []string{"mon", "allow r"}})
	t.Cleanup(func() { acctest.Ceph(t, "east", "auth", "rm", "client.least") })
	key := acctest.Ceph(t, "east", "auth", "print-key", "client.least")
	l.enough, l.tooFew = connect("least", key, "1m"), connect("least", key, "3s")

	guestUser := l.made("ceph_user", with(userConfig, block{"name": "least-guest"}))
	secret := l.made("libvirt_ceph_secret", block{"hypervisor": "kvm1", "usage_name": "least", "key": l.provider.text(guestUser, "key")})
	t.Cleanup(func() {
		acctest.Ceph(t, "east", "auth", "rm", "client.least-guest")
		acctest.Ceph(t, "east", "auth", "rm", "client.least-user")
		acctest.Virsh(t, "kvm1", "secret-undefine", l.provider.text(secret, "uuid"))
		acctest.Ceph(t, "east", "osd", "pool", "delete", "least", "least", "--yes-i-really-really-mean-it")
	})
	l.diskConfig = block{
		"hypervisor": "kvm1", "domain": guest.Name, "cluster": "east", "pool": "least", "image": "disk", "user": "least-guest",
		"secret_uuid": l.provider.text(secret, "uuid"), "target_dev": "vdb", "attach_probe": false,
	}
	return l
}

// attempt runs the operation as a user with these caps, on a connection of its own that the block describes, and returns the errors.
func (l *least) attempt(provider block, caps map[string]string, run func(*attempt)) string {
	l.t.Helper()
	l.block = provider
	var list []string
	for service, text := range caps {
		if text != "" {
			list = append(list, service, text)
		}
	}
	l.mon("auth caps", block{"entity": "client.least", "caps": list})
	var mutex sync.Mutex
	var open []ceph.Conn
	a := &attempt{server: newServer(l.t, func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
		conn, err := rados.Dial(ctx, cfg)
		if err == nil {
			mutex.Lock()
			open = append(open, conn)
			mutex.Unlock()
		}
		return conn, err
	})}
	a.configure(l.block)
	run(a)
	for _, conn := range open {
		conn.Close()
	}
	return a.missing
}

// mon sends a command to the monitors as the administrator.
func (l *least) mon(prefix string, arguments block) {
	l.t.Helper()
	arguments["prefix"] = prefix
	command, err := json.Marshal(arguments)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, status, err := l.admin.MonCommand(l.t.Context(), command, nil); err != nil {
		l.t.Fatal(prefix, status, err)
	}
}

// made creates an object as the administrator.
func (l *least) made(typeName string, config block) *object {
	l.t.Helper()
	o := l.provider.newObject(typeName)
	l.provider.apply(o, config)
	return o
}

func (l *least) removePools() {
	l.t.Helper()
	for _, name := range []string{"least", "least-new"} {
		l.mon("osd pool delete", block{"pool": name, "pool2": name, "yes_i_really_really_mean_it": true})
	}
}

func (l *least) freshPool(config block) *object {
	l.t.Helper()
	l.removePools()
	l.pools = l.made("ceph_pool", config)
	return l.pools
}

// pool is the existing pool if it still has its name, or else a new one.
func (l *least) pool() *object {
	l.t.Helper()
	if l.pools != nil && !l.pools.state.IsNull() {
		l.provider.must("read", l.provider.read(l.pools))
		if !l.pools.state.IsNull() && l.provider.text(l.pools, "name") == "least" {
			return l.pools
		}
	}
	return l.freshPool(poolConfig)
}

func (l *least) removeUser() {
	l.t.Helper()
	l.mon("auth rm", block{"entity": "client.least-user"})
}

func (l *least) user() *object {
	l.t.Helper()
	l.removeUser()
	return l.made("ceph_user", userConfig)
}

// records are the names of the records of creates.
func (l *least) records() []string {
	l.t.Helper()
	out, status, err := l.admin.MonCommand(l.t.Context(), []byte(`{"prefix": "config-key dump", "key": "`+ceph.IntentPrefix+`"}`), nil)
	if err != nil {
		l.t.Fatal(status, err)
	}
	stored := map[string]any{}
	if err := json.Unmarshal(out, &stored); err != nil {
		l.t.Fatal(err)
	}
	return slices.Collect(maps.Keys(stored))
}

func (l *least) removeRecords() {
	l.t.Helper()
	for _, name := range l.records() {
		l.mon("config-key rm", block{"key": name})
	}
}

func (l *least) removeImage() {
	l.t.Helper()
	l.pool()
	l.purge()
	for _, name := range []string{"disk", "disk-new"} {
		if err := l.admin.RemoveImage(l.t.Context(), ceph.ImageRef{Pool: "least", Name: name}); err != nil && !errors.As(err, new(ceph.Errno)) {
			l.t.Fatal(err)
		}
	}
}

// purge removes the snapshots of an image that still exists.
func (l *least) purge() {
	l.t.Helper()
	ref := ceph.ImageRef{Pool: "least", Name: "disk"}
	for _, name := range []string{"kept", "before", "after"} {
		for _, err := range []error{
			l.admin.ProtectSnapshot(l.t.Context(), ref, name, false), l.admin.RemoveSnapshot(l.t.Context(), ref, name),
		} {
			if err != nil && !errors.As(err, new(ceph.Errno)) {
				l.t.Fatal(err)
			}
		}
	}
}

func (l *least) image() *object {
	l.t.Helper()
	l.removeImage()
	return l.made("ceph_rbd_image", imageConfig)
}

func (l *least) removeProfile() {
	l.t.Helper()
	l.mon("osd erasure-code-profile rm", block{"name": "two"})
}

func (l *least) profile() *object {
	l.t.Helper()
	l.removeProfile()
	return l.made("ceph_erasure_code_profile", profileOfTwo)
}

func (l *least) removeNamespace() {
	l.t.Helper()
	l.pool()
	if err := l.admin.RemoveNamespace(l.t.Context(), "least", "tenant"); err != nil && !errors.As(err, new(ceph.Errno)) {
		l.t.Fatal(err)
	}
}

func (l *least) snapshot() *object {
	l.t.Helper()
	l.image()
	return l.made("ceph_rbd_snapshot", snapshotConfig)
}

func (l *least) namespace() *object {
	l.t.Helper()
	l.removeNamespace()
	return l.made("ceph_rbd_namespace", namespaceConfig)
}

func (l *least) removeRules() {
	l.t.Helper()
	for _, name := range []string{"least", "least-new"} {
		l.mon("osd crush rule rm", block{"name": name})
	}
}

func (l *least) rule() *object {
	l.t.Helper()
	l.removeRules()
	return l.made("ceph_crush_rule", ruleConfig)
}

func (l *least) removeDisk() {
	l.t.Helper()
	l.image()
	if strings.Contains(acctest.Virsh(l.t, "kvm1", "domblklist", "least"), "vdb") {
		acctest.Virsh(l.t, "kvm1", "detach-disk", "least", "vdb", "--config")
	}
}

func (l *least) disk() *object {
	l.t.Helper()
	l.removeDisk()
	// One run never plans two objects for one disk.
	l.provider.configure(l.adminBlock)
	return l.made("libvirt_rbd_disk", l.diskConfig)
}
