//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// passphraseSecret opens encrypted disks.
const passphraseSecret = "66085c23-2177-242d-7661-c785df7f6230"

var passphrasePrepared sync.Once

// preparePassphrase defines passphraseSecret, once.
func preparePassphrase(t *testing.T) {
	t.Helper()
	passphrasePrepared.Do(func() {
		acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret ephemeral='no' private='yes'><uuid>%s</uuid><usage"+
			" type='volume'><volume>kept</volume></usage></secret>", passphraseSecret),
			"secret-define", "/dev/stdin")
		acctest.VirshIn(t, "kvm1", base64.StdEncoding.EncodeToString([]byte("open")), "secret-set-value", passphraseSecret,
			"--file", "/dev/stdin")
	})
}

// formatted makes an image on cluster east and encrypts it, with the passphrase of passphraseSecret.
func formatted(t *testing.T, name, size, format string) {
	t.Helper()
	image(t, "east", name, size)
	file := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(file, []byte("open"), 0o600); err != nil {
		t.Fatal(err)
	}
	acctest.RBD(t, "east", "encryption", "format", pool+"/"+name, format, file)
}

// encrypted is the assignment of the attribute encryption.
func encrypted(format, engine, secret string) string {
	text := fmt.Sprintf("encryption = { format = %q, secret_uuid = %q", format, secret)
	if engine != "" {
		text += fmt.Sprintf(", engine = %q", engine)
	}
	return text + " }"
}

var chosenAtAttach = regexp.MustCompile(` index='\d+'|\n\s*<alias name='[^']*'/>|\n\s*<address type='pci'[^>]*/>`)

// diskText returns what virsh shows of the domain's only disk, without what libvirt chooses whenever the disk is attached.
func diskText(t *testing.T, domain string, flags ...string) string {
	t.Helper()
	text := acctest.Virsh(t, "kvm1", append([]string{"dumpxml", domain}, flags...)...)
	_, text, _ = strings.Cut(text, "<disk ")
	text, _, _ = strings.Cut(text, "</disk>")
	return chosenAtAttach.ReplaceAllString(text, "")
}

// QEMU decrypts a disk of a running guest, who doesn't see the header in the image. The image is never resized, the disk is attached
// again as it was where it is missing, and a secret that is named by its usage stays so.
func TestAccLibvirtRBDDisk_encryptedByHand(t *testing.T) {
	prepare(t)
	preparePassphrase(t)
	t.Parallel()
	const name = "by-hand-luks"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	formatted(t, name, "64M", "luks1")
	byHand := strings.Replace(handXML(t, "east", name, "vdb"), "</source>",
		"<encryption format='luks' engine='qemu'><secret type='passphrase' uuid='"+passphraseSecret+"'/></encryption></source>", 1)
	byHand = strings.Replace(byHand, `uuid="`+eastSecret+`"`, `usage="client.libvirt@east"`, 1)
	acctest.VirshIn(t, "kvm1", byHand, "attach-device", name, "/dev/stdin", "--live", "--config")
	see := func(mib int64) {
		t.Helper()
		if err := sees(g, mib<<20); err != nil {
			t.Error(err)
		}
	}
	see(60)
	imageHas := func(when string, mib int) {
		t.Helper()
		if info := acctest.RBD(t, "east", "info", pool+"/"+name); !strings.Contains(info, fmt.Sprintf("size %d MiB", mib)) {
			t.Errorf("%s: the image was resized: %s", when, info)
		}
	}
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	write := func(size string) {
		w.Write(t, source+acctest.Provider(t)+block(name, name, fmt.Sprintf("size = %q", size), "iotune = { total_iops_sec = 1000 }",
			encrypted("luks", "qemu", passphraseSecret))+
			fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name))
	}
	step := func(when string, imported, changed, mib int) outcome {
		t.Helper()
		got := apply(t, w)
		expectChanges(t, when, got, 0, changed, imported, 0)
		imageHas(when, mib)
		expectChanges(t, when+", again", apply(t, w), 0, 0, 0, 0)
		imageHas(when+", again", mib)
		return got
	}
	write("64MiB")
	step("imported", 1, 1, 64)
	saved, live := diskText(t, name, "--inactive"), diskText(t, name)
	if !strings.Contains(saved, "usage='client.libvirt@east'") || strings.Contains(saved, eastSecret) ||
		!strings.Contains(saved, "<total_iops_sec>1000") {
		t.Errorf("the saved definition is %s", saved)
	}

	acctest.RBD(t, "east", "resize", "--no-progress", "--size", "72M", pool+"/"+name)
	write("72MiB")
	got := step("grown", 0, 1, 72)
	if text := strings.Join(got.texts("test", "warning"), "\n"); !strings.Contains(text, "not told") || strings.Contains(text, warnsAtOnce) {
		t.Errorf("the operator reads %s", text)
	}
	see(60)

	detachByHand(t, g, "--config")
	step("put back in the saved definition", 0, 1, 72)
	detachByHand(t, g, "--live")
	step("put back in the guest", 0, 1, 72)
	if now := diskText(t, name, "--inactive"); now != saved {
		t.Errorf("the saved definition was put back as\n%s\nbefore:\n%s", now, saved)
	}
	if now := diskText(t, name); now != live {
		t.Errorf("the running guest has\n%s\nbefore:\n%s", now, live)
	}
	powerCycle(t, g)
	see(68)
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
