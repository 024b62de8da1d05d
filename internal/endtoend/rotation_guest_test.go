//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// These tests show what the guide "Changing keys under running guests" says, with a guest that keeps writing and reading.

// generationsWorkspace returns a workspace with examples/user-per-generation, on a cluster and hypervisors of which the first has the
// guest.
func generationsWorkspace(t *testing.T, cluster *testbed.Cluster, hosts []*testbed.Hypervisor, domain string) *acctest.Workspace {
	t.Helper()
	w := acctest.NewWorkspace(t, "examples/user-per-generation")
	w.Set(t, "mon_host", cluster.MonHost)
	w.Set(t, "admin_key", cluster.AdminKey)
	w.Set(t, "hypervisors", uris(hosts))
	w.Set(t, "hypervisor", hosts[0].Name)
	w.Set(t, "domain", domain)
	w.Set(t, "pool", "rotating")
	w.Set(t, "image", "disk")
	return w
}

// The recommended way: add the next user, restart the guest or migrate it with another definition, and remove the former user in a
// later apply. To do it in one apply is refused; nothing is lost, and the next apply finishes.
func TestAccUserPerGeneration(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	ceph(t, east, "osd", "pool", "create", "rotating", "8")
	rbd(t, east, "pool", "init", "rotating")
	rbd(t, east, "create", "--size", "8M", "rotating/disk")
	defer acctest.Ceph(t, "east", "osd", "pool", "delete", "rotating", "rotating", "--yes-i-really-really-mean-it")
	guest := runningGuest(ctx, t, kvm1, testbed.GuestOptions{Name: "rotating"})
	w := generationsWorkspace(t, east, bed.Hypervisors(), "rotating")
	w.Apply(t)
	startWriting(t, guest)

	// Everything in one apply, which is refused.
	w.Set(t, "generations", []string{"2"})
	w.Set(t, "generation", "2")
	out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
	if err == nil || !found(out, `Clients are connected to cluster "east" as client.libvirt-1: 127.0.0.1:0/`) &&
		!found(out, "is in use by rotating (vdb)") {
		t.Errorf("removing the user of a running guest: %v\n%s", err, out)
	}
	expectWriting(t, guest)
	if live, saved := userOf(t, kvm1, "rotating", false), userOf(t, kvm1, "rotating", true); live != "libvirt-1" || saved != "libvirt-2" {
		t.Errorf("the running guest has %s, its saved definition %s", live, saved)
	}
	for _, user := range []string{"client.libvirt-1", "client.libvirt-2"} {
		ceph(t, east, "auth", "get", user)
	}
	restart(t, guest)
	if live := userOf(t, kvm1, "rotating", false); live != "libvirt-2" {
		t.Errorf("after its restart the guest has %s", live)
	}
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	if users := ceph(t, east, "auth", "ls"); strings.Contains(users, "client.libvirt-1") {
		t.Error("the former user is still there")
	}
	expectWriting(t, guest)

	// The recommended way: nothing is refused, and the output shows when the former user can be removed.
	w.Set(t, "generations", []string{"2", "3"})
	w.Set(t, "generation", "3")
	w.Apply(t)
	expectWriting(t, guest)
	listsClients := func(of2, of3 string) {
		t.Helper()
		// A client that is gone, such as a probe or the source of a migration, may be listed a while.
		expect.Eventually(t, "the clients "+of2+" and "+of3, func() bool {
			w.Apply(t, "-refresh-only")
			out := w.Terraform(t, "output", "-json", "clients")
			return strings.Contains(out, `"2":`+of2) && strings.Contains(out, `"3":`+of3)
		})
	}
	const none, one = `[]`, `["127.0.0.1:0/`
	listsClients(one, none)
	// A live migration keeps the running definition, with its user, and takes the key from the other host's secret. The key is replaced
	// first, so the guest can only go on if the provider has updated that secret.
	replaceKey(t, east, "libvirt-2")
	w.Apply(t)
	migrate := func(from, to *testbed.Hypervisor, changes ...string) {
		t.Helper()
		// The console needs another path, since both QEMU processes would use the same socket otherwise.
		changes = append(changes, "/"+from.Name+"/console/", "/"+to.Name+"/console/")
		definition := strings.NewReplacer(changes...).Replace(acctest.Virsh(t, from.Name, "dumpxml", "--migratable", "--security-info",
			"rotating"))
		acctest.Virsh(t, from.Name, "migrate", "--live", "rotating", to.URI, "--migrateuri", "tcp://127.0.0.1", "--xml",
			file(t, "rotating.xml", definition))
		if guest, err = to.Guest(ctx, "rotating"); err != nil {
			t.Fatal(err)
		}
		expectWriting(t, guest)
	}
	kvm2 := bed.Hypervisor("kvm2")
	migrate(kvm1, kvm2)
	if user := userOf(t, kvm2, "rotating", false); user != "libvirt-2" {
		t.Errorf("after the migration the guest has %s", user)
	}
	// A migration with another definition changes the user without a restart.
	migrate(kvm2, kvm1, "username='libvirt-2'", "username='libvirt-3'",
		secretWith(t, "kvm1", "client.libvirt-2@"), secretWith(t, "kvm1", "client.libvirt-3@"))
	if user := userOf(t, kvm1, "rotating", false); user != "libvirt-3" {
		t.Errorf("after the migration with another definition the guest has %s", user)
	}
	listsClients(none, one)
	w.Set(t, "generations", []string{"3"})
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	expectWriting(t, guest)
	w.Destroy(t)
}

// When the key of a running guest is replaced, its disk works at first, and then each connection that breaks stays broken. After a
// restart with the new key the disk works again.
func TestAccKeyReplacedUnderGuest(t *testing.T) {
	acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	// cephx tickets are valid for hours or days by default, and here for seconds.
	const tickets = 6 * time.Second
	bed, err := testbed.Start(ctx, testbed.Options{
		Clusters: []testbed.ClusterOptions{{
			Name: "north", Config: map[string]string{
				"auth_mon_ticket_ttl": fmt.Sprint(tickets.Seconds()), "auth_service_ticket_ttl": "3",
				// How long the next client waits for the lock of a client that is gone: half a minute by default.
				"osd_client_watch_timeout": "10",
			},
		}},
		Hypervisors: []string{"kvm9"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := bed.Stop(); err != nil {
			t.Error(err)
		}
	}()
	north, host := bed.Cluster("north"), bed.Hypervisor("kvm9")
	ceph(t, north, "osd", "pool", "create", "rotating", "8")
	rbd(t, north, "pool", "init", "rotating")
	rbd(t, north, "create", "--size", "8M", "rotating/disk")
	guest, err := host.DefineGuest(ctx, testbed.GuestOptions{Name: "rotating"})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(replaced, north.MonHost, host.URI))
	w.Set(t, "admin_key", north.AdminKey)
	w.Apply(t)
	startWriting(t, guest)

	// A guest with valid tickets connects again.
	reconnect := func() {
		t.Helper()
		if err := north.RestartOSDs(ctx); err != nil {
			t.Fatal(err)
		}
	}
	reconnect()
	expectWriting(t, guest)

	w.Set(t, "key_generation", "2")
	if out, err := w.Try(t, "plan", "-input=false"); err == nil ||
		!found(out, `The key of client.guest can't be changed: clients are connected to cluster "north" with it: 127.0.0.1:0/`) {
		t.Fatalf("a rotation under a running guest was planned: %v\n%s", err, out)
	}
	w.Set(t, "rotate_in_use", "true")
	out := w.Apply(t)
	for _, warning := range []string{"Key changes under connected clients", "Running domains keep the former key", "rotating (vdb)"} {
		if !found(out, warning) {
			t.Errorf("nothing says %q:\n%s", warning, out)
		}
	}

	// The disk works while the connections last.
	expectWriting(t, guest)
	expect.Eventually(t, "the monitors to refuse the former key", func() bool {
		log, err := os.ReadFile(filepath.Join(bed.Dir, "north", "log", "mon.a.log"))
		return err == nil && strings.Contains(string(log), "cephx server client.guest:  unexpected key")
	})
	for end := time.Now().Add(2 * tickets); time.Now().Before(end); {
		expectWriting(t, guest)
	}
	// Once the tickets have expired, a connection that breaks stays broken.
	reconnect()
	before := rounds(t, guest)
	for range 2 {
		// Another client can write, each time over a new connection: the cluster itself works.
		if _, err := north.Rados(ctx, "--pool", "rotating", "put", "object", north.ConfigFile); err != nil {
			t.Fatal(err)
		}
	}
	if now := rounds(t, guest); now > before+1 { // one may have ended just now
		t.Fatalf("the guest's disk works again, with a key that nobody accepts: %d rounds more", now-before)
	}

	// The secret has had the new key since the rotation.
	restart(t, guest)
	// A session ends with its ticket, and the guest makes another.
	expect.Eventually(t, "the session of the guest with its new key", func() bool { return hasSession(t, north, "client.guest") })
	w.Destroy(t)
}

// replaced is a user whose key is replaced, with the secret and the disk that use it.
const replaced = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "admin_key" {
  type      = string
  ephemeral = true
}
variable "key_generation" {
  type    = number
  default = 1
}
variable "rotate_in_use" {
  type    = bool
  default = false
}
provider "ceph" {
  clusters    = { north = { mon_host = %q, key = var.admin_key } }
  hypervisors = { kvm9 = { uri = %q } }
}
resource "ceph_user" "guest" {
  name           = "guest"
  caps           = { mon = "profile rbd", osd = "profile rbd pool=rotating" }
  key_in_state   = false
  key_generation = var.key_generation
  rotate_in_use  = var.rotate_in_use
}
ephemeral "ceph_user_key" "guest" {
  entity = ceph_user.guest.entity
}
resource "libvirt_ceph_secret" "guest" {
  provider       = ceph
  usage_name     = "client.guest@${ceph_user.guest.fsid}"
  key_wo         = ephemeral.ceph_user_key.guest.key
  key_wo_version = ceph_user.guest.key_fingerprint
}
resource "libvirt_rbd_disk" "guest" {
  provider    = ceph
  domain      = "rotating"
  cluster     = "north"
  pool        = "rotating"
  image       = "disk"
  user        = ceph_user.guest.name
  secret_uuid = libvirt_ceph_secret.guest.uuid
  target_dev  = "vdb"
}
`
