//go:build cgo

package endtoend_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// writeBeginning writes text to the start of an image, as a diff in rbd's own format, which leaves the rest as it is.
// Similar to: rbd import-diff - POOL/IMAGE.
func writeBeginning(t *testing.T, cluster, image, text string) {
	t.Helper()
	diff := []byte("rbd diff v1\nw")
	diff = binary.LittleEndian.AppendUint64(diff, 0)
	diff = binary.LittleEndian.AppendUint64(diff, uint64(len(text)))
	if _, err := acctest.Bed(t).Cluster(cluster).RBDIn(t.Context(), string(diff)+text+"e", "import-diff", "-", image); err != nil {
		t.Fatal(err)
	}
}

// inventory returns what a destroy must leave as it was before: pools, rules, profiles and users of both clusters, secrets and domains of
// both hypervisors. Ids and contents are in it, so that an object made anew under its name is seen.
func inventory(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, cluster := range acctest.Bed(t).Clusters() {
		fmt.Fprintln(&all, poolsAndProfiles(t, cluster.Name))
		fmt.Fprintln(&all, acctest.Ceph(t, cluster.Name, "osd", "crush", "rule", "dump"))
		fmt.Fprintln(&all, hashKeys(acctest.Ceph(t, cluster.Name, "auth", "export")))
		for _, key := range configKeys(t, cluster.Name) {
			if !poolConfigTrace.MatchString(key) {
				fmt.Fprintln(&all, key)
			}
		}
	}
	for _, host := range acctest.Bed(t).Hypervisors() {
		fmt.Fprintln(&all, acctest.Virsh(t, host.Name, "secret-list"))
		for _, domain := range strings.Fields(acctest.Virsh(t, host.Name, "list", "--all", "--name")) {
			fmt.Fprintln(&all, acctest.Virsh(t, host.Name, "dumpxml", "--inactive", domain))
			fmt.Fprintln(&all, acctest.Virsh(t, host.Name, "domblklist", domain))
		}
	}
	return all.String()
}

// poolsAndProfiles returns the pools of a cluster, each with its id, and the erasure code profiles.
func poolsAndProfiles(t *testing.T, cluster string) string {
	t.Helper()
	var dump struct {
		Pools []struct {
			ID   int64  `json:"pool"`
			Name string `json:"pool_name"`
		}
		Profiles map[string]map[string]string `json:"erasure_code_profiles"`
	}
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "osd", "dump", "--format", "json")), &dump); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", dump)
}

// configKeys returns the names in the config-key store without the manager's own, which it writes at any time: what its progress module
// has seen, for one.
func configKeys(t *testing.T, cluster string) []string {
	t.Helper()
	var keys []string
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "config-key", "ls")), &keys); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(keys, func(key string) bool { return strings.HasPrefix(key, "mgr/") })
}

// poolConfigTrace is what a change of a pool's RBD settings leaves in the config-key store and nobody removes: its time, and its place in
// the journal.
var poolConfigTrace = regexp.MustCompile(`^(config-history/|config/global/rbd_config_pool_override_update_timestamp)`)

// cephxKey is a key as ceph and virsh print it.
var cephxKey = regexp.MustCompile(`[A-Za-z0-9+/]{38}==`)

// hashKeys replaces the keys in what ceph or virsh print by hashes of them, so that a changed key is seen and none is printed.
func hashKeys(printed string) string {
	return cephxKey.ReplaceAllStringFunc(printed, func(key string) string { return fmt.Sprintf("sha256 %x", sha256.Sum256([]byte(key))) })
}

func TestAccMultipleClusters(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	host := bed.Hypervisor("kvm1")
	guest := runningGuest(ctx, t, host, testbed.GuestOptions{Name: "centos80"})
	attachForeignDisk(ctx, t, host, guest)
	foreign := func(saved bool) string { return acctest.XML(t, acctest.DiskOf(t, host.Name, guest.Name, "vdx", saved)) }
	before, foreignLive, foreignSaved := inventory(t), foreign(false), foreign(true)

	w := acctest.NewWorkspace(t, "examples/multiple-clusters")
	targets := map[string]string{"east": "vdb", "west": "vdc"}
	clusters, keys := map[string]string{}, map[string]string{}
	for _, cluster := range bed.Clusters() {
		clusters[cluster.Name] = cluster.MonHost
		keys[cluster.Name] = cluster.AdminKey
	}
	w.Set(t, "clusters", clusters)
	w.Set(t, "admin_keys", keys)
	w.Set(t, "disks", targets)
	w.Set(t, "hypervisor_uri", host.URI)
	w.Set(t, "image_size", "64MiB")

	w.Apply(t, "-target=ceph_rbd_image.data")
	for cluster := range targets {
		writeBeginning(t, cluster, "libvirt-pool/librbd", "hello from cluster "+cluster)
	}
	w.Apply(t)
	w.ExpectEmptyPlan(t)

	for cluster := range targets {
		if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
			return d.Bytes == 64<<20 && strings.HasPrefix(d.Head, "hello from cluster "+cluster)
		}); err != nil {
			t.Fatalf("the guest does not see the disk of %s: %v\n%s", cluster, err, guest.ConsoleLog())
		}
	}
	for cluster, target := range targets {
		compareViews(t, bed.Cluster(cluster), target)
	}

	w.Set(t, "image_size", "96MiB")
	w.Apply(t)
	for cluster := range targets {
		if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
			return d.Bytes == 96<<20 && strings.HasPrefix(d.Head, "hello from cluster "+cluster)
		}); err != nil {
			t.Fatalf("growth of the image on %s did not reach the guest in one apply: %v", cluster, err)
		}
		if info := acctest.RBD(t, cluster, "info", "libvirt-pool/librbd"); !strings.Contains(info, "size 96 MiB") {
			t.Errorf("rbd info on %s says %s", cluster, info)
		}
	}
	w.ExpectEmptyPlan(t)
	if live, saved := foreign(false), foreign(true); live != foreignLive || saved != foreignSaved {
		t.Errorf("the foreign disk was changed: %s", live)
	}

	renameLabel(t, w, clusters, keys, targets)

	// The first cluster is given up. What the others hold stays as it is.
	w.Set(t, "force_destroy", true)
	w.Apply(t)
	delete(targets, "occident")
	w.Set(t, "disks", targets)
	w.Apply(t)
	delete(clusters, "occident")
	w.Set(t, "clusters", clusters)
	w.ExpectEmptyPlan(t)
	if pools := acctest.Ceph(t, "west", "osd", "pool", "ls"); strings.Contains(pools, "libvirt-pool") {
		t.Errorf("the cluster that was given up still has %s", pools)
	}
	if err := guest.WaitNoDisk(ctx, func(d testbed.GuestDisk) bool {
		return strings.HasPrefix(d.Head, "hello from cluster west")
	}); err != nil {
		t.Error(err)
	}
	if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
		return d.Bytes == 96<<20 && strings.HasPrefix(d.Head, "hello from cluster east")
	}); err != nil {
		t.Errorf("the disk on the cluster that stays: %v", err)
	}
	compareViews(t, bed.Cluster("east"), "vdb")

	w.Destroy(t)
	if after := inventory(t); after != before {
		t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
	}
	found, err := guest.Disks(ctx)
	if err != nil || len(found) != 1 {
		t.Errorf("after destroy the guest sees %+v, %v; want the foreign disk alone", found, err)
	}
}

// renameLabel renames the label of a cluster, which is the key of each resource on it: refused as the plan of other addresses, and an apply
// that touches nothing with moved blocks.
func renameLabel(t *testing.T, w *acctest.Workspace, clusters, keys, targets map[string]string) {
	t.Helper()
	const former, label = "west", "occident"
	for name, values := range map[string]map[string]string{"clusters": clusters, "admin_keys": keys, "disks": targets} {
		values[label] = values[former]
		delete(values, former)
		w.Set(t, name, values)
	}
	before := inventory(t) + imageInfo(t, "west", "libvirt-pool/librbd")
	expectRefused(t, w, []string{
		"destroys pool libvirt-pool", "creates it as another", "add a moved block",
	}, "apply", "-auto-approve")
	var moved strings.Builder
	for _, address := range []string{
		"ceph_pool.vms", "ceph_rbd_image.data", "ceph_user.libvirt", "libvirt_ceph_secret.libvirt", "libvirt_rbd_disk.data",
	} {
		fmt.Fprintf(&moved, "moved {\n  from = %s[%q]\n  to   = %s[%q]\n}\n", address, former, address, label)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "moved.tf"), []byte(moved.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := w.Apply(t); !strings.Contains(out, "0 added, 4 changed, 0 destroyed") {
		t.Errorf("not an update in place of all resources with the label:\n%s", out)
	}
	w.ExpectEmptyPlan(t)
	if after := inventory(t) + imageInfo(t, "west", "libvirt-pool/librbd"); after != before {
		t.Errorf("something was touched\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// attachForeignDisk attaches a disk that the provider does not manage, live and saved: a file. Similar to: virsh attach-disk.
func attachForeignDisk(ctx context.Context, t *testing.T, host *testbed.Hypervisor, guest *testbed.Guest) {
	t.Helper()
	file := filepath.Join(acctest.Bed(t).Dir, "foreign.raw")
	if err := os.WriteFile(file, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil { // for the hypervisor's plain user
		t.Fatal(err)
	}
	acctest.Virsh(t, host.Name, "attach-disk", guest.Name, file, "vdx", "--subdriver", "raw", "--persistent")
	if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Bytes == 8<<20 }); err != nil {
		t.Fatal(err)
	}
}

// compareViews compares what ceph, rbd and virsh show of one cluster's user, secret, image and disk.
func compareViews(t *testing.T, cluster *testbed.Cluster, target string) {
	t.Helper()
	usage := "client.libvirt@" + cluster.FSID
	var uuid string
	for line := range strings.Lines(acctest.Virsh(t, "kvm1", "secret-list")) {
		if strings.Contains(line, usage) {
			uuid = strings.Fields(line)[0]
		}
	}
	if uuid == "" {
		t.Fatalf("virsh secret-list has no %s", usage)
	}
	key := acctest.Ceph(t, cluster.Name, "auth", "get-key", "client.libvirt")
	if value := acctest.Virsh(t, "kvm1", "secret-get-value", uuid); value != key {
		t.Errorf("the secret %s does not hold the key that ceph auth get-key tells", uuid)
	}
	if _, err := base64.StdEncoding.DecodeString(key); err != nil {
		t.Error(err)
	}
	if caps := acctest.Ceph(t, cluster.Name, "auth", "get", "client.libvirt"); !strings.Contains(caps,
		`caps osd = "profile rbd pool=libvirt-pool"`) {
		t.Errorf("ceph auth get says %s", strings.ReplaceAll(caps, key, "(key)"))
	}
	// The watch of a probe that was killed stays until the OSDs miss it.
	expect.Eventually(t, "the guest's watcher alone", func() bool {
		return strings.Count(acctest.RBD(t, cluster.Name, "status", "libvirt-pool/librbd"), "watcher=") == 1
	})
	for _, saved := range []bool{false, true} {
		disk := acctest.DiskOf(t, "kvm1", "centos80", target, saved)
		source, auth := disk.Source.Network, disk.Auth
		if auth == nil {
			auth = source.Auth
		}
		if source.Protocol != "rbd" || source.Name != "libvirt-pool/librbd" || auth.Username != "libvirt" || auth.Secret.UUID != uuid {
			t.Errorf("virsh dumpxml, saved=%v, says %s", saved, acctest.XML(t, disk))
		}
		if len(source.Hosts) != len(cluster.Monitors) || source.Hosts[0].Name != cluster.Monitors[0].Host {
			t.Errorf("monitors in the XML: %+v", source.Hosts)
		}
	}
}
