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
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// manualRow is one row of the manual procedure: a user of a cluster with its secret, and the disk that it opens.
type manualRow struct {
	cluster, pool, image, user, secret, target, slot string
}

var procedure = []manualRow{
	{"east", "rbd", "librbda", "admin", "77085c23-2177-242d-7661-c785df7f6230", "vdb", "0x12"},
	{"west", "libvirt-pool", "librbd", "libvirt", "88085c23-2177-242d-7661-c785df7f6230", "vdc", "0x13"},
}

// TestAccSeed compares examples/seed with the manual procedure that it replaces: the same is made by hand on another hypervisor first,
// then by the provider, and the XML of secrets and disks must be equal.
func TestAccSeed(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	for _, name := range []string{"kvm1", "kvm2"} {
		definedGuest(ctx, t, bed.Hypervisor(name), testbed.GuestOptions{Name: "centos80", Machine: "pc"})
	}
	before := inventory(t)
	wantPools := makeByHand(t, bed)
	wantSecrets, wantDisks := secretsXML(t, "kvm2"), seedDisks(t, "kvm2")
	cleanUpByHand(t)

	w := acctest.NewWorkspace(t, "examples/seed")
	for variable, name := range map[string]string{"first": "east", "second": "west"} {
		cluster := bed.Cluster(name)
		monitors := []map[string]any{}
		for _, monitor := range cluster.Monitors {
			monitors = append(monitors, map[string]any{"host": monitor.Host, "port": monitor.V1Port})
		}
		w.Set(t, variable, map[string]any{"mon_host": cluster.MonHost, "monitors": monitors})
		w.Set(t, variable+"_admin_key", cluster.AdminKey)
	}
	w.Set(t, "hypervisor_uri", bed.Hypervisor("kvm1").URI)
	w.Set(t, "pg_num", "8")
	w.Set(t, "force_destroy", true)
	w.Apply(t)
	w.ExpectEmptyPlan(t)

	if got := poolsAndUsers(t); got != wantPools {
		t.Errorf("pools, images and users\nby hand:\n%s\nby the provider:\n%s", wantPools, got)
	}
	if got := secretsXML(t, "kvm1"); got != wantSecrets {
		t.Errorf("secrets\nby hand:\n%s\nby the provider:\n%s", wantSecrets, got)
	}
	if got := seedDisks(t, "kvm1"); got != wantDisks {
		t.Errorf("disks\nby hand:\n%s\nby the provider:\n%s", wantDisks, got)
	}

	for _, row := range procedure {
		writeBeginning(t, row.cluster, row.pool+"/"+row.image, "seed "+row.image+" of "+row.cluster)
	}
	guest, err := bed.Hypervisor("kvm1").Guest(ctx, "centos80")
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := guest.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	for _, row := range procedure {
		if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
			return d.Bytes == 30720<<20 && strings.HasPrefix(d.Head, "seed "+row.image+" of "+row.cluster)
		}); err != nil {
			t.Errorf("the guest does not see %s: %v", row.image, err)
		}
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
	if err := guest.Destroy(ctx); err != nil {
		t.Fatal(err)
	}
	if after := inventory(t); after != before {
		t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// makeByHand follows the procedure on kvm2 and returns what the clusters then have.
func makeByHand(t *testing.T, bed *testbed.Bed) string {
	t.Helper()
	for _, row := range procedure {
		// The cluster itself is to change nothing in the pool meanwhile.
		acctest.Ceph(t, row.cluster, "osd", "pool", "create", row.pool, "8", "8", "--autoscale-mode=off")
		acctest.Ceph(t, row.cluster, "osd", "pool", "application", "enable", row.pool, "rbd")
		acctest.RBD(t, row.cluster, "pool", "init", row.pool)
		acctest.RBD(t, row.cluster, "create", row.image, "--size", "30720", "--pool", row.pool, "--image-format", "2")
		if row.user != "admin" {
			acctest.Ceph(t, row.cluster, "auth", "get-or-create", "client."+row.user, "mon", "allow *", "osd", "allow *", "mgr", "allow *")
		}
		secret := file(t, "secret.xml", fmt.Sprintf(`<secret ephemeral='no' private='no'>
  <uuid>%s</uuid>
  <usage type='ceph'><name>client.%s secret</name></usage>
</secret>`, row.secret, row.user))
		acctest.Virsh(t, "kvm2", "secret-define", "--file", secret)
		key := acctest.Ceph(t, row.cluster, "auth", "get-key", "client."+row.user)
		acctest.Virsh(t, "kvm2", "secret-set-value", "--secret", row.secret, "--file", file(t, "key", key))

		var hosts strings.Builder
		for _, monitor := range bed.Cluster(row.cluster).Monitors {
			fmt.Fprintf(&hosts, "<host name='%s' port='%d'/>", monitor.Host, monitor.V1Port)
		}
		disk := file(t, "disk.xml", fmt.Sprintf(`<disk type='network' device='disk'>
  <driver name='qemu' type='raw' cache='none'/>
  <auth username='%s'><secret type='ceph' uuid='%s'/></auth>
  <source protocol='rbd' name='%s/%s'>%s</source>
  <target dev='%s' bus='virtio'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='%s' function='0x0'/>
</disk>`, row.user, row.secret, row.pool, row.image, hosts.String(), row.target, row.slot))
		acctest.Virsh(t, "kvm2", "attach-device", "centos80", disk, "--config")
	}
	return poolsAndUsers(t)
}

// cleanUpByHand removes from the clusters what makeByHand made.
func cleanUpByHand(t *testing.T) {
	t.Helper()
	for _, row := range procedure {
		acctest.Virsh(t, "kvm2", "detach-disk", "centos80", row.target, "--config")
		acctest.Virsh(t, "kvm2", "secret-undefine", row.secret)
		acctest.Ceph(t, row.cluster, "osd", "pool", "delete", row.pool, row.pool, "--yes-i-really-really-mean-it")
		if row.user != "admin" {
			acctest.Ceph(t, row.cluster, "auth", "rm", "client."+row.user)
		}
	}
}

// poolsAndUsers shows what the procedure makes on the clusters, without numbers and keys, which differ each time.
func poolsAndUsers(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, row := range procedure {
		fmt.Fprintln(&all, row.pool, acctest.Ceph(t, row.cluster, "osd", "pool", "get", row.pool, "size"),
			acctest.Ceph(t, row.cluster, "osd", "pool", "application", "get", row.pool))
		for line := range strings.Lines(acctest.RBD(t, row.cluster, "info", row.pool+"/"+row.image)) {
			for _, stable := range []string{"size ", "order ", "features:", "format:"} {
				if strings.HasPrefix(strings.TrimSpace(line), stable) {
					fmt.Fprintln(&all, strings.TrimSpace(line))
				}
			}
		}
		for line := range strings.Lines(acctest.Ceph(t, row.cluster, "auth", "get", "client."+row.user)) {
			if strings.Contains(line, "caps") {
				fmt.Fprintln(&all, row.user, strings.TrimSpace(line))
			}
		}
	}
	return all.String()
}

func secretsXML(t *testing.T, host string) string {
	t.Helper()
	var all strings.Builder
	for _, row := range procedure {
		fmt.Fprintln(&all, acctest.Virsh(t, host, "secret-dumpxml", row.secret))
		if row.user == "admin" { // the other user gets a new key each time
			if acctest.Virsh(t, host, "secret-get-value", row.secret) != acctest.Ceph(t, row.cluster, "auth", "get-key", "client.admin") {
				t.Errorf("the secret %s on %s does not hold the key of client.admin", row.secret, host)
			}
		}
	}
	return all.String()
}

// seedDisks shows the disks of the saved definition without the alias, which only the provider's have.
func seedDisks(t *testing.T, host string) string {
	t.Helper()
	var all strings.Builder
	for _, row := range procedure {
		disk := acctest.DiskOf(t, host, "centos80", row.target, true)
		if disk == nil {
			t.Fatalf("centos80 on %s has no %s", host, row.target)
		}
		disk.Alias = nil
		fmt.Fprintln(&all, acctest.XML(t, disk))
	}
	return all.String()
}

// file writes a file that only this user can read, in a folder of the test, and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
