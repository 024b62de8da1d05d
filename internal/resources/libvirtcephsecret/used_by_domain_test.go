//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// diskXML is an RBD disk as written for virsh, with the credentials beside the source. The secret is named by its UUID or by its usage.
func diskXML(t *testing.T, uuid, usage string) string {
	t.Helper()
	disk := acctest.RBDDisk(t, "east", "rbd/disk", "vdb", "guest", uuid)
	disk.Auth, disk.Source.Network.Auth = disk.Source.Network.Auth, nil
	disk.Auth.Secret.Usage = usage
	return acctest.XML(t, disk)
}

// A secret is not undefined while a domain, running or shut off, refers to it by UUID or by usage name. A change of the value warns of the
// running domains that still use the former one.
func TestAccLibvirtCephSecret_usedByDomain(t *testing.T) {
	bed := acctest.Bed(t)
	acctest.Ceph(t, "east", "osd", "pool", "create", "rbd", "8")
	acctest.RBD(t, "east", "pool", "init", "rbd")
	acctest.RBD(t, "east", "create", "--size", "4M", "rbd/disk")
	key := acctest.Ceph(t, "east", "auth", "get-or-create-key", "client.guest", "mon", "profile rbd", "osd", "profile rbd pool=rbd")

	const usage = "client.guest@east"
	id := defaultUUID(usage)
	config := func(key, version string) string { return acctest.Provider(t) + writeOnly(usage, key, version) }
	required := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"
	w := acctest.NewWorkspaceOf(t, required+config(key, "1"))
	w.Apply(t)

	guest, err := bed.Hypervisor("kvm1").DefineGuest(t.Context(), testbed.GuestOptions{Name: "guest", Paused: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := guest.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	acctest.VirshIn(t, "kvm1", diskXML(t, id, ""), "attach-device", "guest", "/dev/stdin", "--live")

	w.Write(t, required+config(cephxKey(2), "2"))
	out := w.Apply(t)
	if !acctest.Message("Running domains keep the former key").MatchString(out) ||
		!acctest.Message(`hypervisor "kvm1" was changed. These running domains`).MatchString(out) ||
		!strings.Contains(out, "guest (vdb)") {
		t.Errorf("no warning that names the running domain:\n%s", out)
	}
	// Without a change of the value no domain has a former one.
	w.Write(t, required+config(cephxKey(2), "3"))
	if out := w.Apply(t); strings.Contains(out, "Running domains") {
		t.Errorf("a warning although the value is the same:\n%s", out)
	}
	// The value was changed by hand and put back: the guest may have the right one.
	setValue(t, "kvm1", id, cephxKey(9))
	if out := w.Apply(t); strings.Contains(out, "former") ||
		!acctest.Message("which somebody else had changed, was put back. Of these running domains").MatchString(out) {
		t.Errorf("put back, but the warning is:\n%s", out)
	}

	refused := func(how string) {
		t.Helper()
		out, err := w.Try(t, "destroy", "-auto-approve", "-input=false")
		if err == nil || !acctest.Message(fmt.Sprintf(`The secret %s on hypervisor "kvm1" is in use by guest (vdb).`, id)).MatchString(out) ||
			!has(t, "kvm1", id) {
			t.Errorf("used by %s, but destroy said: %v\n%s", how, err, out)
		}
	}
	refused("the running domain")
	if err := guest.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	for how, disk := range map[string]string{"UUID": diskXML(t, strings.ToUpper(id), ""), "usage name": diskXML(t, "", usage)} {
		acctest.VirshIn(t, "kvm1", disk, "attach-device", "guest", "/dev/stdin", "--config")
		refused("a saved definition, by " + how)
		acctest.Virsh(t, "kvm1", "detach-disk", "guest", "vdb", "--config")
	}
	w.Destroy(t)
	if has(t, "kvm1", id) {
		t.Error("the secret is still there")
	}
	if err := guest.Undefine(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A write-only key is in no state, plan or log. A canary, which is in all of them, is found.
func TestAccLibvirtCephSecret_keyNotLeaked(t *testing.T) {
	acctest.Bed(t)
	key := cephxKey(42)
	w := acctest.NewWorkspaceOf(t, "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"+
		"variable \"secret\" {\n  type      = string\n  sensitive = true\n  ephemeral = true\n}\nvariable \"version_of_key\" {}\nvariable"+
		" \"canary\" {}\n"+
		acctest.Provider(t)+secretBlock("canary", "key_wo = var.secret", "key_wo_version = var.version_of_key", "description = var.canary")+
		// An error that the provider reports and logs.
		"resource \"libvirt_ceph_secret\" \"refused\" {\n  provider = ceph\n  count = var.version_of_key == \"none\" ? 1 : 0\n"+
		"  hypervisor = var.canary\n  usage_name = \"refused\"\n  key_wo = var.secret\n  key_wo_version = \"1\"\n}\n")
	canary, canaries := acctest.Canary(t)
	w.Set(t, "canary", canary)
	w.Set(t, "secret", key)
	w.Setenv("TF_LOG", "TRACE")
	var printed strings.Builder
	run := func(args ...string) {
		out, err := w.Try(t, args...)
		if err != nil {
			t.Fatal(err, out)
		}
		printed.WriteString(out)
	}
	for i, prepare := range []func(){
		func() { w.Set(t, "version_of_key", "1") },
		func() { w.Set(t, "version_of_key", "2") },
		func() { setValue(t, "kvm1", defaultUUID("canary"), cephxKey(9)) },
	} {
		prepare()
		run("plan", "-input=false", "-out=plan")
		run("show", "-json", "plan")
		run("apply", "-input=false", "plan")
		if got := value(t, "kvm1", defaultUUID("canary")); got != key {
			t.Fatalf("apply %d: libvirt holds %s", i, got)
		}
	}
	w.Set(t, "version_of_key", "none")
	out, err := w.Try(t, "plan", "-input=false")
	if err == nil {
		t.Errorf("a hypervisor that is not there was planned:\n%s", out)
	}
	printed.WriteString(out)
	files := w.Files(t)
	for _, place := range []string{"terraform.tfstate", "terraform.tfstate.backup", "plan/tfplan", "plan/tfstate"} {
		acctest.ExpectCanary(t, place, files[place], canaries)
	}
	acctest.ExpectCanary(t, "what terraform printed and logged", []byte(printed.String()), canaries)
	acctest.ExpectCanary(t, "what the provider logged", acctest.ProviderLog([]byte(printed.String())), canaries)
	files["what terraform printed and logged"] = []byte(printed.String())
	if !strings.Contains(printed.String(), "[TRACE]") || len(files["terraform.tfstate"]) == 0 || len(files["terraform.tfstate.backup"]) == 0 {
		t.Fatal("there is nothing to search")
	}
	for name, content := range files {
		if at := acctest.FindKey(content, key); at != "" {
			t.Errorf("%s holds the key, %s", name, at)
		}
	}
	w.Set(t, "version_of_key", "2")
	w.Destroy(t)
}
