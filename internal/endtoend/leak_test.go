//go:build cgo

package endtoend_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// keysWorkspace returns a workspace with examples/keys-without-a-trace for the whole bed.
func keysWorkspace(t *testing.T) *acctest.Workspace {
	t.Helper()
	bed := acctest.Bed(t)
	w := acctest.NewWorkspace(t, "examples/keys-without-a-trace")
	clusters, keys := map[string]any{}, map[string]string{}
	for target, cluster := range map[string]*testbed.Cluster{"vdb": bed.Cluster("east"), "vdc": bed.Cluster("west")} {
		clusters[cluster.Name] = map[string]string{"mon_host": cluster.MonHost, "target_dev": target}
		keys[cluster.Name] = cluster.AdminKey
	}
	w.Set(t, "clusters", clusters)
	w.Set(t, "admin_keys", keys)
	w.Set(t, "hypervisors", uris(bed.Hypervisors()))
	w.Set(t, "hypervisor", "kvm1")
	w.Set(t, "domain", "keyless")
	w.Set(t, "force_destroy", true)
	return w
}

// secretOf returns the UUID of the secret with client.libvirt's key.
func secretOf(t *testing.T, host, cluster string) string {
	t.Helper()
	return secretWith(t, host, "client.libvirt@"+acctest.Bed(t).Cluster(cluster).FSID)
}

// secretWith returns the UUID of the secret whose usage name contains this text. Similar to: virsh secret-list.
func secretWith(t *testing.T, host, usage string) string {
	t.Helper()
	for line := range strings.Lines(acctest.Virsh(t, host, "secret-list")) {
		if strings.Contains(line, usage) {
			return strings.Fields(line)[0]
		}
	}
	t.Fatalf("virsh secret-list on %s has no %s", host, usage)
	return ""
}

// expectSameKeys compares the key that ceph shows of each user with the value that virsh shows of each secret. It returns the keys by
// cluster.
func expectSameKeys(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	for _, cluster := range []string{"east", "west"} {
		keys[cluster] = acctest.Ceph(t, cluster, "auth", "print-key", "client.libvirt")
		for _, host := range []string{"kvm1", "kvm2"} {
			if value := acctest.Virsh(t, host, "secret-get-value", secretOf(t, host, cluster)); value != keys[cluster] {
				t.Errorf("the secret of %s does not hold the key of client.libvirt on %s", host, cluster)
			}
		}
	}
	return keys
}

// Users and secrets are made, rotated, repaired, imported and destroyed, and no key is left in any place that should not have it.
func TestAccKeysLeaveNoTrace(t *testing.T) {
	bed := acctest.Bed(t)
	guest := definedGuest(t.Context(), t, bed.Hypervisor("kvm1"), testbed.GuestOptions{Name: "keyless"})
	before := inventory(t)
	// The disks are attached to a running guest, each after a probe. A key of a running guest changes; for a rotation it must be off.
	power := func(on bool) {
		act := guest.Destroy
		if on {
			act = guest.Start
		}
		if err := act(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	power(true)
	l := newLeaks(t)
	inPlay := func(when string, keys map[string]string) {
		for cluster, key := range keys {
			l.keys[fmt.Sprintf("the key of client.libvirt on %s, %s", cluster, when)] = key
		}
	}
	for _, cluster := range bed.Clusters() {
		l.keys["the key of client.admin on "+cluster.Name] = cluster.AdminKey
	}
	w := l.workspace(keysWorkspace(t))
	l.addCanary(t, w)

	l.run(t, w, "plan", "-input=false", "-out=first.tfplan")
	l.run(t, w, "apply", "-input=false", "first.tfplan")
	first := expectSameKeys(t)
	inPlay("as made", first)
	l.run(t, w, "plan", "-input=false", "-detailed-exitcode", "-out=empty.tfplan")

	power(false)
	w.Set(t, "key_generation", "2")
	if out := l.run(t, w, "plan", "-input=false", "-out=rotation.tfplan"); strings.Count(out, "key_fingerprint") < 2 ||
		!strings.Contains(out, "(known after apply)") {
		t.Errorf("the plan does not say that the keys will change:\n%s", out)
	}
	l.run(t, w, "apply", "-input=false", "rotation.tfplan")
	second := expectSameKeys(t)
	inPlay("rotated", second)
	for cluster := range second {
		if second[cluster] == first[cluster] {
			t.Errorf("the key on %s was not rotated", cluster)
		}
	}

	// A key is changed with ceph on one cluster, and with virsh on one host: one apply repairs both, and warns of the running guest.
	power(true)
	third := map[string]string{"east": freshKey(t), "west": second["west"]}
	inPlay("changed by hand", third)
	giveKey(t, "east", third["east"])
	setByHand(t, "kvm2", secretOf(t, "kvm2", "west"), l.addKey("a value set with virsh", freshKey(t)))
	l.run(t, w, "apply", "-refresh-only", "-auto-approve", "-input=false")
	if out := l.run(t, w, "apply", "-auto-approve", "-input=false"); !acctest.Message("Running domains keep the former key").MatchString(out) {
		t.Errorf("no warning of the guest that runs:\n%s", out)
	}
	expectSameKeys(t)
	l.run(t, w, "plan", "-input=false", "-detailed-exitcode")
	power(false)

	// A rotation is refused while a client is connected with the key, and nothing changes.
	closeImage := acctest.OpenImage(t, "east", "libvirt", "libvirt-pool/librbd")
	w.Set(t, "key_generation", "3")
	if out, err := l.try(t, w, "plan", "-input=false"); err == nil ||
		!acctest.Message("The key of client.libvirt can't be changed: clients are connected").MatchString(out) {
		t.Errorf("a rotation under a client was planned: %v\n%s", err, out)
	}
	closeImage()
	w.Set(t, "key_generation", "2")
	expectSameKeys(t)

	l.importAll(t)
	l.listAll(t, w)
	l.expectCanaries(t, w, "terraform.tfstate", "terraform.tfstate.backup", "first.tfplan/tfplan", "empty.tfplan/tfplan",
		"empty.tfplan/tfstate", "rotation.tfplan/tfplan", "rotation.tfplan/tfstate")
	l.expectNone(t, w)
	// The log that was searched has the provider's own lines, also those of calls with keys.
	log := string(l.searched(t, w)["what the provider logged"])
	for _, line := range []string{"cluster east: auth get-or-create entity=client.libvirt", "hypervisor kvm1: SecretSetValue secret="} {
		if !strings.Contains(log, line) {
			t.Errorf("the log that was searched has no line %q", line)
		}
	}
	l.run(t, w, "destroy", "-auto-approve", "-input=false")
	if after := inventory(t); after != before {
		t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
	}
	l.expectNone(t, w)
}

// addKey adds a key to those that are looked for.
func (l *leaks) addKey(name, key string) string {
	l.keys[name] = key
	return key
}

// importAll imports a user and a secret into a new workspace, with the configuration that Terraform generates.
func (l *leaks) importAll(t *testing.T) {
	t.Helper()
	bed := acctest.Bed(t)
	w := l.workspace(acctest.NewWorkspaceOf(t, fmt.Sprintf(`
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "key" {
  type      = string
  ephemeral = true
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = var.key } }
  hypervisors = { kvm1 = { uri = %q } }
}
import {
  to = ceph_user.libvirt
  id = "east/libvirt"
}
import {
  provider = ceph
  to       = libvirt_ceph_secret.libvirt
  id       = "kvm1/%s"
}
`, bed.Cluster("east").MonHost, bed.Hypervisor("kvm1").URI, secretOf(t, "kvm1", "east"))))
	w.Set(t, "key", bed.Cluster("east").AdminKey)
	l.addCanary(t, w)
	l.run(t, w, "plan", "-input=false", "-generate-config-out=generated.tf")
	l.run(t, w, "apply", "-auto-approve", "-input=false")
	l.run(t, w, "plan", "-input=false", "-detailed-exitcode")
	generated, err := os.ReadFile(filepath.Join(w.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	l.said[w].Write(generated)
	l.expectCanaries(t, w, "terraform.tfstate")
	l.expectNone(t, w)
}

// listAll asks for everything that can be listed on a cluster and a host, as a Terraform with the command query does, and adds the
// stream to what is searched. The canary is the label of both, so it has to be in every result.
func (l *leaks) listAll(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	bed := acctest.Bed(t)
	// The configuration has none of these.
	acctest.RBD(t, "east", "namespace", "create", "libvirt-pool/listed")
	defer acctest.RBD(t, "east", "namespace", "remove", "libvirt-pool/listed")
	acctest.RBD(t, "east", "snap", "create", "--no-progress", "libvirt-pool/librbd@listed")
	defer acctest.RBD(t, "east", "snap", "rm", "--no-progress", "libvirt-pool/librbd@listed")
	acctest.Ceph(t, "east", "osd", "erasure-code-profile", "set", "listed", "k=2", "m=1")
	defer acctest.Ceph(t, "east", "osd", "erasure-code-profile", "rm", "listed")
	acctest.Ceph(t, "east", "osd", "crush", "rule", "create-replicated", "listed", "default", "osd")
	defer acctest.Ceph(t, "east", "osd", "crush", "rule", "rm", "listed")
	const volumeSecret = "3a085c23-2177-242d-7661-c785df7f6230"
	definition := "<secret private='no'><uuid>" + volumeSecret + "</uuid><usage type='volume'><volume>listed</volume></usage></secret>"
	acctest.VirshIn(t, "kvm1", definition, "secret-define", "/dev/stdin")
	defer acctest.Virsh(t, "kvm1", "secret-undefine", volumeSecret)
	setByHand(t, "kvm1", volumeSecret, l.addKey("the value of a volume's secret", freshKey(t)))
	server, err := acctest.Factories()["ceph"]()
	if err != nil {
		t.Fatal(err)
	}
	asJSON := func(value any) *tfprotov6.DynamicValue {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return &tfprotov6.DynamicValue{JSON: text}
	}
	expectNoErrors := func(diagnostics []*tfprotov6.Diagnostic) {
		for _, d := range diagnostics {
			if d.Severity == tfprotov6.DiagnosticSeverityError {
				t.Errorf("%s: %s", d.Summary, d.Detail)
			}
		}
	}
	configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: asJSON(map[string]any{
		"clusters":    map[string]any{l.canary: map[string]string{"mon_host": bed.Cluster("east").MonHost, "key": bed.Cluster("east").AdminKey}},
		"hypervisors": map[string]any{l.canary: map[string]string{"uri": bed.Hypervisor("kvm1").URI}},
	})})
	if err != nil {
		t.Fatal(err)
	}
	expectNoErrors(configured.Diagnostics)
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	lists := server.(tfprotov6.ListResourceServer) //nolint:forcetypeassert // the provider has list resources
	for typeName := range schemas.ListResourceSchemas {
		results, err := lists.ListResource(t.Context(), &tfprotov6.ListResourceRequest{
			TypeName: typeName, IncludeResource: true, Config: asJSON(map[string]any{}),
		})
		if err != nil {
			t.Fatal(err)
		}
		where := "the list of " + typeName
		for result := range results.Results {
			expectNoErrors(result.Diagnostics)
			if result.Resource == nil {
				t.Fatalf("%s has a result without a resource", where)
			}
			l.listed[where] = append(append(l.listed[where], result.DisplayName...), result.Resource.MsgPack...)
			for _, d := range result.Diagnostics {
				l.listed[where] = append(l.listed[where], d.Summary+d.Detail...)
			}
		}
		l.expectCanary(t, w, where)
	}
}

func setByHand(t *testing.T, host, id, key string) {
	t.Helper()
	acctest.VirshIn(t, host, key, "secret-set-value", id, "--file", "/dev/stdin")
}
