//go:build cgo

package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestMain(m *testing.M) { acctest.Main(m, testbed.Options{Hypervisors: []string{"kvm1"}}) }

const required = "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"

// askCluster reads the identity of a cluster and nothing else.
const askCluster = "data \"ceph_cluster\" \"test\" {}\noutput \"fsid\" { value = data.ceph_cluster.test.fsid }\n"

// entry is the provider block with one cluster labelled east and these arguments.
func entry(arguments string) string {
	return required + "provider \"ceph\" {\n  clusters = {\n    east = { " + arguments + ", connect_timeout = \"30s\" }\n  }\n}\n"
}

// fsid applies the configuration and returns its output fsid.
func fsid(t *testing.T, w *acctest.Workspace) string {
	t.Helper()
	w.Apply(t)
	return strings.TrimSpace(w.Terraform(t, "output", "-raw", "fsid"))
}

func TestAccConfigFileAndKeyring(t *testing.T) {
	east := acctest.Bed(t).Cluster("east")
	w := acctest.NewWorkspaceOf(t, entry(fmt.Sprintf("config_file = %q, keyring_file = %q", east.ConfigFile, east.KeyringFile))+askCluster)
	if got := fsid(t, w); got != east.FSID {
		t.Errorf("fsid %s, want %s", got, east.FSID)
	}
}

// Environment variables configure a cluster and a hypervisor where the provider block has none.
func TestAccEnvironment(t *testing.T) {
	bed := acctest.Bed(t)
	west, kvm1 := bed.Cluster("west"), bed.Hypervisor("kvm1")
	w := acctest.NewWorkspaceOf(t, required+askCluster+fmt.Sprintf(
		"resource \"libvirt_ceph_secret\" \"test\" {\n  provider = ceph\n  usage_name = \"environment\"\n  key = %q\n}\n", goodKey))
	w.Setenv("CEPH_CONF", west.ConfigFile)
	w.Setenv("CEPH_KEYRING", west.KeyringFile)
	w.Setenv("LIBVIRT_DEFAULT_URI", kvm1.URI)
	if got := fsid(t, w); got != west.FSID {
		t.Errorf("fsid %s, want %s", got, west.FSID)
	}
	if state := string(w.State(t)); !strings.Contains(state, `"hypervisor": "libvirt"`) || !strings.Contains(state, kvm1.UUID) {
		t.Errorf("the secret is not on the hypervisor of the environment: %s", state)
	}
	w.Destroy(t)
}

// The environment variables of the ceph command don't change a configured cluster: they would lead to another one,
// or log in with another key.
func TestAccEnvironmentDoesNotLeak(t *testing.T) {
	bed := acctest.Bed(t)
	east, west := bed.Cluster("east"), bed.Cluster("west")
	wrong := filepath.Join(t.TempDir(), "keyring")
	if err := os.WriteFile(wrong, []byte("[client.admin]\n\tkey = "+goodKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string]string{
		"mon_host and key":        fmt.Sprintf("mon_host = %q, key = %q", east.MonHost, east.AdminKey),
		"config and keyring file": fmt.Sprintf("config_file = %q, keyring_file = %q", east.ConfigFile, east.KeyringFile),
	} {
		t.Run(name, func(t *testing.T) {
			w := acctest.NewWorkspaceOf(t, entry(arguments)+askCluster)
			w.Setenv("CEPH_CONF", west.ConfigFile)
			w.Setenv("CEPH_KEYRING", wrong)
			w.Setenv("CEPH_ARGS", "--mon-host "+west.MonHost+" --id nobody --keyring "+wrong+" --log-to-stderr=true --debug-ms=20")
			if got := fsid(t, w); got != east.FSID {
				t.Errorf("fsid %s, want %s", got, east.FSID)
			}
		})
	}
}

// Where the cluster or host is not the pinned one, nothing is done, and the message names both.
func TestAccPins(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	const other = "6a085c23-2177-242d-7661-c785df7f6230"
	block := fmt.Sprintf(required+`provider "ceph" {
  clusters    = { east = { mon_host = %q, key = %q, fsid = %q } }
  hypervisors = { kvm1 = { uri = %q, host_uuid = %q } }
}
resource "ceph_pool" "test" { name = "pinned" }
resource "libvirt_ceph_secret" "test" {
  provider   = ceph
  usage_name = "pinned"
  key        = %q
}
`, east.MonHost, east.AdminKey, other, kvm1.URI, other, goodKey)
	w := acctest.NewWorkspaceOf(t, block)
	out, err := w.Try(t, "apply", "-auto-approve", "-input=false")
	if err == nil {
		t.Fatalf("the apply went through:\n%s", out)
	}
	for _, words := range []string{
		fmt.Sprintf("pins fsid %s, but the monitors belong to the cluster with fsid %s", other, east.FSID), other, kvm1.UUID,
	} {
		if !acctest.Message(words).MatchString(out) {
			t.Errorf("no %q in\n%s", words, out)
		}
	}
	if pools := acctest.Ceph(t, "east", "osd", "pool", "ls"); strings.Contains(pools, "pinned") {
		t.Errorf("a pool was made: %s", pools)
	}
	if secrets := acctest.Virsh(t, "kvm1", "secret-list"); strings.Contains(secrets, "pinned") {
		t.Errorf("a secret was made: %s", secrets)
	}
}

// A key or URI may be made in the same apply: the first plan works, and so does a later one that makes it again.
func TestAccSettingsFromTheSameApply(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(required+`variable "generation" {}
resource "terraform_data" "made" {
  input            = { key = %q, uri = %q }
  triggers_replace = var.generation
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = terraform_data.made.output.key } }
  hypervisors = { kvm1 = { uri = terraform_data.made.output.uri } }
}
resource "ceph_pool" "test" { name = "same-apply" }
resource "ceph_user" "test" {
  name = "same-apply"
  caps = { mon = "profile rbd", osd = "profile rbd pool=${ceph_pool.test.name}" }
}
resource "libvirt_ceph_secret" "test" {
  provider   = ceph
  usage_name = "client.same-apply@${ceph_user.test.fsid}"
  key        = ceph_user.test.key
}
`, east.AdminKey, kvm1.URI, east.MonHost))
	w.Set(t, "generation", "1")
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	before := acctest.Ceph(t, "east", "auth", "get-key", "client.same-apply")

	w.Set(t, "generation", "2")
	out := w.Apply(t)
	if !strings.Contains(out, "State kept without refresh") || !strings.Contains(out, "1 added, 0 changed, 1 destroyed") {
		t.Errorf("not only the key was made anew, or no warning:\n%s", out)
	}
	if after := acctest.Ceph(t, "east", "auth", "get-key", "client.same-apply"); after != before {
		t.Error("the user has another key")
	}
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}
