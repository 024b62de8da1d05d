//go:build cgo

package libvirtcephsecret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// holds checks with virsh that the secret has this value.
func holds(t *testing.T, id, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := value(t, "kvm1", id); got != want {
			return fmt.Errorf("libvirt holds %q, want %q", got, want)
		}
		return nil
	}
}

func TestAccLibvirtCephSecret_basic(t *testing.T) {
	bed := acctest.Bed(t)
	const usage = "client.libvirt@basic"
	id, key := defaultUUID(usage), cephxKey(1)
	config := acctest.Provider(t) + secretBlock(usage, fmt.Sprintf("key = %q", key)) + `
data "libvirt_ceph_secret" "by_usage" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = libvirt_ceph_secret.test.usage_name
}
data "libvirt_ceph_secret" "by_uuid" {
  provider   = ceph
  hypervisor = "kvm1"
  uuid       = libvirt_ceph_secret.test.uuid
}
`
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: config,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "id", "kvm1/"+id),
				resource.TestCheckResourceAttr(address, "uuid", id),
				resource.TestCheckResourceAttr(address, "host_uuid", bed.Hypervisor("kvm1").UUID),
				resource.TestCheckResourceAttr(address, "key_fingerprint", fingerprintOf(t, key)),
				resource.TestCheckResourceAttr("data.libvirt_ceph_secret.by_usage", "uuid", id),
				resource.TestCheckResourceAttr("data.libvirt_ceph_secret.by_uuid", "usage_name", usage),
				resource.TestCheckResourceAttr("data.libvirt_ceph_secret.by_uuid", "key_fingerprint", fingerprintOf(t, key)),
				resource.TestCheckNoResourceAttr("data.libvirt_ceph_secret.by_uuid", "key"),
				holds(t, id, key),
				acctest.Recorded(t, secretType, acctest.Set, "id", "host_uuid", "key_fingerprint"),
			),
		},
		{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
		// Undefined outside of Terraform: the plan creates it again.
		{
			PreConfig: func() { acctest.Virsh(t, "kvm1", "secret-undefine", id) }, Config: config,
			ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: holds(t, id, key),
		},
		{Config: config, Destroy: true},
		{Config: acctest.Provider(t), Check: func(*terraform.State) error {
			if has(t, "kvm1", id) {
				return fmt.Errorf("the secret is still there")
			}
			return nil
		}},
	}})
}

func TestAccLibvirtCephSecret_disappears(t *testing.T) {
	acctest.Bed(t)
	const usage = "disappears"
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{{
		Config: acctest.Provider(t) + secretBlock(usage, fmt.Sprintf("key = %q", cephxKey(1))),
		Check: func(*terraform.State) error {
			acctest.Virsh(t, "kvm1", "secret-undefine", defaultUUID(usage))
			return nil
		},
		ExpectNonEmptyPlan: true,
	}}})
}

// After an import the plan is empty where the version is the fingerprint found, and writes the key in place otherwise.
func TestAccLibvirtCephSecret_import(t *testing.T) {
	bed := acctest.Bed(t)
	const usage = "client.libvirt@import"
	id, key := "9a085c23-2177-242d-7661-c785df7f6230", cephxKey(3)
	prepare := func() {
		define(t, "kvm1", id, usage)
		setValue(t, "kvm1", id, key)
	}
	imported := func(body ...string) string {
		return acctest.Provider(t) + fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s\"\n}\n", address, id) +
			secretBlock(usage, append(body, fmt.Sprintf("uuid = %q", id))...)
	}
	for name, tc := range map[string]struct {
		config string
		action plancheck.ResourceActionType
		marks  []string
	}{
		"version is the fingerprint": {
			imported(fmt.Sprintf("key_wo = %q", key), fmt.Sprintf("key_wo_version = %q", fingerprintOf(t, key))), plancheck.ResourceActionNoop,
			[]string{"key_wo", "key_wo_version", "key_fingerprint", "id", "host_uuid"},
		},
		"another version": {imported(fmt.Sprintf("key_wo = %q", key), `key_wo_version = "1"`), plancheck.ResourceActionUpdate, nil},
		"key":             {imported(fmt.Sprintf("key = %q", key)), plancheck.ResourceActionUpdate, nil},
	} {
		t.Run(name, func(t *testing.T) {
			prepare()
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{
					Config: tc.config, ConfigPlanChecks: planned(tc.action),
					Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, key),
						resource.TestCheckResourceAttr(address, "host_uuid", bed.Hypervisor("kvm1").UUID),
						resource.TestCheckResourceAttr(address, "key_fingerprint", fingerprintOf(t, key)),
						acctest.Recorded(t, secretType, acctest.Imported, tc.marks...)),
				},
				{
					PreConfig: func() { setValue(t, "kvm1", id, cephxKey(9)) }, Config: tc.config,
					ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: holds(t, id, key),
				},
			}})
		})
	}
}

// A secret with the same UUID or usage name is found before libvirt is asked to define anything. The error says what to do.
func TestAccLibvirtCephSecret_existsAlready(t *testing.T) {
	acctest.Bed(t)
	const other, usage = "8a085c23-2177-242d-7661-c785df7f6230", "client.libvirt secret"
	define(t, "kvm1", other, usage)
	setValue(t, "kvm1", other, cephxKey(7))
	key := fmt.Sprintf("key = %q", cephxKey(1))
	before := acctest.Virsh(t, "kvm1", "secret-list")
	step := func(config, message string) resource.TestStep {
		return resource.TestStep{Config: acctest.Provider(t) + config, ExpectError: acctest.Message(message)}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		step(secretBlock(usage, key), fmt.Sprintf(`The usage name %q is taken on hypervisor "kvm1" by the secret %s.`, usage, other)),
		step(secretBlock(usage, key), "terraform import ADDRESS kvm1/"+other),
		step(secretBlock("another usage", key, fmt.Sprintf("uuid = %q", other)),
			fmt.Sprintf(`Hypervisor "kvm1" already has a secret with the UUID %s; its usage name is %q.`, other, usage)),
		// The same definition with another value was not made by this resource.
		step(secretBlock(usage, key, fmt.Sprintf("uuid = %q", other)), "terraform import ADDRESS kvm1/"+other),
	}})
	if after := acctest.Virsh(t, "kvm1", "secret-list"); after != before {
		t.Errorf("the secrets were %s\nand are %s", before, after)
	}
	if got := value(t, "kvm1", other); got != cephxKey(7) {
		t.Errorf("the value of somebody's secret is now %s", got)
	}
	acctest.Virsh(t, "kvm1", "secret-undefine", other)
}

// A secret that is not for Ceph is never managed.
func TestAccLibvirtCephSecret_otherUsageType(t *testing.T) {
	acctest.Bed(t)
	const other = "5a085c23-2177-242d-7661-c785df7f6230"
	acctest.VirshIn(t, "kvm1", "<secret ephemeral='no' private='no'><uuid>"+other+
		"</uuid><usage type='volume'><volume>/srv/images/luks.img</volume></usage></secret>",
		"secret-define", "/dev/stdin")
	const message = `is not for Ceph: its usage type is "volume"`
	block := secretBlock("x", fmt.Sprintf("key = %q", cephxKey(1)), fmt.Sprintf("uuid = %q", other))
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + block, ExpectError: acctest.Message(message)},
		{
			Config: acctest.Provider(t) +
				fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s\"\n}\n", address, other) + block,
			ExpectError: acctest.Message(message),
		},
		{
			Config: acctest.Provider(t) + fmt.Sprintf("data %q \"x\" {\n  provider = ceph\n  hypervisor = \"kvm1\"\n  uuid = %q\n}\n",
				secretType, other),
			ExpectError: acctest.Message(message),
		},
	}})
	if !has(t, "kvm1", other) {
		t.Error("somebody's secret is gone")
	}
	acctest.Virsh(t, "kvm1", "secret-undefine", other)
}

// A secret that an interrupted create left is completed by the next one.
func TestAccLibvirtCephSecret_interruptedCreate(t *testing.T) {
	acctest.Bed(t)
	key := cephxKey(1)
	for name, left := range map[string]func(t *testing.T, id, usage string){
		"before the value": func(t *testing.T, id, usage string) { define(t, "kvm1", id, usage) },
		"after the value": func(t *testing.T, id, usage string) {
			define(t, "kvm1", id, usage)
			setValue(t, "kvm1", id, key)
		},
	} {
		t.Run(name, func(t *testing.T) {
			usage := "cut off " + name
			config := acctest.Provider(t) + secretBlock(usage, fmt.Sprintf("key = %q", key), `description = "disks"`)
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
				{PreConfig: func() { left(t, defaultUUID(usage), usage) }, Config: config, Check: holds(t, defaultUUID(usage), key)},
				{Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
			}})
		})
	}
}

// A replacement that is created before the present object is deleted takes the secret over, and the secret stays. Where two resources of
// one apply describe the same secret, one is created.
func TestAccLibvirtCephSecret_createBeforeDestroy(t *testing.T) {
	acctest.Bed(t)
	const usage = "made before"
	key := cephxKey(4)
	lifecycle := "lifecycle {\n    create_before_destroy = true\n  }"
	provider := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n" + acctest.Provider(t)
	one := secretBlock(usage, fmt.Sprintf("key = %q", key), lifecycle)
	other := strings.Replace(one, `"test"`, `"other"`, 1)
	w := acctest.NewWorkspaceOf(t, provider+one)
	w.Apply(t)
	for what, change := range map[string]func() string{
		"-replace": func() string { return w.Apply(t, "-replace=libvirt_ceph_secret.test") },
		"another address": func() string {
			w.Write(t, provider+other)
			defer w.Write(t, provider+one)
			return w.Apply(t)
		},
	} {
		change()
		if !has(t, "kvm1", defaultUUID(usage)) {
			t.Errorf("%s: the secret is gone", what)
		} else if got := value(t, "kvm1", defaultUUID(usage)); got != key {
			t.Errorf("%s: libvirt holds %s, want %s", what, got, key)
		}
		w.Apply(t)
		w.ExpectEmptyPlan(t)
	}
	w.Destroy(t)
	if has(t, "kvm1", defaultUUID(usage)) {
		t.Error("the secret is still there")
	}
}

// Only one resource can have a secret, whatever label or spelling names it. Where two have it in their state, destroying one does not
// undefine it.
func TestAccLibvirtCephSecret_twoResources(t *testing.T) {
	uri := acctest.Bed(t).Hypervisor("kvm1").URI
	const usage = "one owner"
	id := defaultUUID(usage)
	key := fmt.Sprintf("key = %q", cephxKey(4))
	provider := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n" +
		fmt.Sprintf("provider \"ceph\" {\n  hypervisors = { kvm1 = { uri = %q }, host1 = { uri = %q } }\n}\n", uri, uri)
	block := func(label, host string, lines ...string) string {
		return fmt.Sprintf("resource \"libvirt_ceph_secret\" %q {\n  provider = ceph\n  hypervisor = %q\n  usage_name = %q\n  %s\n}\n",
			label, host, usage, strings.Join(append(lines, key), "\n  "))
	}
	one := provider + block("test", "kvm1")
	w := acctest.NewWorkspaceOf(t, one)
	imported := fmt.Sprintf("import {\n  provider = ceph\n  to = libvirt_ceph_secret.other\n  id = \"kvm1/%s\"\n}\n", id)
	rows := []struct{ what, config, words string }{
		{"the same", block("other", "kvm1"), "already has a secret with the UUID"},
		{"another label of the host", block("other", "host1"), "already has a secret with the UUID"},
		{
			"another spelling of the UUID", block("other", "kvm1", fmt.Sprintf("uuid = %q", strings.ToUpper(id))),
			"already has a secret with the UUID",
		},
	}
	refused := func(when, what, config, words string) {
		t.Helper()
		w.Write(t, one+config)
		for _, command := range [][]string{{"plan"}, {"apply", "-auto-approve"}} {
			out, err := w.Try(t, append(command, "-input=false")...)
			if err == nil || !acctest.Message(words).MatchString(out) {
				t.Errorf("%s: %s: %s: not refused with %q: %v\n%s", when, what, command[0], words, err, out)
			}
		}
	}
	for _, row := range rows {
		refused("two new ones", row.what, row.config, row.words)
	}
	if has(t, "kvm1", id) {
		t.Error("a refused apply has made the secret")
	}
	w.Write(t, one)
	w.Apply(t)
	for _, row := range append(rows, struct{ what, config, words string }{
		"imported", imported + block("other", "kvm1"),
		"belongs to another resource",
	}) {
		refused("a second one", row.what, row.config, row.words)
	}
	w.Write(t, one+block("other", "kvm1"))
	w.Terraform(t, "import", "-input=false", "libvirt_ceph_secret.other", "kvm1/"+id)
	if out := w.Terraform(t, "plan", "-input=false"); !strings.Contains(out, "Secret belongs to two resources") {
		t.Errorf("two owners are not told:\n%s", out)
	}
	refused("two owners", "one is to go", "", "of which one is to be destroyed")
	if !has(t, "kvm1", id) {
		t.Error("the other's secret is gone")
	}
	w.Terraform(t, "state", "rm", "libvirt_ceph_secret.other")
	w.Apply(t, "-replace=libvirt_ceph_secret.test")
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
	if has(t, "kvm1", id) {
		t.Error("the secret is still there")
	}
}

// A host that lost its secrets gets them back, with the same UUIDs. The provider reconnects to a daemon that was restarted.
func TestAccLibvirtCephSecret_hostLosesSecrets(t *testing.T) {
	bed := acctest.Bed(t)
	kvm1 := bed.Hypervisor("kvm1")
	key := cephxKey(1)
	config := func(ephemeral string) string {
		return acctest.Provider(t) + secretBlock("lost", fmt.Sprintf("key_wo = %q", key), `key_wo_version = "1"`, "ephemeral = "+ephemeral)
	}
	id := defaultUUID("lost")
	restart := func() {
		if err := kvm1.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("false"), Check: holds(t, id, key)},
		{PreConfig: restart, Config: config("false"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: holds(t, id, key)},
		{
			PreConfig: func() {
				if err := kvm1.Stop(); err != nil {
					t.Fatal(err)
				}
				if err := os.RemoveAll(filepath.Join(bed.Dir, "kvm1", "config", "libvirt", "secrets")); err != nil {
					t.Fatal(err)
				}
				restart()
				if has(t, "kvm1", id) {
					t.Fatal("the host has not lost its secrets")
				}
			},
			Config: config("false"), ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: holds(t, id, key),
		},
		{Config: config("true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: holds(t, id, key)},
		// libvirt removed the value from the disk when the secret became ephemeral, but left the former definition there.
		{PreConfig: restart, Config: config("true"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: holds(t, id, key)},
		{Config: config("false"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: holds(t, id, key)},
		// No longer ephemeral: the value is on disk again.
		{PreConfig: restart, Config: config("false"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: holds(t, id, key)},
	}})
}

// An ephemeral secret is lost when the daemon ends, and the next apply creates it again.
func TestAccLibvirtCephSecret_ephemeral(t *testing.T) {
	kvm1 := acctest.Bed(t).Hypervisor("kvm1")
	key := cephxKey(1)
	config := acctest.Provider(t) + secretBlock("in memory", fmt.Sprintf("key = %q", key), "ephemeral = true")
	id := defaultUUID("in memory")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, Check: holds(t, id, key)},
		{
			PreConfig: func() {
				if err := kvm1.Restart(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionCreate), Check: holds(t, id, key),
		},
	}})
}

// The value of a private secret can't be read back, so its fingerprint is null.
func TestAccLibvirtCephSecret_private(t *testing.T) {
	acctest.Bed(t)
	const usage = "kept private"
	config := func(private, version string) string {
		return acctest.Provider(t) + writeOnly(usage, cephxKey(1), version, "private = "+private)
	}
	id := defaultUUID(usage)
	none := resource.TestCheckNoResourceAttr(address, "key_fingerprint")
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("true", "1"), Check: resource.ComposeAggregateTestCheckFunc(none, holds(t, id, "private"))},
		{Config: config("true", "2"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate), Check: none},
		{
			PreConfig: func() { setValue(t, "kvm1", id, cephxKey(9)) },
			Config:    config("true", "2"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: none,
		},
		{
			Config: config("false", "2"), ConfigPlanChecks: planned(plancheck.ResourceActionReplace),
			Check: resource.ComposeAggregateTestCheckFunc(holds(t, id, cephxKey(1)), resource.TestCheckResourceAttr(address, "key_fingerprint",
				fingerprintOf(t, cephxKey(1)))),
		},
	}})
}

// A time limit of the resource ends a call that libvirtd does not answer, before the limits of the provider block do.
func TestAccLibvirtCephSecret_timeouts(t *testing.T) {
	kvm1 := acctest.Bed(t).Hypervisor("kvm1")
	provider := strings.ReplaceAll(acctest.Provider(t), `connect_timeout = "30s"`, `connect_timeout = "60s"`)
	config := provider + secretBlock("limited", fmt.Sprintf("key = %q", cephxKey(1)), `timeouts = { read = "15s" }`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{
			PreConfig: func() {
				if err := kvm1.Pause(); err != nil {
					t.Fatal(err)
				}
			},
			Config: config, ExpectError: acctest.Message("context deadline exceeded"),
		},
		{
			PreConfig: func() {
				if err := kvm1.Resume(); err != nil {
					t.Fatal(err)
				}
				// From now on the daemon has to run again, because the limit applies again.
				acctest.Virsh(t, "kvm1", "secret-list")
			},
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop), Check: acctest.Recorded(t, secretType, acctest.Set, "timeouts"),
		},
	}})
}
