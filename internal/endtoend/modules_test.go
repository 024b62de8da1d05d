//go:build cgo

package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// TestAccModules runs the terraform test files of each module, applies the examples that use the modules, and compares what ceph, rbd,
// virsh and the guests show.
func TestAccModules(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	for _, host := range bed.Hypervisors() {
		definedGuest(ctx, t, host, testbed.GuestOptions{Name: "modules"})
	}
	examples := acctest.NewWorkspace(t, "examples")
	for _, module := range []string{"rbd-tenant", "rbd-disk"} {
		t.Run(module, func(t *testing.T) {
			before := inventory(t)
			w := examples.In(t, filepath.Join("modules", module))
			w.Terraform(t, "test", "-filter=tests/plan.tftest.hcl")
			writeBed(t, filepath.Join(w.Dir, "tests", "terraform.tfvars"))
			w.Terraform(t, "test", "-filter=tests/bed.tftest.hcl")
			expectInventory(t, before)
		})
	}
	t.Run("page-to-module", func(t *testing.T) { testPageToModule(ctx, t, examples) })
	t.Run("encrypted", func(t *testing.T) { testEncryptedModule(ctx, t, examples) })
	t.Run("fleet", func(t *testing.T) { testFleet(ctx, t, examples) })
}

// expectInventory fails the test unless everything is as it was.
func expectInventory(t *testing.T, before string) {
	t.Helper()
	if now := inventory(t); now != before {
		t.Errorf("not everything is as it was before\nbefore:\n%s\nnow:\n%s", before, now)
	}
}

// writeBed writes the variable that the provider block of the modules' tests uses. It holds paths of keyrings and no key.
func writeBed(t *testing.T, file string) {
	t.Helper()
	bed := acctest.Bed(t)
	clusters, fsids, hypervisors := map[string]any{}, map[string]string{}, map[string]any{}
	for _, cluster := range bed.Clusters() {
		clusters[cluster.Name] = map[string]string{"config_file": cluster.ConfigFile, "keyring_file": cluster.KeyringFile}
		fsids[cluster.Name] = cluster.FSID
	}
	for _, host := range bed.Hypervisors() {
		hypervisors[host.Name] = map[string]string{"uri": host.URI}
	}
	// An object in JSON is one in Terraform's own language, which takes colons too.
	text, err := json.Marshal(map[string]any{"clusters": clusters, "fsids": fsids, "hypervisors": hypervisors, "domain": "modules"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append([]byte("bed = "), text...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// testPageToModule applies resources, and then the module calls that they have moved to: no object is touched.
func testPageToModule(ctx context.Context, t *testing.T, examples *acctest.Workspace) {
	bed := acctest.Bed(t)
	definedGuestFor(ctx, t, "kvm1", "web1")
	before := inventory(t)
	w := examples.In(t, "page-to-module/before")
	w.Set(t, "mon_host", bed.Cluster("east").MonHost)
	w.Set(t, "admin_key", bed.Cluster("east").AdminKey)
	w.Set(t, "hypervisors", uris(bed.Hypervisors()))
	w.Apply(t)
	if value := acctest.Virsh(t, "kvm2", "secret-get-value", secretWith(t, "kvm2", "client.web@")); value !=
		acctest.Ceph(t, "east", "auth", "print-key", "client.web") {
		t.Error("the secret on kvm2 does not hold the user's key")
	}
	w.ExpectEmptyPlan(t) // the first refresh removes the records of what was created
	made := inventory(t)

	after, err := os.ReadFile(filepath.Join(w.Dir, "..", "after", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	w.Write(t, string(after))
	w.Terraform(t, "init", "-input=false")
	if out := w.Apply(t); !strings.Contains(out, "0 added, 0 changed, 0 destroyed") || strings.Count(out, " has moved to ") != 6 {
		t.Errorf("the resources have not moved into the modules as they are:\n%s", out)
	}
	w.ExpectEmptyPlan(t)
	expectInventory(t, made)

	// Other labels for the cluster and the hypervisors: they are in the addresses of what the tenant has.
	relabelled, _, _ := strings.Cut(string(after), "\nmoved {")
	relabelled = strings.NewReplacer(`east = {`, `east1 = {`, `"east"`, `"east1"`, `"kvm1"`, `"host1"`).Replace(relabelled)
	for _, resource := range []string{
		`ceph_pool.tenant["east"]`, `ceph_user.tenant["east"]`,
		`libvirt_ceph_secret.tenant["east on kvm1"]`, `libvirt_ceph_secret.tenant["east on kvm2"]`,
	} {
		to := strings.NewReplacer("east", "east1", "kvm", "host").Replace(resource)
		relabelled += fmt.Sprintf("\nmoved {\n  from = module.web.%s\n  to   = module.web.%s\n}\n", resource, to)
	}
	w.Write(t, relabelled)
	w.Set(t, "hypervisors", map[string]string{"host1": bed.Hypervisor("kvm1").URI, "host2": bed.Hypervisor("kvm2").URI})
	expectApply(t, w, "0 added, 6 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	expectInventory(t, made)
	testTenantRenamed(t, w, relabelled)
	expectInventory(t, made)
	w.Destroy(t)
	expectInventory(t, before)
}

// testTenantRenamed gives the tenant of a configuration another name, and its call too, with the blocks of README.md, and both back. The
// user keeps its name.
func testTenantRenamed(t *testing.T, w *acctest.Workspace, configuration string) {
	t.Helper()
	configuration, _, _ = strings.Cut(configuration, "\nmoved {")
	renamed := strings.NewReplacer(`module "web"`, `module "shop"`, `module.web.`, `module.shop.`,
		`"web"`+"\n", `"shop"`+"\n  user        = \"web\"\n").Replace(configuration)
	moved := func(from, to string) string { return fmt.Sprintf("\nmoved {\n  from = %s\n  to   = %s\n}\n", from, to) }
	var there, back string
	for one, other := range map[string]string{
		`ceph_user.tenant["east1"]`:                    `ceph_user.tenant["east1 as web"]`,
		`libvirt_ceph_secret.tenant["east1 on host1"]`: `libvirt_ceph_secret.tenant["east1 as web on host1"]`,
		`libvirt_ceph_secret.tenant["east1 on host2"]`: `libvirt_ceph_secret.tenant["east1 as web on host2"]`,
	} {
		there += moved("module.shop."+one, "module.shop."+other)
		back += moved("module.web."+other, "module.web."+one)
	}
	w.Write(t, renamed+moved("module.web", "module.shop")+there)
	w.Terraform(t, "init", "-input=false")
	expectApply(t, w, "0 added, 4 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	if image := acctest.RBD(t, "east", "info", "shop/web1-data"); !strings.Contains(image, "size 1 GiB") {
		t.Errorf("rbd info says %s", image)
	}
	if saved := acctest.DiskOf(t, "kvm1", "web1", "vdb", true); saved.Source.Network.Name != "shop/web1-data" {
		t.Errorf("virsh dumpxml shows as vdb: %s", acctest.XML(t, saved))
	}
	w.Write(t, configuration+moved("module.shop", "module.web")+back)
	w.Terraform(t, "init", "-input=false")
	expectApply(t, w, "0 added, 4 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
}

// encryptedModule is a tenant with an encrypted disk, that of README.md of the module rbd-disk.
const encryptedModule = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}

variable "passphrases" {
  type      = map(string)
  sensitive = true
  ephemeral = true
}

module "tenant" {
  source      = "../modules/rbd-tenant"
  name        = "sealed"
  clusters    = ["west"]
  hypervisors = ["kvm1", "kvm2"]
}

module "disk" {
  source        = "../modules/rbd-disk"
  access        = module.tenant.access["west"]
  hypervisor    = "kvm1"
  domain        = "sealed"
  image         = "data"
  size          = "80MiB" # the guest sees 64MiB
  target_dev    = "vdb"
  encryption    = {}
  passphrase    = lookup(var.passphrases, "data", null)
  image_config  = { rbd_qos_iops_limit = "5000" }
  force_destroy = true
}
`

// testEncryptedModule gives a domain an encrypted disk by the modules: the guest reads what is in it, the cluster doesn't, both hypervisors
// have the passphrase, and no file of Terraform has it.
func testEncryptedModule(ctx context.Context, t *testing.T, examples *acctest.Workspace) {
	guest := definedGuestFor(ctx, t, "kvm1", "sealed")
	before := inventory(t)
	const folder, written = "encrypted", "what the guest has written"
	if err := os.Mkdir(filepath.Join(examples.Dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(from, to string) {
		t.Helper()
		text := strings.Replace(encryptedModule, from, to, 1) + acctest.Provider(t)
		if err := os.WriteFile(filepath.Join(examples.Dir, folder, "main.tf"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("", "")
	w := examples.In(t, folder)
	passphrase := acctest.Passphrase()
	w.Set(t, "passphrases", map[string]string{"data": passphrase})
	w.Terraform(t, "plan", "-input=false", "-out=plan")
	expectApply(t, w, "8 added, 0 changed, 0 destroyed")
	w.Set(t, "passphrases", map[string]string{}) // it was needed once
	w.ExpectEmptyPlan(t)

	header := filepath.Join(t.TempDir(), "exported")
	acctest.RBD(t, "west", "export", "--no-progress", "sealed/data", header)
	if content, err := os.ReadFile(header); err != nil || !strings.HasPrefix(string(content), "LUKS\xba\xbe\x00\x02") {
		t.Errorf("the image doesn't begin with the header of LUKS2: %v", err)
	}
	if limits := acctest.RBD(t, "west", "config", "image", "ls", "sealed/data"); !regexp.MustCompile(
		`rbd_qos_iops_limit +5000 +image`).MatchString(limits) {
		t.Errorf("rbd config image ls says %s", limits)
	}
	saved := acctest.DiskOf(t, "kvm1", "sealed", "vdb", true)
	if found := saved.Source.Encryption; found == nil || found.Format != "luks2" || found.Secrets[0].UUID != secretWith(t, "kvm1", "volume") {
		t.Errorf("virsh dumpxml shows as vdb: %s", acctest.XML(t, saved))
	}
	if one, other := secretWith(t, "kvm1", "volume"), secretWith(t, "kvm2", "volume"); one != other {
		t.Errorf("a guest that migrates looks for the secret %s, and there is %s", one, other)
	}

	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	expectSizes(ctx, t, guest, 64<<20)
	disks, err := guest.Disks(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Write(ctx, disks[0].Name, 0, written); err != nil {
		t.Fatal(err)
	}
	acctest.RBD(t, "west", "export", "--no-progress", "sealed/data", header+"-2")
	if content, err := os.ReadFile(header + "-2"); err != nil || strings.Contains(string(content), written) {
		t.Errorf("the image holds what the guest has written, in the clear: %v", err)
	}

	// Another name of the image: the running guest keeps the secret that it was started with.
	made := inventory(t) // now, since virsh lists running domains first
	write(`image         = "data"`, `image         = "files"`)
	expectApply(t, w, "0 added, 4 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	if read, err := guest.Read(ctx, disks[0].Name, 0, len(written)); err != nil || read != written {
		t.Errorf("the guest reads %q after the image was renamed: %v", read, err)
	}
	write("", "")
	expectApply(t, w, "0 added, 4 changed, 0 destroyed")
	expectInventory(t, made)

	for where, content := range w.Files(t) {
		if form := acctest.FindPassphrase(content, passphrase); form != "" {
			t.Errorf("the passphrase is there %s in %s", form, where)
		}
	}
	if err := guest.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	w.Destroy(t)
	expectInventory(t, before)
}

// expectApply applies, and fails the test unless Terraform tells of so many changes.
func expectApply(t *testing.T, w *acctest.Workspace, changes string) {
	t.Helper()
	if out := w.Apply(t); !strings.Contains(out, changes) {
		t.Errorf("the apply should say %q:\n%s", changes, out)
	}
}

// testFleet applies the fleet, renames disks, takes a hypervisor out, changes a user, and destroys the rest.
func testFleet(ctx context.Context, t *testing.T, examples *acctest.Workspace) {
	bed := acctest.Bed(t)
	web1, web2 := definedGuestFor(ctx, t, "kvm1", "web1"), definedGuestFor(ctx, t, "kvm2", "web2")
	definedGuestFor(ctx, t, "kvm2", "db1") // shut off
	var boots errgroup.Group
	boots.Go(func() error { return web1.Start(ctx) })
	boots.Go(func() error { return web2.Start(ctx) })
	if err := boots.Wait(); err != nil {
		t.Fatal(err)
	}
	before := inventory(t) // now, since virsh lists running domains first

	w := examples.In(t, "fleet")
	monitors, keys := map[string]string{}, map[string]string{}
	for _, cluster := range bed.Clusters() {
		monitors[cluster.Name], keys[cluster.Name] = cluster.MonHost, cluster.AdminKey
	}
	w.Set(t, "clusters", monitors)
	w.Set(t, "admin_keys", keys)
	w.Set(t, "hypervisors", uris(bed.Hypervisors()))
	w.Apply(t)
	w.ExpectEmptyPlan(t)

	expectSizes(ctx, t, web1, 1<<30, 2<<30)
	expectSizes(ctx, t, web2, 3<<30)
	for _, disk := range []struct{ host, domain, target, cluster, source string }{
		{"kvm1", "web1", "vdb", "east", "web/web1-data"},
		{"kvm1", "web1", "vdc", "west", "web/web1-logs"},
		{"kvm2", "web2", "vdb", "west", "web/web2-data"},
		{"kvm2", "db1", "vdb", "west", "db/db1-data"},
	} {
		user, _, _ := strings.Cut(disk.source, "/")
		saved := acctest.DiskOf(t, disk.host, disk.domain, disk.target, true)
		auth := saved.Auth
		if auth == nil {
			auth = saved.Source.Network.Auth
		}
		if saved.Source.Network.Name != disk.source || auth.Username != user {
			t.Errorf("virsh dumpxml shows as %s of %s: %s", disk.target, disk.domain, acctest.XML(t, saved))
		}
		key := acctest.Ceph(t, disk.cluster, "auth", "print-key", "client."+user)
		keys[user+" on "+disk.cluster] = key
		if auth.Secret.UUID != secretWith(t, disk.host, "client."+user+"@"+bed.Cluster(disk.cluster).FSID) ||
			acctest.Virsh(t, disk.host, "secret-get-value", auth.Secret.UUID) != key {
			t.Errorf("the secret of %s on %s does not hold the key of client.%s on %s", disk.target, disk.host, user, disk.cluster)
		}
		// Reads and writes its own pool, and no other.
		if caps := acctest.Ceph(t, disk.cluster, "auth", "get", "client."+user); !strings.Contains(caps,
			fmt.Sprintf("caps osd = \"profile rbd pool=%s\"", user)) {
			t.Errorf("ceph auth get says %s", strings.ReplaceAll(caps, key, "(key)"))
		}
		if info := acctest.RBD(t, disk.cluster, "info", disk.source); !strings.Contains(info, "GiB in ") {
			t.Errorf("rbd info of %s says %s", disk.source, info)
		}
	}
	for where, content := range w.Files(t) {
		for name, key := range keys {
			if form := acctest.FindKey(content, key); form != "" {
				t.Errorf("the key %s is there %s in %s", name, form, where)
			}
		}
	}

	fleet := inventory(t)
	testFleetRenames(ctx, t, w, web1)
	expectInventory(t, fleet)

	// What can't be done in one apply is refused before anything is touched.
	w.Set(t, "tenants", map[string]any{"web": onHosts("kvm1"), "db": onHosts("kvm2")})
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !strings.Contains(out, "access has no secret on this hypervisor") {
		t.Errorf("a hypervisor was taken from under its guest: %v\n%s", err, out)
	}
	all := fleetDisks()
	all["web1-data"]["cluster"] = "west"
	w.Set(t, "tenants", map[string]any{"web": onHosts("kvm1", "kvm2"), "db": onHosts("kvm2")})
	w.Set(t, "disks", all)
	if out, err := w.Try(t, "plan", "-input=false"); err == nil || !strings.Contains(out, "Replacement of an image that is not empty") {
		t.Errorf("a disk goes to another cluster in one apply: %v\n%s", err, out)
	}
	expectInventory(t, fleet)

	// The disk, the image and the two secrets of one host go in their order, in one apply.
	without := fleetDisks()
	delete(without, "web2-data")
	w.Set(t, "disks", without)
	w.Set(t, "tenants", map[string]any{"web": onHosts("kvm1"), "db": onHosts("kvm2")})
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	expectSizes(ctx, t, web2)
	if left := acctest.Virsh(t, "kvm2", "secret-list"); strings.Contains(left, "client.web@") || !strings.Contains(left, "client.db@") {
		t.Errorf("virsh secret-list on kvm2 says %s", left)
	}
	if left := acctest.Virsh(t, "kvm1", "secret-list"); strings.Count(left, "client.web@") != 2 {
		t.Errorf("virsh secret-list on kvm1 says %s", left)
	}
	expectSizes(ctx, t, web1, 1<<30, 2<<30)
	testFleetUsers(ctx, t, w, web1)

	// A guest has written to its disk. The image goes with that once force_destroy was applied.
	main, err := os.ReadFile(filepath.Join(w.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	const call = "module \"disk\" {\n"
	w.Write(t, strings.Replace(string(main), call, call+"  force_destroy = true\n", 1))
	expectApply(t, w, "0 added, 3 changed, 0 destroyed")
	w.Destroy(t)
	expectInventory(t, before)
}

// testFleetRenames gives the image of a running guest's disk another name, then the disk another key, and both back in one apply. All the
// time the guest writes to the disk.
func testFleetRenames(ctx context.Context, t *testing.T, w *acctest.Workspace, guest *testbed.Guest) {
	t.Helper()
	disk, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Bytes == 1<<30 })
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.StartCounter(ctx, disk.Name); err != nil {
		t.Fatal(err)
	}
	rounds := 0
	expectWrites := func() {
		t.Helper()
		counter, err := guest.Counter(ctx)
		for ; err == nil && counter.Rounds <= rounds; counter, err = guest.Counter(ctx) {
			if ctx.Err() != nil {
				t.Fatal("the guest doesn't write any more")
			}
		}
		if err != nil || counter.Errors != 0 {
			t.Fatalf("the guest's writes fail: %v, %+v", err, counter)
		}
		rounds = counter.Rounds
	}
	expectWrites()
	info := func(image string) string {
		return acctest.RBD(t, "east", "info", "web/"+image)
	}
	const id = "block_name_prefix: "
	_, before, _ := strings.Cut(info("web1-data"), id)
	expectImage := func(name string) {
		t.Helper()
		if _, now, _ := strings.Cut(info(name), id); now[:strings.IndexByte(now, '\n')] != before[:strings.IndexByte(before, '\n')] {
			t.Errorf("the image web/%s is another one than before: %s and %s", name, now, before)
		}
		if all := strings.Fields(acctest.RBD(t, "east", "ls", "web")); len(all) != 1 {
			t.Errorf("rbd ls says %s", all)
		}
		if saved := acctest.DiskOf(t, "kvm1", "web1", "vdb", true); saved.Source.Network.Name != "web/"+name {
			t.Errorf("virsh dumpxml --inactive shows as vdb of web1: %s", acctest.XML(t, saved))
		}
		expectWrites()
		w.ExpectEmptyPlan(t)
	}

	renamed := fleetDisks()
	renamed["web1-data"]["image"] = "web1-files"
	w.Set(t, "disks", renamed)
	expectApply(t, w, "0 added, 2 changed, 0 destroyed")
	expectImage("web1-files")

	// Another key is another disk, as long as no block says where the former one has gone.
	moved := fleetDisks()
	moved["files"] = moved["web1-data"]
	delete(moved, "web1-data")
	w.Set(t, "disks", moved)
	if out, _ := w.Try(t, "plan", "-input=false"); !strings.Contains(out, "2 to add, 0 to change, 2 to destroy") {
		t.Errorf("the plan of another key says:\n%s", out)
	}
	moved["files"]["image"] = "web1-files"
	w.Set(t, "disks", moved)
	writeMoved(t, w, "web1-data", "files")
	expectApply(t, w, "0 added, 0 changed, 0 destroyed")
	expectImage("web1-files")

	w.Set(t, "disks", fleetDisks())
	writeMoved(t, w, "files", "web1-data")
	expectApply(t, w, "0 added, 2 changed, 0 destroyed")
	expectImage("web1-data")
	if err := guest.StopCounter(ctx); err != nil {
		t.Error(err)
	}
}

// writeMoved adds the block that tells of another key of a disk.
func writeMoved(t *testing.T, w *acctest.Workspace, from, to string) {
	t.Helper()
	text := fmt.Sprintf("moved {\n  from = module.disk[%q]\n  to   = module.disk[%q]\n}\n", from, to)
	if err := os.WriteFile(filepath.Join(w.Dir, "moved.tf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// testFleetUsers gives a tenant another user while its guest runs, and takes the former one out: not before the guest was started again.
func testFleetUsers(ctx context.Context, t *testing.T, w *acctest.Workspace, guest *testbed.Guest) {
	t.Helper()
	tenants := func(former ...string) map[string]any {
		former = append([]string{}, former...) // none is no null
		return map[string]any{
			"web": map[string]any{"clusters": []string{"east", "west"}, "hypervisors": []string{"kvm1"}, "user": "web-2", "former_users": former},
			"db":  onHosts("kvm2"),
		}
	}
	users := func(saved bool) string {
		var names []string
		for _, target := range []string{"vdb", "vdc"} {
			disk := acctest.DiskOf(t, "kvm1", guest.Name, target, saved)
			if disk.Auth == nil {
				disk.Auth = disk.Source.Network.Auth
			}
			names = append(names, disk.Auth.Username)
		}
		return strings.Join(names, " ")
	}
	w.Set(t, "tenants", tenants("web"))
	expectApply(t, w, "4 added, 2 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	if saved, live := users(true), users(false); saved != "web-2 web-2" || live != "web web" {
		t.Errorf("the saved definition names the users %s, the running guest %s", saved, live)
	}
	expectRestarts(t, w, "kvm1/"+guest.Name)
	expectSizes(ctx, t, guest, 1<<30, 2<<30)

	both := inventory(t)
	w.Set(t, "tenants", tenants())
	if out, err := w.Try(t, "apply", "-auto-approve", "-input=false"); err == nil || !strings.Contains(out, guest.Name) {
		t.Errorf("the former user was taken from under its guest: %v\n%s", err, out)
	}
	expectInventory(t, both)
	if err := guest.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(ctx); err != nil {
		t.Fatal(err)
	}
	expectApply(t, w, "0 added, 0 changed, 4 destroyed")
	w.ExpectEmptyPlan(t)
	expectRestarts(t, w)
	expectSizes(ctx, t, guest, 1<<30, 2<<30)
	if left := acctest.Virsh(t, "kvm1", "secret-list"); strings.Contains(left, "client.web@") || strings.Count(left, "client.web-2@") != 2 {
		t.Errorf("virsh secret-list on kvm1 says %s", left)
	}
}

// expectRestarts fails the test unless the fleet names these guests as those that have to be started again.
func expectRestarts(t *testing.T, w *acctest.Workspace, guests ...string) {
	t.Helper()
	var named []string
	if err := json.Unmarshal([]byte(w.Terraform(t, "output", "-json", "to_restart")), &named); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(named, guests) {
		t.Errorf("the fleet says that %q have to be started again, not %q", named, guests)
	}
}

// fleetDisks are the disks of examples/fleet, as its variables.tf has them.
func fleetDisks() map[string]map[string]string {
	disk := func(tenant, cluster, hypervisor, domain, target, size string) map[string]string {
		return map[string]string{
			"tenant": tenant, "cluster": cluster, "hypervisor": hypervisor, "domain": domain, "target_dev": target, "size": size,
		}
	}
	return map[string]map[string]string{
		"web1-data": disk("web", "east", "kvm1", "web1", "vdb", "1GiB"),
		"web1-logs": disk("web", "west", "kvm1", "web1", "vdc", "2GiB"),
		"web2-data": disk("web", "west", "kvm2", "web2", "vdb", "3GiB"),
		"db1-data":  disk("db", "west", "kvm2", "db1", "vdb", "4GiB"),
	}
}

// onHosts is a tenant of the fleet on both clusters and these hypervisors.
func onHosts(hypervisors ...string) map[string][]string {
	return map[string][]string{"clusters": {"east", "west"}, "hypervisors": hypervisors}
}

// uris are the connection URIs of hypervisors by label.
func uris(hosts []*testbed.Hypervisor) map[string]string {
	all := map[string]string{}
	for _, host := range hosts {
		all[host.Name] = host.URI
	}
	return all
}

// definedGuestFor is [definedGuest] by the names of the hypervisor and the guest.
func definedGuestFor(ctx context.Context, t *testing.T, host, name string) *testbed.Guest {
	t.Helper()
	return definedGuest(ctx, t, acctest.Bed(t).Hypervisor(host), testbed.GuestOptions{Name: name})
}

// expectSizes fails the test unless the guest sees disks of exactly these sizes, in any order.
func expectSizes(ctx context.Context, t *testing.T, guest *testbed.Guest, sizes ...int64) {
	t.Helper()
	if len(sizes) == 0 {
		if err := guest.WaitNoDisk(ctx, func(testbed.GuestDisk) bool { return true }); err != nil {
			t.Error(err)
		}
		return
	}
	disks, err := guest.WaitDisks(ctx, len(sizes))
	if err != nil {
		t.Fatal(err)
	}
	var seen []int64
	for _, disk := range disks {
		seen = append(seen, disk.Bytes)
	}
	slices.Sort(seen)
	slices.Sort(sizes)
	if !slices.Equal(seen, sizes) {
		t.Errorf("the guest %s sees %+v, not the sizes %d", guest.Name, disks, sizes)
	}
}
