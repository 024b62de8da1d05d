//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// volumeSecret defines a secret for a passphrase on kvm1.
func volumeSecret(t *testing.T, uuid, passphrase string) {
	t.Helper()
	acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret ephemeral='no' private='no'><uuid>%[1]s</uuid><usage type='volume'><volume>%[1]s</volume>"+
		"</usage></secret>", uuid), "secret-define", "/dev/stdin")
	if passphrase != "" {
		acctest.VirshIn(t, "kvm1", base64.StdEncoding.EncodeToString([]byte(passphrase)), "secret-set-value", uuid, "--file", "/dev/stdin")
	}
}

// plaintext tells whether an image has this text anywhere, as rbd exports it.
func plaintext(t *testing.T, name, text string) bool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "exported")
	acctest.RBD(t, "east", "export", "--no-progress", pool+"/"+name, file)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(content), text)
}

// A guest sees what is in its encrypted image, and the cluster doesn't. A passphrase that doesn't fit is found before the domain is
// started, and another secret with the same passphrase is changed in place.
func TestAccLibvirtRBDDisk_encryptedByLibrbd(t *testing.T) {
	prepare(t)
	preparePassphrase(t)
	t.Parallel()
	const (
		name    = "luks2"
		wrong   = "55085c23-2177-242d-7661-c785df7f6231"
		empty   = "55085c23-2177-242d-7661-c785df7f6232"
		another = "55085c23-2177-242d-7661-c785df7f6233"
		written = "what the guest has written"
	)
	volumeSecret(t, wrong, "closed")
	volumeSecret(t, empty, "")
	volumeSecret(t, another, "open")
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	formatted(t, name, "64M", "luks2")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	write := func(assignments ...string) {
		t.Helper()
		w.Write(t, source+acctest.Provider(t)+block(name, name, assignments...))
	}
	refused := func(what, words string, assignments ...string) {
		t.Helper()
		before := definitions(t, name)
		write(assignments...)
		got, err := try(t, w, "apply", "-auto-approve")
		if text := got.said("error"); err == nil || !acctest.Message(words).MatchString(text) {
			t.Errorf("%s: not refused with %q: %v %s", what, words, err, text)
		}
		if now := definitions(t, name); now != before {
			t.Errorf("%s: the domain has changed:\n%s\nbefore:\n%s", what, now, before)
		}
	}
	refused("another passphrase", "doesn't open the image", encrypted("luks2", "", wrong))
	refused("another format", "doesn't begin with the header of a volume in the format luks", encrypted("luks", "", passphraseSecret))
	refused("a secret without a value", "which is to hold the passphrase, has no value", encrypted("luks2", "", empty))
	refused("no secret", "has no secret 00085c23", encrypted("luks2", "", "00085c23-2177-242d-7661-c785df7f6230"))
	refused("QEMU and luks2", "QEMU itself doesn't decrypt luks2", encrypted("luks2", "qemu", passphraseSecret))

	write(encrypted("luks2", "", passphraseSecret))
	expectChanges(t, "attached", apply(t, w), 1, 0, 0, 0)
	if text := diskText(t, name, "--inactive"); !strings.Contains(text, "<encryption format='luks2' engine='librbd'>") {
		t.Errorf("the saved definition is %s", text)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sees(g, 48<<20); err != nil {
		t.Fatal(err)
	}
	if err := g.Write(t.Context(), "vda", 0, written); err != nil {
		t.Fatal(err)
	}
	if plaintext(t, name, written) {
		t.Error("the image holds what the guest has written, in the clear")
	}
	w.ExpectEmptyPlan(t)

	write(encrypted("luks2", "", another))
	got := apply(t, w)
	expectChanges(t, "another secret", got, 0, 1, 0, 0)
	if text := strings.Join(got.texts("test", "warning"), "\n"); !strings.Contains(text, warnsLater+"encryption") {
		t.Errorf("the operator reads %s", text)
	}
	powerCycle(t, g)
	if read, err := g.Read(t.Context(), "vda", 0, len(written)); err != nil || read != written {
		t.Errorf("the guest reads %q, %v", read, err)
	}
	w.ExpectEmptyPlan(t)
	redefined(func(d *acctest.Disk) { d.Source.Encryption.Secrets[0].UUID = wrong })(t, name)
	expectChanges(t, "another secret by hand", apply(t, w), 0, 1, 0, 0)
	if text := diskText(t, name, "--inactive"); !strings.Contains(text, another) || strings.Contains(text, wrong) {
		t.Errorf("the saved definition is %s", text)
	}
	image(t, "east", name+"-next", "64M")
	refused("copied", "It is encrypted", `image = "luks2-next"`, `on_source_change = "live_copy"`, encrypted("luks2", "", another))

	// Taken from the running guest by hand, the disk comes back: now where the host's libvirt can plug it in, else at the next start.
	detachByHand(t, g, "--live")
	w.Terraform(t, "apply", "-auto-approve", "-refresh-only", "-input=false")
	write(encrypted("luks2", "", another))
	byHand := strings.Replace(handXML(t, "east", name, "vdb"), "</source>", "<encryption format='luks2' engine='librbd'><secret"+
		" type='passphrase' uuid='"+another+"'/></encryption></source>", 1)
	_, err := acctest.Bed(t).Hypervisor("kvm1").VirshIn(t.Context(), byHand, "attach-device", name, "/dev/stdin", "--live")
	if err == nil {
		detachByHand(t, g, "--live")
		expectChanges(t, "plugged in again", apply(t, w), 0, 1, 0, 0)
		if read, err := g.Read(t.Context(), "vda", 0, len(written)); err != nil || read != written {
			t.Errorf("the guest reads %q of the disk that was plugged in, %v", read, err)
		}
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
	for _, inactive := range []bool{true, false} {
		if diskOf(t, "kvm1", name, "vdb", inactive) != nil {
			t.Errorf("the domain still has the disk, inactive %v", inactive)
		}
	}
	if err != nil {
		refused("a running guest", "A disk that librbd decrypts can't be plugged into domain", encrypted("luks2", "", passphraseSecret))
	}
	if !t.Failed() {
		for _, mark := range []acctest.Mark{acctest.Set, acctest.Changed, acctest.Drifted} {
			acctest.Record(t, diskType, "encryption", mark)
		}
	}
}

// A transient domain has the encryption in its running definition alone.
func TestAccLibvirtRBDDisk_encryptedTransient(t *testing.T) {
	prepare(t)
	preparePassphrase(t)
	t.Parallel()
	const name = "luks1-transient"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name, Transient: true})
	formatted(t, name, "32M", "luks1")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, encrypted("luks", "qemu", passphraseSecret)))
	expectChanges(t, "attached", apply(t, w), 1, 0, 0, 0)
	if err := sees(g, 28<<20); err != nil {
		t.Error(err)
	}
	w.ExpectEmptyPlan(t)
	if !t.Failed() {
		acctest.Record(t, diskType, "encryption", acctest.Transient)
	}
	w.Destroy(t)
}

// QEMU decrypts luks1 also in a disk that is plugged into a running guest. Another format or engine is another disk.
func TestAccLibvirtRBDDisk_encryptedByQEMU(t *testing.T) {
	prepare(t)
	preparePassphrase(t)
	t.Parallel()
	const name, written = "luks1", "what the guest has written"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	formatted(t, name, "64M", "luks1")
	config := func(assignments ...string) string {
		return source + acctest.Provider(t) + block(name, name, assignments...)
	}
	w := acctest.NewWorkspaceOf(t, config(encrypted("luks", "qemu", passphraseSecret)))
	expectChanges(t, "attached", apply(t, w), 1, 0, 0, 0)
	if err := sees(g, 60<<20); err != nil {
		t.Fatal(err)
	}
	if err := g.Write(t.Context(), "vda", 0, written); err != nil {
		t.Fatal(err)
	}
	if plaintext(t, name, written) {
		t.Error("the image holds what the guest has written, in the clear")
	}
	w.ExpectEmptyPlan(t)

	for what, assignment := range map[string]string{"engine": encrypted("luks", "", passphraseSecret), "no encryption": `serial = "x"`} {
		w.Write(t, config(assignment))
		planned, _ := try(t, w, "plan")
		if text := planned.said("warning"); !strings.Contains(text, "because of a change of: encryption") {
			t.Errorf("%s: the plan doesn't tell that the disk is replaced: %s", what, text)
		}
		if text := planned.said("warning"); strings.Contains(text, "Disk vdb no longer decrypted") != (what == "no encryption") {
			t.Errorf("%s: the operator reads %s", what, text)
		}
	}
	// Shut off, it is decrypted by librbd: the guest finds the same.
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Write(t, config(encrypted("luks", "librbd", passphraseSecret)))
	expectChanges(t, "by librbd", apply(t, w), 1, 0, 0, 1)
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sees(g, 60<<20); err != nil {
		t.Fatal(err)
	}
	if read, err := g.Read(t.Context(), "vda", 0, len(written)); err != nil || read != written {
		t.Errorf("the guest reads %q, %v", read, err)
	}
	w.ExpectEmptyPlan(t)
	imported := acctest.NewWorkspaceOf(t, config(encrypted("luks", "", passphraseSecret))+
		fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name))
	expectChanges(t, "imported", apply(t, imported), 0, 0, 1, 0)

	// Without it the guest sees the header.
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Write(t, config())
	expectChanges(t, "no encryption", apply(t, w), 1, 0, 0, 1)
	if text := diskText(t, name, "--inactive"); strings.Contains(text, "<encryption") {
		t.Errorf("the saved definition is %s", text)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if read, err := g.Read(t.Context(), "vda", 0, 4); err != nil || read != "LUKS" {
		t.Errorf("the guest reads %q, %v", read, err)
	}
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		for _, mark := range []acctest.Mark{acctest.Imported, acctest.Cleared, acctest.Running} {
			acctest.Record(t, diskType, "encryption", mark)
		}
	}
}
