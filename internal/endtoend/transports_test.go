//go:build cgo

package endtoend_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// remote is a configuration that reaches one hypervisor by all transports at once. Each has a label, a secret and a disk of the same
// guest.
const remote = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
variable "uris" {
  type = map(string)
}
variable "size" {
  type = string
}
locals {
  targets = { ssh = "vdb", libssh = "vdc", tls = "vdd", tcp = "vde" }
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = %[2]q } }
  hypervisors = { for name, uri in var.uris : name => { uri = uri, connect_timeout = "10m", operation_timeout = "10m" } }
}
resource "ceph_pool" "p" {
  name         = "remote"
  pg_num       = 8
  applications = ["rbd"]
}
resource "ceph_rbd_image" "i" {
  for_each = local.targets
  pool     = ceph_pool.p.name
  name     = each.key
  size     = var.size
}
resource "libvirt_ceph_secret" "s" {
  provider    = ceph
  for_each    = local.targets
  hypervisor  = each.key
  usage_name  = "over ${each.key}"
  description = var.size
  key         = %[2]q
}
resource "libvirt_rbd_disk" "d" {
  provider    = ceph
  for_each    = local.targets
  hypervisor  = each.key
  domain      = "remote"
  cluster     = "east"
  pool        = ceph_rbd_image.i[each.key].pool
  image       = ceph_rbd_image.i[each.key].name
  size        = ceph_rbd_image.i[each.key].size
  user        = "admin"
  secret_uuid = libvirt_ceph_secret.s[each.key].uuid
  target_dev  = each.value
  serial      = each.key
}
`

// remoteTargets are the targets of the disks by transport.
var remoteTargets = map[string]string{"ssh": "vdb", "libssh": "vdc", "tls": "vdd", "tcp": "vde"}

// Secrets and disks of a running guest are made, changed and destroyed over ssh (the command, and the provider's own client), TLS and
// tcp. virsh looks at them over the local socket.
func TestAccTransports(t *testing.T) {
	bed := acctest.Bed(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	kvm1, east := bed.Hypervisor("kvm1"), bed.Cluster("east")
	server, ports, pki, home := serveRemotely(ctx, t, kvm1)
	guest := runningGuest(ctx, t, kvm1, testbed.GuestOptions{Name: "remote"})
	before := inventory(t)

	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(remote, east.MonHost, east.AdminKey))
	w.Setenv("HOME", home)
	w.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	w.Setenv("SSH_AUTH_SOCK", "")
	w.Setenv("PATH", filepath.Join(home, "bin")+":"+os.Getenv("PATH"))
	w.Set(t, "uris", map[string]string{
		"ssh":    "qemu+ssh://kvm1/session?socket=" + kvm1.Socket,
		"libssh": fmt.Sprintf("qemu+libssh://%s@127.0.0.1:%d/session?proxy=netcat", server.User, server.Port),
		"tls":    fmt.Sprintf("qemu+tls://127.0.0.1:%d/session?pkipath=%s", ports.TLS, pki),
		"tcp":    fmt.Sprintf("qemu+tcp://127.0.0.1:%d/session", ports.TCP),
	})
	for _, size := range []string{"8MiB", "16MiB"} {
		w.Set(t, "size", size)
		w.Apply(t)
		w.ExpectEmptyPlan(t)
		for transport, target := range remoteTargets {
			if _, err := guest.WaitDisk(ctx, func(d testbed.GuestDisk) bool {
				return d.Serial == transport && fmt.Sprintf("%dMiB", d.Bytes>>20) == size
			}); err != nil {
				t.Errorf("over %s: %v", transport, err)
			}
			disk := acctest.DiskOf(t, "kvm1", "remote", target, true)
			if disk == nil || disk.Source == nil || disk.Source.Network.Name != "remote/"+transport {
				t.Errorf("over %s: the saved disk is %+v", transport, disk)
			}
			id := secretWith(t, "kvm1", "over "+transport)
			if value := acctest.Virsh(t, "kvm1", "secret-get-value", id); value != east.AdminKey {
				t.Errorf("over %s: the secret's value is not the key", transport)
			}
			if definition := acctest.Virsh(t, "kvm1", "secret-dumpxml", id); !strings.Contains(definition, "<description>"+size) {
				t.Errorf("over %s: %s", transport, definition)
			}
		}
	}

	// After Ctrl-C while an sshd does not answer, no ssh process is left that waits for it.
	server.Pause()
	log, end := w.Trace(t)
	waits := func() bool { return log.HasCall("Read", "libvirt_ceph_secret") && len(commandsWith(t, home)) > 0 }
	interrupt(t, w, waits, "plan", "-input=false")
	end()
	for left := commandsWith(t, home); len(left) > 0; left = commandsWith(t, home) {
		if ctx.Err() != nil {
			t.Fatalf("left after Ctrl-C: %s", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
	server.Resume()
	w.Destroy(t)
	if after := inventory(t); after != before {
		t.Errorf("destroy has not left everything as it was\nbefore:\n%s\nafter:\n%s", before, after)
	}
}

// serveRemotely lets a hypervisor be reached over the network until the end of the test: over ssh (home is the home folder of a user
// who may log in), TLS (pki is the folder with a client's certificate) and tcp.
func serveRemotely(
	ctx context.Context, t *testing.T, h *testbed.Hypervisor,
) (server *testbed.SSHServer, ports testbed.Ports, pki, home string) {
	t.Helper()
	home = t.TempDir()
	server, err := h.ServeSSH(ctx, "AllowStreamLocalForwarding no")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Admit(home, "kvm1"); err != nil {
		t.Fatal(err)
	}
	// libvirtd reads its certificate too, and may not enter the folders of this test.
	pki, err = os.MkdirTemp(acctest.Bed(t).Dir, "pki-")
	if err != nil {
		t.Fatal(err)
	}
	authority, err := testbed.NewAuthority()
	for _, step := range []func() error{
		func() error { return err },
		func() error { return os.Chmod(pki, 0o755) },
		func() error { return authority.Trust(pki) },
		func() error { return authority.Issue(pki, "server", nil) },
		func() error { return authority.Issue(pki, "client", nil) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := h.Unlisten(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if ports, err = h.Listen(ctx, testbed.ListenOptions{TCP: true, TLSFolder: pki}); err != nil {
		t.Fatal(err)
	}
	return server, ports, pki, home
}

// commandsWith returns the command lines that contain the path of a folder.
func commandsWith(t *testing.T, folder string) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		// The process may have ended meanwhile.
		if content, err := os.ReadFile(path); err == nil && strings.Contains(string(content), folder) {
			found = append(found, strings.ReplaceAll(string(content), "\x00", " "))
		}
	}
	return found
}
