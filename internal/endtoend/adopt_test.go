//go:build cgo

package endtoend_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// largeEstate is a flag: with it the estate that is adopted is that of a company, not of a test (make test-estate).
var largeEstate = flag.Bool("large-estate", false, "adopt 5 pools, 200 images, 20 users, 7 secrets and 60 disks")

// estateSize counts what is adopted: what the manual procedure makes (two pools, images, secrets and disks, a user and a domain), and
// more of the same.
type estateSize struct{ images, users, domains int }

const estatePools, estateSecrets = 5, 7

func sizeOfEstate() estateSize {
	if *largeEstate {
		return estateSize{images: 200, users: 20, domains: 30}
	}
	return estateSize{images: 40, users: 6, domains: 6}
}

// disks is how many disks the domains have.
func (s estateSize) disks() int { return 2 * s.domains }

// objects is how many resources adopt all of it.
func (s estateSize) objects() int {
	return estatePools + s.images + s.users + estateSecrets + s.disks()
}

// adoptedPools are the pools beside those of the manual procedure, by cluster.
var adoptedPools = map[string][]string{"east": {"adopt-a", "adopt-b"}, "west": {"adopt-c"}}

// clonedImage is the number of the image on east that is a clone.
const clonedImage = 32

// adoptedSecrets are the secrets beside those of the manual procedure, by cluster. Each host has both.
var adoptedSecrets = map[string]string{
	"east": "33085c23-2177-242d-7661-c785df7f6230", "west": "44085c23-2177-242d-7661-c785df7f6230",
}

// emptySecret is a secret on kvm1 that has never got a value.
const emptySecret = "55085c23-2177-242d-7661-c785df7f6230"

// parallel calls do with all numbers below n, a few at a time, and fails the test with the first error.
func parallel(t *testing.T, n int, do func(ctx context.Context, i int) error) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// makeEstate makes the estate by hand: domains that are defined, and one that is started, with its disks open. It returns the keys of
// its users.
func makeEstate(t *testing.T, bed *testbed.Bed) map[string]string {
	t.Helper()
	guest := definedGuest(t.Context(), t, bed.Hypervisor("kvm2"), testbed.GuestOptions{Name: "centos80", Machine: "pc"})
	t.Cleanup(func() { cleanUpByHand(t) })
	makeByHand(t, bed)
	acctest.Virsh(t, "kvm2", "start", guest.Name, "--paused")
	t.Cleanup(func() { acctest.Virsh(t, "kvm2", "destroy", guest.Name) })

	keys := map[string]string{"client.libvirt": acctest.Ceph(t, "west", "auth", "print-key", "client.libvirt")}
	for cluster, pools := range adoptedPools {
		for _, pool := range pools {
			acctest.Ceph(t, cluster, "osd", "pool", "create", pool, "8", "8", "--autoscale-mode=off")
			t.Cleanup(func() { acctest.Ceph(t, cluster, "osd", "pool", "delete", pool, pool, "--yes-i-really-really-mean-it") })
			acctest.RBD(t, cluster, "pool", "init", pool)
		}
	}
	acctest.Ceph(t, "east", "osd", "pool", "set-quota", "adopt-a", "max_bytes", "10737418240")
	acctest.RBD(t, "east", "config", "pool", "set", "adopt-a", "rbd_qos_iops_limit", "5000")
	acctest.RBD(t, "east", "namespace", "create", "adopt-b/tenant")
	parallel(t, sizeOfEstate().images-len(procedure), func(ctx context.Context, i int) error {
		name := imageOf(i)
		if i == clonedImage {
			return nil // its parent comes first
		}
		create := append([]string{"create", name.path(), "--size", fmt.Sprint(1024 + 512*(i%2))}, name.options(i)...)
		_, err := bed.Cluster(name.cluster).RBD(ctx, create...)
		return err
	})
	template := imageOf(clonedImage-2).path() + "@template" // of the same cluster
	acctest.RBD(t, "east", "snap", "create", template)
	acctest.RBD(t, "east", "clone", "--rbd-default-clone-format", "2", template, imageOf(clonedImage).path())
	acctest.RBD(t, "east", "image-meta", "set", imageOf(0).path(), "owner", "somebody")
	acctest.RBD(t, "east", "config", "image", "set", imageOf(0).path(), "rbd_cache", "false")

	for cluster := range adoptedPools {
		var keyring strings.Builder
		for i := range sizeOfEstate().users - 1 {
			if user := fmt.Sprintf("client.adopt-%02d", i); clusterOf(i) == cluster {
				keys[user] = freshKey(t)
				fmt.Fprintf(&keyring, "[%s]\n\tkey = %s\n\tcaps mon = \"profile rbd\"\n\tcaps osd = \"profile rbd pool=%s\"\n", user, keys[user],
					adoptedPools[cluster][0])
				t.Cleanup(func() { acctest.Ceph(t, cluster, "auth", "rm", user) })
			}
		}
		if _, err := bed.Cluster(cluster).CephIn(t.Context(), keyring.String(), "auth", "import", "-i", "-"); err != nil {
			t.Fatal(err)
		}
	}
	defineSecret := func(host, id, cluster string) {
		acctest.VirshIn(t, host, "<secret ephemeral='no' private='no'><uuid>"+id+"</uuid><description>by hand</description>"+
			"<usage type='ceph'><name>adopt@"+cluster+"</name></usage></secret>", "secret-define", "/dev/stdin")
		t.Cleanup(func() { acctest.Virsh(t, host, "secret-undefine", id) })
	}
	for _, host := range []string{"kvm1", "kvm2"} {
		for cluster, id := range adoptedSecrets {
			defineSecret(host, id, cluster)
			setByHand(t, host, id, keys[adoptedUser(cluster)])
		}
	}
	defineSecret("kvm1", emptySecret, "nowhere")
	parallel(t, sizeOfEstate().domains-1, func(ctx context.Context, i int) error {
		_, err := bed.Hypervisor(hostOf(i)).VirshIn(ctx, domainWithTwoDisks(t, i), "define", "/dev/stdin")
		return err
	})
	t.Cleanup(func() {
		for i := range sizeOfEstate().domains - 1 {
			acctest.Virsh(t, hostOf(i), "undefine", domainOf(i))
		}
	})
	return keys
}

func clusterOf(i int) string { return []string{"east", "west"}[i%2] }
func hostOf(i int) string    { return []string{"kvm1", "kvm2"}[i%2] }
func domainOf(i int) string  { return fmt.Sprintf("adopt-%02d", i) }

// adoptedUser is the user of a cluster who opens the disks.
func adoptedUser(cluster string) string {
	return map[string]string{"east": "client.adopt-00", "west": "client.adopt-01"}[cluster]
}

// imageName says where an image is.
type imageName struct{ cluster, pool, namespace, name string }

// imageOf returns the name of an image of the estate: even numbers are on east, every tenth of them in a namespace.
func imageOf(i int) imageName {
	cluster := clusterOf(i)
	pools := adoptedPools[cluster]
	name := imageName{cluster: cluster, pool: pools[i/2%len(pools)], name: fmt.Sprintf("image-%03d", i)}
	if name.pool == "adopt-b" && i%20 == 2 {
		name.namespace = "tenant"
	}
	return name
}

func (n imageName) path() string { return filepath.Join(n.pool, n.namespace, n.name) }

// options are those of rbd create for an image that is not as by default.
func (n imageName) options(i int) []string {
	if i%7 == 0 {
		return []string{"--stripe-unit", "64K", "--stripe-count", "4", "--image-feature", "layering"}
	}
	return nil
}

// domainWithTwoDisks returns the definition of a domain with a disk of each cluster, by no tool but virsh.
func domainWithTwoDisks(t *testing.T, i int) string {
	var disks string
	for _, number := range []int{4 * i, 4*i + 1} { // no image in a namespace is among them
		name := imageOf(number)
		disk := acctest.RBDDisk(t, name.cluster, name.path(), []string{"vdb", "vdc"}[number%2],
			strings.TrimPrefix(adoptedUser(name.cluster), "client."), adoptedSecrets[name.cluster])
		disk.Serial, disk.Driver.Cache = name.name, "none"
		disks += acctest.XML(t, disk)
	}
	return "<domain type='qemu'><name>" + domainOf(i) + "</name><memory unit='MiB'>16</memory>" +
		"<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>" + disks + "</devices></domain>"
}

// estate lists everything that is to be adopted, as ceph, rbd, rados and virsh tell it, by what was asked. Only an image's time of
// the last access and the queue of snapshots that the OSDs trim are left out.
func estate(t *testing.T) map[string]string {
	t.Helper()
	bed := acctest.Bed(t)
	listed := map[string]string{}
	images := []imageName{}
	for _, row := range procedure {
		images = append(images, imageName{row.cluster, row.pool, "", row.image})
	}
	for i := range sizeOfEstate().images - len(procedure) {
		images = append(images, imageOf(i))
	}
	var mu sync.Mutex
	parallel(t, len(images), func(ctx context.Context, i int) error {
		info, err := bed.Cluster(images[i].cluster).RBD(ctx, "info", images[i].path())
		mu.Lock()
		defer mu.Unlock()
		listed[images[i].cluster+": rbd info "+images[i].path()] = withoutLastAccess(string(info))
		return err
	})
	for _, cluster := range bed.Clusters() {
		for command, answer := range map[string]string{
			"osd pool ls detail": poolsOf(t, cluster.Name), "auth ls": acctest.Ceph(t, cluster.Name, "auth", "ls"),
		} {
			for line := range strings.Lines(hashKeys(answer) + "\n") {
				if !strings.Contains(line, "removed_snaps_queue") { // the snapshot of rbd pool init, until the OSDs have trimmed it
					listed[cluster.Name+": ceph "+command] += line
				}
			}
		}
		for _, pool := range strings.Fields(acctest.Ceph(t, cluster.Name, "osd", "pool", "ls")) {
			listed[cluster.Name+": rbd ls "+pool] = acctest.RBD(t, cluster.Name, "ls", "--long", pool)
			// All objects with their attributes and keys: headers, settings and metadata of the images are in it.
			content, err := cluster.Rados(t.Context(), "-p", pool, "export", "-")
			if err != nil {
				t.Fatal(err)
			}
			listed[cluster.Name+": sha256 of rados export of "+pool] = fmt.Sprintf("%x", sha256.Sum256(content))
		}
	}
	for _, command := range [][]string{{"image-meta", "list"}, {"config", "image", "list"}} {
		listed["east: rbd "+strings.Join(command, " ")] = acctest.RBD(t, "east", append(command, imageOf(0).path())...)
	}
	for _, host := range []string{"kvm1", "kvm2"} {
		for _, domain := range strings.Fields(acctest.Virsh(t, host, "list", "--all", "--name")) {
			listed[host+": dumpxml "+domain] = acctest.Virsh(t, host, "dumpxml "+domain+"; dumpxml --inactive "+domain)
		}
		for line := range strings.Lines(acctest.Virsh(t, host, "secret-list")) {
			id := strings.Fields(line)[0]
			commands := "secret-dumpxml " + id
			if id != emptySecret {
				commands += "; secret-get-value " + id
			}
			listed[host+": secret "+id] = hashKeys(acctest.Virsh(t, host, commands))
		}
	}
	return listed
}

// expectWhole fails the test when the estate is not as large as it should be, by the second views.
func expectWhole(t *testing.T, listed map[string]string) {
	t.Helper()
	got := map[string]int{}
	for asked, answer := range listed {
		switch {
		case strings.Contains(asked, "rbd info"):
			got["images"]++
		case strings.Contains(asked, "pool ls detail"):
			got["pools"] += strings.Count(answer, "application rbd")
		case strings.Contains(asked, "auth ls"):
			got["users"] += strings.Count(answer, "client.adopt-") + strings.Count(answer, "client.libvirt")
		case strings.Contains(asked, "secret "):
			got["secrets"]++
		case strings.Contains(asked, "dumpxml"):
			got["domains"]++
			_, saved, _ := strings.Cut(answer, "</domain>")
			got["disks"] += strings.Count(saved, "protocol='rbd'")
		}
	}
	size := sizeOfEstate()
	want := map[string]int{
		"pools": estatePools, "images": size.images, "users": size.users, "secrets": estateSecrets, "domains": size.domains,
		"disks": size.disks(),
	}
	if !maps.Equal(got, want) {
		t.Fatalf("the estate has %v; want %v", got, want)
	}
}

// expectSame fails the test for each answer that is another one than before.
func expectSame(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, asked := range slices.Sorted(maps.Keys(before)) {
		if after[asked] != before[asked] {
			t.Errorf("%s\nbefore:\n%s\nafter:\n%s", asked, before[asked], after[asked])
		}
	}
	for asked := range after {
		if _, ok := before[asked]; !ok {
			t.Errorf("%s was not there before", asked)
		}
	}
}

// TestAccAdoptWhatIsFound takes an estate that was made by hand on two clusters and two hosts to "No changes", with the files of the
// guide: by import blocks over the data sources of several. Nothing of it is touched, and no key gets into state, plan or log. When
// the configuration is read from a file, what somebody changes is seen.
func TestAccAdoptWhatIsFound(t *testing.T) {
	bed := acctest.Bed(t)
	l := newLeaks(t)
	maps.Copy(l.keys, makeEstate(t, bed))
	before := estate(t)
	expectWhole(t, before)

	w := l.workspace(acctest.NewWorkspace(t, "examples/adopting-an-estate"))
	clusters, adminKeys := map[string]string{}, map[string]string{}
	for _, cluster := range bed.Clusters() {
		clusters[cluster.Name], adminKeys[cluster.Name] = cluster.MonHost, cluster.AdminKey
		l.keys["client.admin of "+cluster.Name] = cluster.AdminKey
	}
	set := func(w *acctest.Workspace) {
		w.Set(t, "clusters", clusters)
		w.Set(t, "admin_keys", adminKeys)
		w.Set(t, "hypervisors", uris(bed.Hypervisors()))
	}
	set(w)
	t.Run("query", func(t *testing.T) {
		if _, err := w.Try(t, "query", "-help"); err != nil { // OpenTofu has none of any version
			t.Skip("needs terraform query, of Terraform 1.14")
		}
		byQuery := l.workspace(acctest.NewWorkspace(t, "examples/adopting-an-estate"))
		set(byQuery)
		adoptByQuery(t, l, byQuery)
		expectSame(t, before, estate(t))
	})
	l.addCanary(t, w)
	want := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy.", sizeOfEstate().objects())
	if out := l.run(t, w, "plan", "-input=false", "-out=adoption.tfplan"); !acctest.Message(want).MatchString(out) {
		t.Errorf("the plan is not %q:\n%s", want, out)
	}
	l.run(t, w, "apply", "-input=false", "adoption.tfplan")
	if out := l.run(t, w, "plan", "-input=false", "-detailed-exitcode"); !acctest.Message("No changes").MatchString(out) {
		t.Errorf("the plan after the adoption is not empty:\n%s", out)
	}
	l.expectCanaries(t, w, "terraform.tfstate", "adoption.tfplan/tfplan")
	l.expectNone(t, w)
	expectSame(t, before, estate(t))

	w.Setenv("TF_LOG", "") // the log of so many objects takes longer than the rest
	recordEstate(t, l, w)
	if out := l.run(t, w, "apply", "-auto-approve", "-input=false"); !acctest.Message("0 added, 0 changed, 0 destroyed").MatchString(out) {
		t.Errorf("more than the output was changed:\n%s", out)
	}
	acctest.RBD(t, "east", "image-meta", "set", imageOf(0).path(), "owner", "somebody else")
	if out := l.run(t, w, "apply", "-auto-approve", "-input=false"); !acctest.Message("0 added, 1 changed, 0 destroyed").MatchString(out) {
		t.Errorf("not one change was undone:\n%s", out)
	}
	if owner := acctest.RBD(t, "east", "image-meta", "get", imageOf(0).path(), "owner"); owner != "somebody" {
		t.Errorf("the owner is %q", owner)
	}
}

// adoptByQuery finds the estate by terraform query, as the guide says, and imports it with the configuration that this writes.
func adoptByQuery(t *testing.T, l *leaks, w *acctest.Workspace) {
	t.Helper()
	for _, instead := range []string{"main.tf", "found.tf"} {
		if err := os.Remove(filepath.Join(w.Dir, instead)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(w.Dir, "query", "estate.tfquery.hcl"), filepath.Join(w.Dir, "estate.tfquery.hcl")); err != nil {
		t.Fatal(err)
	}
	l.run(t, w, "query", "-generate-config-out=generated.tf")
	out := l.run(t, w, "plan", "-input=false")
	planned := regexp.MustCompile(`Plan: (\d+) to import, 0 to add, 0 to change, 0 to destroy\.`).FindStringSubmatch(out)
	if planned == nil {
		t.Fatalf("the plan does more than import:\n%s", out)
	}
	// Pools and users that Ceph makes for itself are found too.
	if imported, err := strconv.Atoi(planned[1]); err != nil || imported < sizeOfEstate().objects() {
		t.Errorf("%s objects are imported, the estate has %d", planned[1], sizeOfEstate().objects())
	}
	l.run(t, w, "apply", "-input=false", "-auto-approve")
	w.ExpectEmptyPlan(t)
	l.expectNone(t, w)
}

// recordEstate writes what was found to a file, and has the configuration read from there, as the guide says.
func recordEstate(t *testing.T, l *leaks, w *acctest.Workspace) {
	t.Helper()
	recorded := l.run(t, w, "output", "-json", "estate")
	if err := os.WriteFile(filepath.Join(w.Dir, "estate.json"), []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(w.Dir, "recorded", "estate.tf"), filepath.Join(w.Dir, "found.tf")); err != nil {
		t.Fatal(err)
	}
}
