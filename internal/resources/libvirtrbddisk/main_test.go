//go:build cgo

package libvirtrbddisk_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	diskType = "libvirt_rbd_disk"
	address  = diskType + ".test"

	// pool exists on all clusters, as does the user client.libvirt.
	pool = "libvirt-pool"

	// handTarget is the target of disks that were attached by hand.
	handTarget = "vdz"

	eastSecret = "77085c23-2177-242d-7661-c785df7f6230"
	westSecret = "88085c23-2177-242d-7661-c785df7f6230"

	// otherSecret holds the key of client.libvirt too. client.libvirt2 has the same key.
	otherSecret = "99085c23-2177-242d-7661-c785df7f6230"

	northSecret = "89085c23-2177-242d-7661-c785df7f6230"
)

// parallel is how many tests run side by side unless -parallel says otherwise: they mostly wait for guests and daemons.
const parallel = "4"

// west's monitor has a name, localhost. north is a cluster with three monitors, on IPv6 where the machine has it.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(parallel)
	}
	acctest.Main(m, testbed.Options{Clusters: []testbed.ClusterOptions{
		{Name: "east"}, {Name: "west", Localhost: true}, {Name: "north", Monitors: 3, IPv6: testbed.HasIPv6()},
	}})
}

var prepared sync.Once

// prepare makes what every test needs: the pool and client.libvirt on two clusters, and their secrets on both hypervisors.
func prepare(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	prepared.Do(func() {
		prepareCluster(t, "east", eastSecret)
		prepareCluster(t, "west", westSecret)
		preparePool(t, "east", "other-pool")
		key := acctest.Ceph(t, "east", "auth", "get-key", "client.libvirt")
		defineSecret(t, "kvm1", otherSecret, "client.libvirt once more", key)
		sameKey(t, "libvirt2", key)
	})
}

func prepareCluster(t *testing.T, cluster, secret string) {
	t.Helper()
	preparePool(t, cluster, pool)
	acctest.Ceph(t, cluster, "auth", "get-or-create", "client.libvirt", "mon", "profile rbd", "osd", "profile rbd")
	key := acctest.Ceph(t, cluster, "auth", "get-key", "client.libvirt")
	for _, hypervisor := range []string{"kvm1", "kvm2"} {
		defineSecret(t, hypervisor, secret, "client.libvirt@"+cluster, key)
	}
}

func preparePool(t *testing.T, cluster, name string) {
	t.Helper()
	acctest.Ceph(t, cluster, "osd", "pool", "create", name, "8")
	acctest.RBD(t, cluster, "pool", "init", name)
}

// sameKey makes a user on cluster east with a given key.
func sameKey(t *testing.T, name, key string) {
	t.Helper()
	keyring := filepath.Join(t.TempDir(), "keyring")
	text := fmt.Sprintf("[client.%s]\nkey = %s\ncaps mon = \"profile rbd\"\ncaps osd = \"profile rbd\"\n", name, key)
	if err := os.WriteFile(keyring, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	acctest.Ceph(t, "east", "auth", "import", "-i", keyring)
}

func defineSecret(t *testing.T, hypervisor, uuid, usage, key string) {
	t.Helper()
	acctest.VirshIn(t, hypervisor, fmt.Sprintf("<secret ephemeral='no' private='no'><uuid>%s</uuid><usage"+
		" type='ceph'><name>%s</name></usage></secret>", uuid, usage),
		"secret-define", "/dev/stdin")
	acctest.VirshIn(t, hypervisor, key, "secret-set-value", uuid, "--file", "/dev/stdin")
}

// image makes an image on a cluster.
func image(t *testing.T, cluster, name, size string) {
	t.Helper()
	acctest.RBD(t, cluster, "create", "--size", size, pool+"/"+name)
}

// guest defines a domain on a hypervisor; it is undefined when the test has ended.
func guest(t *testing.T, hypervisor string, options testbed.GuestOptions) *testbed.Guest {
	t.Helper()
	g, err := acctest.Bed(t).Hypervisor(hypervisor).DefineGuest(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = g.Destroy(ctx)
		_ = g.Undefine(ctx)
	})
	return g
}

// running starts a guest, and waits until its console answers.
func running(t *testing.T, hypervisor string, options testbed.GuestOptions) *testbed.Guest {
	t.Helper()
	g := guest(t, hypervisor, options)
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

// runningWithSCSI starts a guest with a virtio-scsi controller, and returns its definition too. A transient one is undefined after its
// start.
func runningWithSCSI(t *testing.T, name string, transient bool, change func(*acctest.Domain)) (*testbed.Guest, string) {
	t.Helper()
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, SCSI: true})
	doc := definition(t, "kvm1", name, true)
	change(doc)
	define(t, doc)
	text := acctest.Virsh(t, "kvm1", "dumpxml", name, "--inactive")
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if transient {
		acctest.Virsh(t, "kvm1", "undefine", name)
	}
	return g, text
}

// definition and diskOf return a domain, or its disk at a target, as virsh shows it.
var definition, diskOf = acctest.DomainOf, acctest.DiskOf

// handXML returns the XML of a disk that is to be attached by hand.
func handXML(t *testing.T, cluster, name, target string) string {
	t.Helper()
	secret := map[string]string{"east": eastSecret, "west": westSecret, "north": northSecret}[cluster]
	return acctest.XML(t, acctest.RBDDisk(t, cluster, pool+"/"+name, target, "libvirt", secret))
}

// source tells the terraform command where the provider comes from. Tests with plugin-testing don't need it.
const source = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

// block returns a resource on kvm1 with an image of cluster east, unless the assignments say otherwise.
func block(domain, imageName string, assignments ...string) string {
	set := func(attribute string) bool {
		for _, assignment := range assignments {
			if strings.HasPrefix(strings.TrimSpace(assignment), attribute+" ") {
				return true
			}
		}
		return false
	}
	for _, d := range [][2]string{
		{"hypervisor", `"kvm1"`},
		{"domain", fmt.Sprintf("%q", domain)},
		{"cluster", `"east"`},
		{"pool", fmt.Sprintf("%q", pool)},
		{"image", fmt.Sprintf("%q", imageName)},
		{"user", `"libvirt"`},
		{"secret_uuid", fmt.Sprintf("%q", eastSecret)},
		{"target_dev", `"vdb"`},
	} {
		if !set(d[0]) {
			assignments = append(assignments, d[0]+" = "+d[1])
		}
	}
	return fmt.Sprintf("resource \"libvirt_rbd_disk\" \"test\" {\n  provider = ceph\n  %s\n}\n", strings.Join(assignments, "\n  "))
}
