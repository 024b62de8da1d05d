//go:build cgo

package cephrbdimage_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// exported is what `rbd export` writes of an image of the pool vms.
func exported(t *testing.T, name string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image")
	rbd(t, "export", "--no-progress", "vms/"+name, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// luks is a second view: the version of the LUKS header with which an image begins, "none" where there is none.
func luks(t *testing.T, name string) string {
	t.Helper()
	content := string(exported(t, name))
	if !strings.HasPrefix(content, "LUKS\xba\xbe\x00") {
		return "none"
	}
	return fmt.Sprintf("luks%d", content[7])
}

// put writes a text into an image by hand: rbd writes what a diff says.
func put(t *testing.T, name string, offset uint64, text string) {
	t.Helper()
	diff := binary.LittleEndian.AppendUint64([]byte("rbd diff v1\nw"), offset)
	diff = append(binary.LittleEndian.AppendUint64(diff, uint64(len(text))), text+"e"...)
	file := filepath.Join(t.TempDir(), "diff")
	if err := os.WriteFile(file, diff, 0o600); err != nil {
		t.Fatal(err)
	}
	rbd(t, "import-diff", "--no-progress", file, "vms/"+name)
}

// encrypted are the assignments of an encryption, and a size for it.
func encrypted(size, format, version string) string {
	return fmt.Sprintf("size = %q\n  encryption = {\n    format = %q\n    passphrase_wo = \"open sesame\"\n"+
		"    passphrase_wo_version = %q\n  }", size, format, version)
}

// librbd writes the header of a new image, which is kept when the image grows. Nothing of an encryption is changed in place; what holds
// only its header is replaced.
func TestAccCephRBDImage_encryption(t *testing.T) {
	pools(t)
	const name = "encrypted"
	is := func(want string, marks ...acctest.Mark) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			acctest.Check(t, name, luks, want), resource.TestCheckNoResourceAttr(address, "encryption.passphrase_wo"),
			func(*terraform.State) error {
				for _, mark := range marks {
					acctest.Record(t, imageType, "encryption", mark)
				}
				return nil
			})
	}
	run(t, name,
		resource.TestStep{Config: image(name, encrypted("20MiB", "luks2", "1")), Check: is("luks2", acctest.Set)},
		resource.TestStep{
			Config: image(name, encrypted("24MiB", "luks2", "1")), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: is("luks2"),
		},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "east/vms/" + name, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"encryption.%", "encryption.format", "encryption.passphrase_wo_version"},
		},
		resource.TestStep{
			Config:           image(name, encrypted("24MiB", "luks2", "1"), `object_size = "1MiB"`, "lifecycle { ignore_changes = [encryption] }"),
			ConfigPlanChecks: planned(plancheck.ResourceActionReplace), Check: is("luks2"),
		},
		resource.TestStep{
			Config:      image(name, encrypted("24MiB", "luks2", "2")),
			ExpectError: acctest.MessageAt("encryption", `Image vms/encrypted on cluster "east" can't be given another passphrase.`),
		},
		resource.TestStep{
			Config:      image(name, encrypted("12MiB", "luks2", "1"), "allow_shrink = true"),
			ExpectError: acctest.MessageAt("size", "The header of luks2 takes 16MiB, and the image has 12MiB."),
		},
		resource.TestStep{
			Config: image(name, encrypted("8MiB", "luks1", "1")), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: is("luks1", acctest.Changed),
		},
		resource.TestStep{
			Config: image(name, `size = "8MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionReplace), Check: is("none", acctest.Cleared),
		},
		resource.TestStep{
			Config: image(name, encrypted("8MiB", "luks1", "1")),
			ExpectError: acctest.MessageAt("encryption",
				`Image vms/encrypted on cluster "east" is not encrypted in the format luks1: it doesn't begin with the header of an encryption.`),
		},
	)
}

// What was encrypted by hand is taken over as it is where the format fits. One that holds something behind the header is neither replaced
// nor deleted without being told to; one with its header only is.
func TestAccCephRBDImage_encryptionTakenOver(t *testing.T) {
	pools(t)
	const name = "sealed"
	passphrase := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(passphrase, []byte("of somebody"), 0o600); err != nil {
		t.Fatal(err)
	}
	rbd(t, "create", "--size", "8M", "vms/"+name)
	rbd(t, "encryption", "format", "vms/"+name, "luks1", passphrase)
	before := string(exported(t, name))
	imported := "import {\n  to = ceph_rbd_image.test\n  id = \"east/vms/" + name + "\"\n}\n"
	unchanged := func(*terraform.State) error {
		if string(exported(t, name)) != before {
			return fmt.Errorf("the image was written to")
		}
		return nil
	}
	run(t, name,
		resource.TestStep{Config: imported + image(name, `size = "8MiB"`), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		resource.TestStep{
			Config:      image(name, encrypted("20MiB", "luks2", "1")),
			ExpectError: acctest.MessageAt("encryption", "is not encrypted in the format luks2: its header is of the format luks1."),
		},
		resource.TestStep{
			Config: image(name, encrypted("8MiB", "luks1", "1")), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: unchanged,
		},
		resource.TestStep{
			PreConfig: func() { put(t, name, 5<<20, "something") }, Config: image(name, encrypted("20MiB", "luks2", "1")),
			ExpectError: acctest.MessageAt("encryption", `Image vms/sealed on cluster "east" can't be replaced. What it holds: data.`),
		},
		resource.TestStep{
			Config: image(name, encrypted("8MiB", "luks1", "1")), Destroy: true, ExpectError: acctest.Message("What it holds: data."),
		},
		resource.TestStep{Config: image(name, encrypted("8MiB", "luks1", "1"), "force_destroy = true")},
	)
}

// One passphrase for an image and for the secret with which a guest opens it: the guest sees the disk without its header, what it writes is
// nowhere in plain, and with another passphrase in the secret QEMU does not open the image.
func TestAccCephRBDImage_encryptionInAGuest(t *testing.T) {
	pools(t)
	const name, text = "in-a-guest", "what only the guest may read"
	const keySecret, passphraseSecret = "1a085c23-2177-242d-7661-c785df7f6230", "2a085c23-2177-242d-7661-c785df7f6230"
	ctx := t.Context()
	bed := acctest.Bed(t)
	passphrase, wrong := acctest.Passphrase(), acctest.Passphrase()
	key := acctest.Ceph(t, "east", "auth", "get-or-create-key", "client.sealed", "mon", "profile rbd", "osd", "profile rbd")
	config := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n" + acctest.Provider(t) + `
variable "passphrase" {
  type      = string
  ephemeral = true
}
variable "of_secret" {
  type      = string
  ephemeral = true
}
variable "version_of_secret" { type = string }
variable "force" { type = bool }
variable "canary" { type = string }
resource "ceph_rbd_image" "test" {
  cluster       = "east"
  pool          = "vms"
  name          = "` + name + `"
  size          = "24MiB"
  force_destroy = var.force
  metadata      = { canary = var.canary }
  encryption = {
    format                = "luks2"
    passphrase_wo         = var.passphrase
    passphrase_wo_version = "1"
  }
}
resource "libvirt_volume_secret" "test" {
  provider              = ceph
  hypervisor            = "kvm1"
  volume                = "east/${ceph_rbd_image.test.pool}/${ceph_rbd_image.test.name}"
  uuid                  = "` + passphraseSecret + `"
  passphrase_wo         = var.of_secret
  passphrase_wo_version = var.version_of_secret
}
resource "libvirt_ceph_secret" "test" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "client.sealed"
  uuid       = "` + keySecret + `"
  key        = "` + key + `"
}
`
	w := acctest.NewWorkspaceOf(t, config)
	canary := acctest.Passphrase()
	w.Setenv("TF_LOG", "TRACE")
	var printed strings.Builder
	run := func(args ...string) string {
		out, err := w.Try(t, args...)
		printed.WriteString(out)
		if err != nil {
			t.Fatal(err, out)
		}
		return out
	}
	apply := func(ofSecret, version string) string {
		t.Helper()
		w.Set(t, "of_secret", ofSecret)
		w.Set(t, "version_of_secret", version)
		out := run("plan", "-input=false", "-out=plan")
		run("show", "-json", "plan")
		return out + run("apply", "-input=false", "plan")
	}
	w.Set(t, "passphrase", passphrase)
	w.Set(t, "canary", canary)
	w.Set(t, "force", "false")
	apply(passphrase, "1")
	w.ExpectEmptyPlan(t)

	guest, err := bed.Hypervisor("kvm1").DefineGuest(ctx, testbed.GuestOptions{Name: "sealed"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "undefine", "sealed") })
	disk := acctest.XML(t, acctest.RBDDisk(t, "east", "vms/"+name, "vdb", "sealed", keySecret))
	disk = strings.Replace(disk, "</source>", "<encryption format='luks2' engine='librbd'><secret type='passphrase' uuid='"+passphraseSecret+
		"'/></encryption></source>", 1)
	acctest.VirshIn(t, "kvm1", disk, "attach-device", "sealed", "/dev/stdin", "--config")
	start := func() string {
		t.Helper()
		if err := guest.Start(ctx); err != nil {
			t.Fatal(err)
		}
		seen, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Readable })
		if err != nil || seen.Bytes != 8<<20 || strings.HasPrefix(seen.Head, "LUKS") {
			t.Fatalf("the guest sees %+v, %v; want 8 MiB behind the header", seen, err)
		}
		return seen.Name
	}
	device := start()
	if err := guest.Write(ctx, device, 4096, text); err != nil {
		t.Fatal(err)
	}
	if err := guest.Destroy(ctx); err != nil {
		t.Fatal(err)
	}
	if content := string(exported(t, name)); strings.Contains(content, text) || luks(t, name) != "luks2" {
		t.Errorf("the guest's text is in plain: %v; header %s", strings.Contains(content, text), luks(t, name))
	}
	if out := apply(wrong, "2"); !acctest.Message("these domains refer to it: sealed (vdb).").MatchString(out) {
		t.Errorf("no warning of another passphrase for a domain:\n%s", out)
	}
	if _, err := bed.Hypervisor("kvm1").Virsh(ctx, "start", "sealed"); err == nil || !strings.Contains(err.Error(), "encryption load fail") {
		t.Errorf("started with a wrong passphrase: %v", err)
	}
	apply(passphrase, "3")
	device = start()
	if got, err := guest.Read(ctx, device, 4096, len(text)); err != nil || got != text {
		t.Errorf("the guest reads %q, %v", got, err)
	}
	if err := guest.Destroy(ctx); err != nil {
		t.Fatal(err)
	}

	acctest.Virsh(t, "kvm1", "detach-disk", "sealed", "vdb", "--config")
	out, err := w.Try(t, "destroy", "-auto-approve", "-input=false")
	if err == nil || !acctest.Message("What it holds: data.").MatchString(out) {
		t.Errorf("what the guest wrote behind the header was deleted: %v\n%s", err, out)
	}
	w.Set(t, "force", "true")
	apply(passphrase, "3")
	put(t, name, 0, "written by a guest that sees the header")
	if out := run("plan", "-input=false"); !acctest.Message("Encrypted image has lost its header").MatchString(out) ||
		!acctest.Message("No changes.").MatchString(out) {
		t.Errorf("the plan does not tell of the lost header:\n%s", out)
	}
	files := w.Files(t)
	files["what terraform printed and logged"] = []byte(printed.String())
	files["what the provider logged"] = acctest.ProviderLog([]byte(printed.String()))
	for _, place := range []string{"terraform.tfstate", "plan/tfplan", "plan/tfstate", "what terraform printed and logged"} {
		if acctest.FindPassphrase(files[place], canary) == "" {
			t.Errorf("the canary was not found in the %d bytes of %s", len(files[place]), place)
		}
	}
	if !strings.Contains(string(files["what the provider logged"]), "rbd encryption format") {
		t.Error("the log that was searched has no line of the encryption")
	}
	for where, content := range files {
		for _, secret := range []string{passphrase, wrong} {
			if at := acctest.FindPassphrase(content, secret); at != "" {
				t.Errorf("%s holds a passphrase, %s", where, at)
			}
		}
	}
	w.Destroy(t)
}
