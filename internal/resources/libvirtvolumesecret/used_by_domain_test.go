//go:build cgo

package libvirtvolumesecret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const required = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

// diskXML is an encrypted disk as written for virsh, in one of the two places where libvirt takes an encryption.
func diskXML(secret string, ofSource bool) string {
	encryption := "<encryption format='luks'><secret type='passphrase' " + secret + "/></encryption>"
	inSource, inDisk := "", encryption
	if ofSource {
		inSource, inDisk = encryption, ""
	}
	return "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='rbd' name='rbd/none'>" +
		"<host name='127.0.0.1' port='1'/>" + inSource + "</source><target dev='vdb' bus='virtio'/>" + inDisk + "</disk>"
}

// A secret is not undefined while a domain refers to it, wherever that is. A new value warns of those domains, by their names, before it is
// written.
func TestAccLibvirtVolumeSecret_usedByDomain(t *testing.T) {
	bed := acctest.Bed(t)
	const volume = "east/vms/used"
	id := defaultUUID(volume)
	config := func(version string) string {
		return required + acctest.Provider(t) + secretBlock(volume, with("one", version))
	}
	w := acctest.NewWorkspaceOf(t, config("1"))
	w.Apply(t)
	guest, err := bed.Hypervisor("kvm1").DefineGuest(t.Context(), testbed.GuestOptions{Name: "encrypted"})
	if err != nil {
		t.Fatal(err)
	}
	// A ceph secret of the same usage name is another one, which nobody uses.
	other := strings.NewReplacer(secretType, "libvirt_ceph_secret", "volume =", "usage_name =").Replace(
		secretBlock(volume, fmt.Sprintf("key = %q", cephxKey)))
	w.Write(t, config("1")+other)
	w.Apply(t)
	for how, disk := range map[string]string{
		"UUID, of the source": diskXML("uuid='"+strings.ToUpper(id)+"'", true), "UUID, of the disk": diskXML("uuid='"+id+"'", false),
		"usage name": diskXML("usage='"+volume+"'", true),
	} {
		acctest.VirshIn(t, "kvm1", disk, "attach-device", "encrypted", "/dev/stdin", "--config")
		out, err := w.Try(t, "destroy", "-auto-approve", "-input=false", "-target="+address)
		if err == nil || !acctest.Message(fmt.Sprintf(`The secret %s on hypervisor "kvm1" is in use by encrypted (vdb).`, id)).MatchString(out) ||
			!has(t, "kvm1", id) {
			t.Errorf("used by %s, but destroy said: %v\n%s", how, err, out)
		}
		w.Write(t, config("written again for "+how)+other)
		if out := w.Terraform(t, "plan", "-input=false"); !acctest.Message("these domains refer to it: encrypted (vdb).").MatchString(out) ||
			!strings.Contains(out, "Passphrase of a secret in use is written") {
			t.Errorf("used by %s, and the plan does not warn:\n%s", how, out)
		}
		acctest.Virsh(t, "kvm1", "detach-disk", "encrypted", "vdb", "--config")
	}
	acctest.VirshIn(t, "kvm1", diskXML("usage='"+volume+"'", true), "attach-device", "encrypted", "/dev/stdin", "--config")
	w.Terraform(t, "destroy", "-auto-approve", "-input=false", "-target=libvirt_ceph_secret.test")
	w.Write(t, config("1"))
	if out := w.Terraform(t, "plan", "-input=false"); strings.Contains(out, "Passphrase of a secret in use") {
		t.Errorf("a warning although nothing is written:\n%s", out)
	}
	if err := guest.Undefine(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Destroy(t)
	if has(t, "kvm1", id) {
		t.Error("the secret is still there")
	}
}

// A secret that is gone is not made again without its value, by a plan that did not see that.
func TestAccLibvirtVolumeSecret_goneBeforeTheApply(t *testing.T) {
	acctest.Bed(t)
	const volume = "east/vms/gone"
	id := defaultUUID(volume)
	config := func(description string) string {
		return required + acctest.Provider(t) + secretBlock(volume, with("one", "1"), fmt.Sprintf("description = %q", description))
	}
	w := acctest.NewWorkspaceOf(t, config("before"))
	w.Apply(t)
	acctest.Virsh(t, "kvm1", "secret-undefine", id)
	w.Write(t, config("after"))
	out, err := w.Try(t, "apply", "-refresh=false", "-auto-approve", "-input=false")
	if err == nil || !acctest.Message("Secret "+id+` is not on hypervisor "kvm1"`).MatchString(out) || has(t, "kvm1", id) {
		t.Errorf("made without a value: %v\n%s", err, out)
	}
	w.Apply(t)
	if got := stored(t, id); got != "one" {
		t.Errorf("the value is %q", got)
	}
	w.Destroy(t)
}

// A passphrase is in no state, plan or log, and nothing that was computed from it: a text that is in all of them is found.
func TestAccLibvirtVolumeSecret_passphraseNotLeaked(t *testing.T) {
	acctest.Bed(t)
	passphrase := acctest.Passphrase()
	w := acctest.NewWorkspaceOf(t, required+
		"variable \"passphrase\" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\nvariable \"version_of_it\" {}\nvariable"+
		" \"canary\" {}\n"+acctest.Provider(t)+
		secretBlock("leaking", "passphrase_wo = var.passphrase", "passphrase_wo_version = var.version_of_it", "description = var.canary",
			"private = false")+
		// An error that the provider reports and logs.
		"resource \"libvirt_volume_secret\" \"refused\" {\n  provider = ceph\n  count = var.version_of_it == \"none\" ? 1 : 0\n"+
		"  hypervisor = var.canary\n  volume = \"refused\"\n  passphrase_wo = var.passphrase\n  passphrase_wo_version = \"1\"\n}\n")
	canary := acctest.Passphrase()
	w.Set(t, "canary", canary)
	w.Set(t, "passphrase", passphrase)
	w.Setenv("TF_LOG", "TRACE")
	var printed strings.Builder
	run := func(args ...string) {
		out, err := w.Try(t, args...)
		if err != nil {
			t.Fatal(err, out)
		}
		printed.WriteString(out)
	}
	for _, version := range []string{"1", "2"} {
		w.Set(t, "version_of_it", version)
		run("plan", "-input=false", "-out=plan")
		run("show", "-json", "plan")
		run("apply", "-input=false", "plan")
		if got := stored(t, defaultUUID("leaking")); got != passphrase {
			t.Fatalf("version %s: libvirt holds %s", version, got)
		}
	}
	w.Set(t, "version_of_it", "none")
	out, err := w.Try(t, "plan", "-input=false")
	if err == nil {
		t.Errorf("a hypervisor that is not there was planned:\n%s", out)
	}
	printed.WriteString(out)
	files := w.Files(t)
	files["what terraform printed and logged"] = []byte(printed.String())
	files["what the provider logged"] = acctest.ProviderLog([]byte(printed.String()))
	for _, place := range []string{
		"terraform.tfstate", "terraform.tfstate.backup", "plan/tfplan", "plan/tfstate", "what terraform printed and logged",
		"what the provider logged",
	} {
		if acctest.FindPassphrase(files[place], canary) == "" {
			t.Errorf("the canary was not found in the %d bytes of %s", len(files[place]), place)
		}
	}
	for name, content := range files {
		if at := acctest.FindPassphrase(content, passphrase); at != "" {
			t.Errorf("%s holds the passphrase, %s", name, at)
		}
	}
	w.Set(t, "version_of_it", "2")
	w.Destroy(t)
}
