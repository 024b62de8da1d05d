//go:build cgo

package faults_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// The calls in whose midst most of the faults begin.
var (
	beforeAttach = libvirtCall{name: "DomainAttachDeviceFlags"}
	afterAttach  = libvirtCall{name: "DomainAttachDeviceFlags", answered: true}
	beforeDetach = libvirtCall{name: "DomainDetachDeviceFlags"}
	beforeUpdate = libvirtCall{name: "DomainUpdateDeviceFlags"}
)

// probeLimit is as short as a limit can be where a host has to open the image before.
const probeLimit = "20s"

const (
	lost = "The connection was lost before the answer came."
	mute = "There was no answer in time."
	gone = "The domain is gone."
)

// libvirtFaults are those of hypervisors and guests.
func libvirtFaults() []fault {
	return slices.Concat(daemonFaults(), domainFaults(), guestFaults(), hostFaults(), transportFaults())
}

// daemonFaults are those of a hypervisor's libvirtd.
func daemonFaults() []fault {
	const dead, frozen = "Check that the daemon runs", "Check that the host is up and that its daemon answers"
	return []fault{
		{
			name: "libvirtd is dead",
			begin: func(r *run) {
				r.ends(func() error { return r.kvm1.Start(context.Background()) })
				r.meets(r.kvm1.Kill)
			},
			rows: []row{
				{
					operation: attaches, at: afterAttach, limit: longLimit, says: []string{`hypervisor "kvm1"`, lost},
					leaves: []string{"libvirt_rbd_disk"},
				},
				{operation: creates, limit: longLimit, says: []string{
					`Could not connect to hypervisor "kvm1"`, "No connection was made.", dead,
				}},
				{operation: changes, limit: longLimit, says: []string{
					"Unable to plan libvirt secret", `Could not connect to hypervisor "kvm1"`, dead,
				}},
				{operation: refreshes, limit: longLimit, says: []string{"Unable to read libvirt secret", "No connection was made.", dead}},
				{operation: destroys, limit: longLimit, says: []string{
					"Unable to detach RBD disk", `Could not connect to hypervisor "kvm1"`, dead,
				}},
			},
		},
		{
			name: "libvirtd is frozen",
			begin: func(r *run) {
				r.ends(r.kvm1.Resume)
				r.meets(r.kvm1.Pause)
			},
			rows: []row{
				{operation: refreshes, limit: "10s", says: []string{"Unable to read libvirt secret", `hypervisor "kvm1"`, mute, frozen}},
				{operation: creates, limit: "10s", says: []string{`hypervisor "kvm1"`, mute, frozen}},
				{
					operation: attaches, at: beforeAttach, limit: "10s", says: []string{"Unable to attach RBD disk", mute, frozen},
					leaves: []string{"any"},
				},
				{operation: changes, limit: "10s", says: []string{"Unable to plan libvirt secret", mute, frozen}},
				{operation: destroys, limit: "10s", says: []string{"Unable to detach RBD disk", mute, frozen}},
			},
		},
		{
			name: "libvirtd is restarted",
			begin: func(r *run) {
				r.meets(func() error { return errors.Join(r.kvm1.Kill(), r.kvm1.Start(context.Background())) })
			},
			rows: []row{
				{operation: attaches, at: beforeAttach, limit: longLimit, says: []string{"Unable to attach RBD disk", lost, "Apply again"}},
				{operation: changes, at: beforeUpdate, limit: longLimit, says: []string{"Unable to change RBD disk", lost, "Apply again"}},
				{
					operation: creates, at: libvirtCall{name: "SecretSetValue"}, limit: longLimit, says: []string{"hypervisor \"kvm1\""},
					warns: []string{"libvirt secret made, but not completed", lost},
				},
			},
		},
	}
}

// domainFaults are those of a domain that somebody changes while it gets its disk.
func domainFaults() []fault {
	return []fault{
		{
			name: "the domain is shut off",
			begin: func(r *run) {
				r.startPaused()
				r.meets(func() error { return r.virsh("destroy", r.guest.Name) })
			},
			rows: []row{{operation: attaches, at: beforeAttach, limit: longLimit, says: []string{
				"Unable to attach RBD disk", "The domain isn't running any more", "Apply again: the disk is then changed in the saved definition.",
			}}},
		},
		{
			name: "the domain is started",
			begin: func(r *run) {
				// The next apply is to find it running.
				r.Cleanup(func() {
					r.there = false
					_ = r.virsh("destroy", r.guest.Name)
				})
				args := []string{"start", r.guest.Name}
				if r.row.operation.name == attaches.name { // a detach needs a guest that boots
					args = append(args, "--paused")
				}
				r.meets(func() error { return r.virsh(args...) })
			},
			rows: []row{
				{operation: attaches, at: beforeAttach, limit: longLimit, while: func(r *run) { r.expectDisk("paused", true, false) }},
				{operation: destroys, at: beforeDetach, limit: longLimit, while: func(r *run) { r.expectDisk("running", false, false) }},
			},
		},
		{
			name: "the domain is paused",
			begin: func(r *run) {
				r.ends(func() error { return r.virsh("destroy", r.guest.Name) })
				r.must(r.virsh("start", r.guest.Name))
				r.meets(func() error { return r.virsh("suspend", r.guest.Name) })
			},
			rows: []row{
				{operation: attaches, at: beforeAttach, limit: longLimit, while: func(r *run) { r.expectDisk("paused", true, true) }},
				{
					operation: destroys, at: beforeDetach, limit: longLimit, timeout: "6s", while: func(r *run) { r.expectDisk("paused", false, true) },
					says: []string{"Unable to detach RBD disk", "The guest did not let go of the disk in time: it is paused.", "virsh resume"},
				},
			},
		},
		{
			name: "the domain is undefined",
			begin: func(r *run) {
				text := r.definition(withoutDisks)
				r.ends(func() error { return r.define(text) })
				r.meets(func() error { return r.virsh("undefine", r.guest.Name) })
			},
			rows: []row{
				{operation: attaches, at: beforeAttach, limit: longLimit, says: []string{"Unable to attach RBD disk", gone}},
				{operation: changes, at: beforeUpdate, limit: longLimit, says: []string{"Unable to change RBD disk", gone}},
				{operation: destroys, at: beforeDetach, limit: longLimit, while: func(r *run) {
					if err := r.virsh("domstate", r.guest.Name); err == nil {
						r.Error("the domain is there")
					}
				}},
			},
		},
		{
			name: "the domain is defined anew, without the disk",
			begin: func(r *run) {
				text := r.definition(withoutDisks)
				r.meets(func() error { return r.define(text) })
			},
			rows: []row{
				{operation: changes, at: beforeUpdate, limit: longLimit, says: []string{
					"Unable to change RBD disk", "The domain doesn't have this disk as vdb any more", "Plan again",
				}},
				{operation: destroys, at: beforeDetach, limit: longLimit},
			},
		},
		{
			name:  "the domain is migrated",
			begin: (*run).migrates,
			rows: []row{
				{operation: changes, at: beforeUpdate, limit: longLimit, says: []string{"Unable to change RBD disk", gone}},
				{operation: attaches, at: beforeAttach, limit: longLimit, says: []string{"Unable to attach RBD disk", gone}},
			},
		},
		{
			name:  "another job holds the domain",
			begin: (*run).dumps,
			rows: []row{
				{
					operation: attaches, limit: longLimit,
					says: []string{"Unable to attach RBD disk", `A job holds domain "shut-off" on hypervisor "kvm1": dump.`},
				},
				{
					operation: attaches, at: beforeAttach, limit: probeLimit, leaves: []string{"any"},
					says: []string{`The daemon answers, but a job (dump) holds domain "shut-off".`, "Wait until it has ended"},
				},
			},
		},
	}
}

// guestFaults are those of a domain's QEMU.
func guestFaults() []fault {
	return []fault{
		{
			name: "QEMU is dead",
			begin: func(r *run) {
				r.startPaused()
				r.meets(func() error { return r.guest.Signal(syscall.SIGKILL) })
			},
			// Whether libvirtd has noticed it before it comes to the call is decided by a moment.
			rows: []row{{operation: attaches, at: beforeAttach, limit: longLimit, says: []string{
				"Unable to attach RBD disk", "has ended", "see on the host why QEMU has ended",
			}}},
		},
		{
			name: "QEMU hangs",
			begin: func(r *run) {
				r.startPaused()
				r.ends(func() error { return r.guest.Signal(syscall.SIGCONT) })
				r.meets(func() error { return r.guest.Signal(syscall.SIGSTOP) })
			},
			rows: []row{
				{
					operation: attaches, at: beforeAttach, limit: probeLimit, leaves: []string{"any"},
					says: []string{"Unable to attach RBD disk", `QEMU of domain "shut-off" has not answered it for`, "let it go on or end it"},
				},
				{operation: destroys, limit: "10s", says: []string{
					"Unable to detach RBD disk", `QEMU of domain "shut-off" has not answered it for`,
				}},
			},
		},
		{
			name: "the guest has no free PCI slot",
			begin: func(r *run) {
				r.redefined(func(d *acctest.Domain) { d.Devices.Controllers = d.Devices.Controllers[:2] }) // without a port for a disk
				r.startPaused()
			},
			rows: []row{{operation: attaches, limit: longLimit, says: []string{
				"Unable to attach RBD disk", "The running guest has no free PCI slot for the disk, or for the controller of its bus.",
				"Shut the domain off, apply, and start it",
			}}},
		},
		{
			name: "QEMU lacks its RBD driver",
			begin: func(r *run) {
				emulator := acctest.EmulatorWithoutRBD(r.T)
				r.redefined(func(d *acctest.Domain) { d.Devices.Emulator = emulator })
				r.startPaused()
			},
			rows: []row{{operation: attaches, limit: longLimit, says: []string{
				"Unable to attach RBD disk", "QEMU on this host lacks its RBD driver", "No guest was touched.", "qemu-block-extra",
			}}},
		},
	}
}

// hostFaults are those of a hypervisor's machine and its network.
func hostFaults() []fault {
	return []fault{
		{
			name: "the hypervisor can't reach the monitors",
			begin: func(r *run) {
				r.startPaused()
				r.ends(func() error { return r.kvm1.Isolate(context.Background(), false) })
				r.must(r.kvm1.Isolate(r.Context(), true))
			},
			rows: []row{
				{operation: attaches, limit: "10s", says: []string{
					"Unable to attach RBD disk", "it was not opened in time", "From this host the cluster's monitors did not answer",
					"No guest was touched.",
				}},
			},
		},
		{
			name:  "the Terraform machine can't reach the monitors",
			begin: func(r *run) { r.cluster = fmt.Sprintf("mon_host = %q, key = %q", "127.0.0.1:9", r.east.AdminKey) },
			rows: []row{
				{
					operation: destroys, limit: "10s",
					says: []string{"Unable to delete RBD image", `cluster "east"`, "No monitor answered at 127.0.0.1:9"},
					while: func(r *run) {
						if there := r.objects(); slices.Contains(there, "libvirt_rbd_disk") {
							r.Errorf("the disk is not detached: %v", there)
						}
					},
				},
				{operation: creates, says: []string{`cluster "east"`, "No monitor answered at 127.0.0.1:9"}},
				{operation: refreshes, says: []string{`cluster "east"`, "No monitor answered at 127.0.0.1:9"}},
			},
		},
		{
			name:  "the hypervisor's file system is full",
			begin: (*run).fills,
			rows: []row{
				{operation: attaches, limit: longLimit, says: []string{
					"Unable to attach RBD disk", "the file system is full", "Make room on the host", "No space left on device",
				}},
				{operation: changes, limit: longLimit, says: []string{
					"Unable to update libvirt secret", "the file system is full", "No space left on device",
				}},
				{operation: creates, limit: longLimit, says: []string{
					"Unable to create libvirt secret", "the file system is full", "No space left on device",
				}},
				{operation: destroys, limit: longLimit, says: []string{
					"Unable to detach RBD disk", "the file system is full", "No space left on device",
				}},
			},
		},
	}
}

// transportFaults are those of the way to a hypervisor.
func transportFaults() []fault {
	const changed = "The host shows another ssh host key than the one in known_hosts"
	return []fault{
		{
			name: "a TLS certificate has expired",
			begin: func(r *run) {
				if r.row.operation.name == refreshes.name {
					r.overTLS("client", -time.Minute)
				} else {
					r.overTLS("server", 20*time.Second) // libvirtd doesn't start with one that has expired already
				}
			},
			rows: []row{
				{operation: refreshes, limit: longLimit, says: []string{`Could not connect to hypervisor "kvm1"`, "it expired on", "Renew"}},
				{operation: destroys, limit: longLimit, says: []string{
					`Could not connect to hypervisor "kvm1"`, "The host's certificate has expired", "Renew servercert.pem",
				}},
			},
		},
		{
			name: "the host key has changed",
			begin: func(r *run) {
				uri := func(*testbed.SSHServer) string { return "qemu+ssh://kvm1/session?socket=" + r.kvm1.Socket }
				if r.row.operation.name == creates.name {
					uri = func(s *testbed.SSHServer) string {
						return fmt.Sprintf("qemu+libssh://%s@127.0.0.1:%d/session?proxy=netcat", s.User, s.Port)
					}
				}
				r.overSSH(uri)
			},
			rows: []row{
				{operation: refreshes, limit: longLimit, says: []string{`Could not connect to hypervisor "kvm1"`, changed, "ssh-keygen -R"}},
				{operation: creates, limit: longLimit, says: []string{`Could not connect to hypervisor "kvm1"`, changed, "ssh-keygen -R"}},
			},
		},
	}
}

func (r *run) virsh(args ...string) error {
	_, err := r.kvm1.Virsh(context.Background(), args...)
	return err
}

// expectDisk looks at the state of the domain, and whether its two definitions have the disk.
func (r *run) expectDisk(state string, saved, live bool) {
	r.Helper()
	got := acctest.Virsh(r.T, r.kvm1.Name, "domstate", r.guest.Name)
	has := func(saved bool) bool { return acctest.DiskOf(r.T, r.kvm1.Name, r.guest.Name, "vdb", saved) != nil }
	if got != state || has(true) != saved || has(false) != live {
		r.Errorf("the domain is %s; it has the disk saved %v, live %v", got, has(true), has(false))
	}
}

// startPaused starts the domain, before its guest's first instruction, until the fault ends.
func (r *run) startPaused() {
	r.Helper()
	r.ends(func() error {
		_ = r.virsh("destroy", r.guest.Name) // the fault may have ended it
		return nil
	})
	r.must(r.virsh("start", r.guest.Name, "--paused"))
}

func withoutDisks(d *acctest.Domain) { d.Devices.Disks = nil }

// definition returns the saved definition of the domain with a change.
func (r *run) definition(change func(*acctest.Domain)) string {
	r.Helper()
	doc := acctest.DomainOf(r.T, r.kvm1.Name, r.guest.Name, true)
	change(doc)
	return acctest.XML(r.T, doc)
}

func (r *run) define(text string) error {
	_, err := r.kvm1.VirshIn(context.Background(), text, "define", "/dev/stdin")
	return err
}

// redefined changes the saved definition of the domain until the fault ends. The operation has not given it a disk by then.
func (r *run) redefined(change func(*acctest.Domain)) {
	r.Helper()
	before := r.definition(func(*acctest.Domain) {})
	r.ends(func() error { return r.define(before) })
	r.must(r.define(r.definition(change)))
}

// migrates takes the domain to kvm2 in the midst of a call: a change meets one that is shut off, an attach one that runs.
func (r *run) migrates() {
	r.Helper()
	args := []string{"migrate", "--persistent", "--undefinesource"}
	text := r.definition(func(*acctest.Domain) {})
	r.ends(func() error {
		_, _ = r.kvm2.Virsh(context.Background(), "destroy", r.guest.Name) // one that is shut off
		_, err := r.kvm2.Virsh(context.Background(), "undefine", r.guest.Name)
		return errors.Join(err, r.define(text))
	})
	if r.row.operation.name != attaches.name {
		r.meets(func() error { return r.virsh(append(args, "--offline", r.guest.Name, r.kvm2.URI)...) })
		return
	}
	r.startPaused()
	args = append(args, "--live", "--migrateuri", "tcp://127.0.0.1")
	for flag, state := range map[string]string{"--xml": "--migratable", "--persistent-xml": "--inactive"} {
		text := acctest.Virsh(r.T, r.kvm1.Name, "dumpxml", r.guest.Name, state)
		file := filepath.Join(r.TempDir(), "domain.xml")
		r.must(os.WriteFile(file, []byte(strings.ReplaceAll(text, "/kvm1/", "/kvm2/")), 0o600)) // its console
		args = append(args, flag, file)
	}
	r.meets(func() error { return r.virsh(append(args, r.guest.Name, r.kvm2.URI)...) })
}

// dumps lets a job hold the domain: a dump of the guest's memory to where nobody reads it.
func (r *run) dumps() {
	r.Helper()
	r.startPaused()
	path := filepath.Join(acctest.Bed(r.T).Dir, r.kvm1.Name, "run", "dump")
	r.must(syscall.Mkfifo(path, 0o666))
	r.must(os.Chmod(path, 0o666))
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	r.must(err)
	ended := make(chan struct{})
	begun := false
	r.ends(func() error {
		err := errors.Join(reader.Close(), os.Remove(path))
		if begun {
			<-ended
		}
		return err
	})
	r.meets(func() error {
		begun = true
		go func() {
			defer close(ended)
			_ = r.virsh("dump", "--memory-only", r.guest.Name, path) // it fails when nobody can read it any more
		}()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for {
			info, err := r.kvm1.Virsh(ctx, "domjobinfo", r.guest.Name)
			if err != nil || strings.Contains(info, "Dump") {
				return err
			}
		}
	})
}

// fills leaves no room in the folders of the hypervisor's definitions.
func (r *run) fills() {
	r.Helper()
	for _, folder := range []string{"qemu", "secrets"} {
		path := filepath.Join(acctest.Bed(r.T).Dir, r.kvm1.Name, "config", "libvirt", folder)
		r.must(syscall.Mount("tmpfs", path, "tmpfs", 0, "size=4k,mode=777"))
		r.ends(func() error { return syscall.Unmount(path, syscall.MNT_DETACH) })
		r.must(os.WriteFile(filepath.Join(path, "full"), make([]byte, os.Getpagesize()), 0o600))
	}
}

// overTLS leads the provider to the hypervisor by TLS. The certificate of a role, client or server, expires after some time.
func (r *run) overTLS(role string, expires time.Duration) {
	r.Helper()
	expiry := time.Now().Add(expires)
	// libvirtd reads its certificate too, and may not enter the folders of this test.
	pki, err := os.MkdirTemp(acctest.Bed(r.T).Dir, "pki-")
	r.must(err)
	r.ends(func() error { return os.RemoveAll(pki) })
	authority, err := testbed.NewAuthority()
	r.must(err)
	r.must(errors.Join(os.Chmod(pki, 0o755), authority.Trust(pki)))
	for _, each := range []string{"client", "server"} {
		r.must(authority.Issue(pki, each, func(c *x509.Certificate) {
			if each == role {
				c.NotAfter = expiry
			}
		}))
	}
	r.ends(func() error { return r.kvm1.Unlisten(context.Background()) })
	ports, err := r.kvm1.Listen(r.Context(), testbed.ListenOptions{TLSFolder: pki})
	r.must(err)
	<-time.After(time.Until(expiry))
	r.host = fmt.Sprintf("uri = \"qemu+tls://127.0.0.1:%d/session?pkipath=%s\"", ports.TLS, pki)
}

// overSSH leads the provider to the hypervisor by ssh. What known_hosts has for the server are the keys of another one.
func (r *run) overSSH(uri func(*testbed.SSHServer) string) {
	r.Helper()
	serve := func() *testbed.SSHServer {
		server, err := r.kvm1.ServeSSH(r.Context())
		r.must(err)
		r.ends(server.Close)
		return server
	}
	server, former := serve(), serve()
	home := r.TempDir()
	r.must(server.Admit(home, r.kvm1.Name))
	known := strings.ReplaceAll(strings.Join(former.KnownHosts, ""), fmt.Sprintf(":%d ", former.Port), fmt.Sprintf(":%d ", server.Port))
	r.must(os.WriteFile(filepath.Join(home, ".ssh", "known_hosts"), []byte(known), 0o600))
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, ".config"), "SSH_AUTH_SOCK": "",
		"PATH": filepath.Join(home, "bin") + ":" + os.Getenv("PATH"),
	} {
		r.w.Setenv(name, value)
		r.ends(func() error { r.w.Setenv(name, os.Getenv(name)); return nil })
	}
	r.host = fmt.Sprintf("uri = %q", uri(server))
}
