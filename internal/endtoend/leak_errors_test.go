//go:build cgo

package endtoend_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// failing is a configuration in which everything fails that can fail and uses a key. The variable step chooses what fails.
const failing = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "keys" {
  type      = map(string)
  sensitive = true
  ephemeral = true
}
variable "step" { type = string }
variable "canary" { type = string }
provider "ceph" {
  clusters = {
    east    = { mon_host = "EAST", key = var.keys.admin }
    dead    = { mon_host = "127.0.0.1:1", key = var.keys.dead, connect_timeout = "1s" }
    denied  = { mon_host = "EAST", key = var.keys.wrong }
    pinned  = { mon_host = "EAST", key = var.keys.admin, fsid = "77085c23-2177-242d-7661-c785df7f6230" }
    file    = { config_file = "FOLDER/ceph.conf" }
    keyring = { mon_host = "EAST", keyring_file = "FOLDER/keyring" }
    key     = { mon_host = "EAST", key = var.step == "provider" ? var.keys.twice : var.keys.admin }
  }
  hypervisors = {
    kvm1 = { uri = "KVM1" }
    gone = { uri = "qemu+unix:///session?socket=/nonexistent/libvirt-sock" }
  }
}
locals {
  caps = { mon = "profile rbd" }
}
import {
  for_each = var.step == "own" ? { admin = "east/admin" } : {}
  to       = ceph_user.own[each.key]
  id       = each.value
}
resource "ceph_user" "own" {
  for_each     = var.step == "own" ? { admin = "admin" } : {}
  cluster      = "east"
  name         = each.value
  caps         = { mon = "allow *", mgr = "allow *", osd = "allow *", mds = "allow *" }
  key_in_state = false
}
resource "libvirt_ceph_secret" "canary" {
  provider       = ceph
  hypervisor     = "kvm1"
  usage_name     = "canary"
  description    = var.canary
  key_wo         = var.keys.secret
  key_wo_version = "1"
}
resource "ceph_user" "malformed" {
  for_each       = { for name in ["text", "twice", "keyring"] : name => name if var.step == "valid" }
  cluster        = "east"
  name           = "malformed"
  caps           = local.caps
  key_wo         = var.keys[each.key]
  key_wo_version = "1"
}
resource "libvirt_ceph_secret" "malformed" {
  provider       = ceph
  for_each       = { for name in ["text", "twice", "keyring"] : name => name if var.step == "valid" }
  hypervisor     = "kvm1"
  usage_name     = "malformed"
  key_wo         = var.keys[each.key]
  key_wo_version = "1"
}
resource "ceph_user" "planned" {
  for_each       = { for label in ["dead", "denied", "pinned", "file", "keyring", var.canary] : label => label if var.step == "plan" }
  cluster        = each.key
  name           = "libvirt"
  caps           = local.caps
  key_wo         = var.keys.chosen
  key_wo_version = "1"
}
resource "libvirt_ceph_secret" "planned" {
  provider       = ceph
  count          = var.step == "plan" ? 1 : 0
  hypervisor     = "gone"
  usage_name     = "gone"
  key_wo         = var.keys.chosen
  key_wo_version = "1"
}
ephemeral "ceph_user_key" "planned" {
  for_each = { for label in ["east", "denied"] : label => label if var.step == "plan" }
  cluster  = each.key
  entity   = "client.nobody"
}
resource "ceph_user" "exists" {
  count          = var.step == "apply" ? 1 : 0
  cluster        = "east"
  name           = "present"
  caps           = local.caps
  key_wo         = var.keys.chosen
  key_wo_version = "1"
}
resource "ceph_user" "typed" {
  count    = var.step == "apply" ? 1 : 0
  cluster  = "east"
  name     = "typed"
  caps     = local.caps
  key_type = "aes256k"
}
resource "libvirt_ceph_secret" "clash" {
  provider       = ceph
  count          = var.step == "apply" ? 1 : 0
  hypervisor     = "kvm1"
  usage_name     = "clash"
  key_wo         = var.keys.chosen
  key_wo_version = "1"
}
resource "libvirt_rbd_disk" "wrong" {
  provider    = ceph
  count       = var.step == "apply" ? 1 : 0
  hypervisor  = "kvm1"
  domain      = "keyless"
  cluster     = "east"
  pool        = "leaking"
  image       = "disk"
  user        = "admin"
  secret_uuid = libvirt_ceph_secret.canary.uuid
  target_dev  = "vdb"
}
`

// No error message holds a key, whether the key is right, wrong or malformed. A canary goes the same ways and must be found in each
// place, which shows that the detector works there.
func TestAccErrorsHoldNoKey(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	definedGuest(t.Context(), t, kvm1, testbed.GuestOptions{Name: "keyless"})
	acctest.Ceph(t, "east", "osd", "pool", "create", "leaking", "8")
	acctest.RBD(t, "east", "pool", "init", "leaking")
	acctest.RBD(t, "east", "create", "--size", "1M", "leaking/disk")
	defer acctest.Ceph(t, "east", "osd", "pool", "delete", "leaking", "leaking", "--yes-i-really-really-mean-it")

	l := newLeaks(t)
	secret := freshKey(t)
	keys := map[string]string{"admin": east.AdminKey}
	for _, name := range []string{"dead", "wrong", "secret", "chosen"} {
		keys[name] = freshKey(t)
	}
	for name, key := range keys {
		l.addKey("the key "+name, key)
	}
	keys["text"] = strings.Repeat("no cephx key ", 2) + freshKey(t)[:20]
	keys["twice"] = base64.StdEncoding.EncodeToString([]byte(l.addKey("the key that is encoded twice", freshKey(t))))
	keys["keyring"] = "[client.x]\n\tkey = " + l.addKey("the key of a keyring", freshKey(t))
	l.malformed["a text that is no key"] = keys["text"]
	folder := t.TempDir()
	for name, text := range map[string]string{
		"ceph.conf": "[global]\nmon_host = " + east.MonHost + "\n[client]\nkey = %s\nkeyring = /dev/null\n",
		"keyring":   "[client.admin]\n\tkey = %s\n",
	} {
		bad := freshKey(t)[:30] + "!"
		l.malformed["a malformed key in the file "+name] = bad
		if err := os.WriteFile(filepath.Join(folder, name), []byte(fmt.Sprintf(text, bad)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const clash = "7b085c23-2177-242d-7661-c785df7f6230"
	acctest.Virsh(t, "kvm1", "secret-define", "--file",
		file(t, "secret.xml", "<secret><uuid>"+clash+"</uuid><usage type='ceph'><name>clash</name></usage></secret>"))
	defer acctest.Virsh(t, "kvm1", "secret-undefine", clash)
	setByHand(t, "kvm1", clash, l.addKey("the value of a secret that is there", secret))

	acctest.Ceph(t, "east", "auth", "add", "client.present", "mon", "profile rbd")
	defer acctest.Ceph(t, "east", "auth", "rm", "client.present")
	l.addKey("the key of a user that is there", acctest.Ceph(t, "east", "auth", "get-key", "client.present"))

	w := l.workspace(acctest.NewWorkspaceOf(t, strings.NewReplacer("EAST", east.MonHost, "KVM1", kvm1.URI, "FOLDER", folder).Replace(failing)))
	w.Set(t, "keys", keys)
	l.run(t, w, "apply", "-auto-approve", "-input=false", "-var=step=own", "-var=canary="+l.canary)
	said := map[string]string{}
	for _, step := range []string{"provider", "valid", "plan", "apply"} {
		out, err := l.try(t, w, "apply", "-auto-approve", "-input=false", "-var=step="+step, "-var=canary="+l.canary)
		if err == nil {
			t.Errorf("the step %s has not failed:\n%s", step, out)
		}
		said[step] = out
	}
	w.Terraform(t, "state", "rm", `ceph_user.own["admin"]`)
	l.run(t, w, "plan", "-input=false", "-var=step=none", "-var=canary="+l.canary, "-out=canary.tfplan")
	if knowsKeyTypes(t) {
		said["apply"] += "A key of type aes256k was asked for" // this cluster makes it, as asked for
	}
	for step, messages := range map[string][]string{
		"provider": {"It was encoded to base64 twice."},
		"valid":    {"It is not base64.", "It was encoded to base64 twice.", "It is the text of a keyring, not the key alone."},
		"plan": {
			`Unable to connect to cluster "dead"`, "No monitor answered at 127.0.0.1:1", "The monitors refuse this user with this key",
			`Cluster "pinned" is not the cluster that its fsid names.`, "The key of client.admin to which FOLDER/ceph.conf leads is not usable.",
			"The key of client.admin in",
			`hypervisor "gone"`, `Cluster "east" has no user client.nobody.`, `The provider block has no cluster "` + l.canary,
		},
		"apply": {
			"A user of this name exists already.", "A key of type aes256k was asked for", `The usage name "clash" is taken on hypervisor "kvm1"`,
			"does not hold the key of client.admin", "client.admin is the user with which this provider is connected",
		},
	} {
		for _, message := range messages {
			if !found(said[step], strings.ReplaceAll(message, "FOLDER", folder)) {
				t.Errorf("in the step %s nothing says %q:\n%s", step, message, said[step])
			}
		}
	}
	l.expectCanary(t, w, "what terraform printed", "trace.log", "terraform.tfstate", "canary.tfplan/tfplan", "canary.tfplan/tfstate",
		"command lines")
	l.expectNone(t, w)
	l.run(t, w, "destroy", "-auto-approve", "-input=false", "-var=step=none", "-var=canary="+l.canary)
}

// found reports whether a message is in what Terraform printed, wherever it broke the lines.
func found(printed, message string) bool {
	frame := regexp.MustCompile(`[\s│]+`)
	return strings.Contains(frame.ReplaceAllString(printed, " "), frame.ReplaceAllString(message, " "))
}
