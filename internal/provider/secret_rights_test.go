package provider_test

import (
	"strings"
	"testing"
	"time"
)

const (
	errSystem = 38
	errDenied = 88
)

// A secret is undefined also where nobody can tell of storage pools: without the daemon that has them there are none, and to whom the host
// doesn't show them the warning says what was not searched. What the daemon can't tell for another reason stays an error.
func TestSecretIsDeletedWithoutStorage(t *testing.T) {
	known := newServer(t, nil)
	for what, c := range map[string]struct {
		refusal       refusal
		warned, fails bool
	}{
		"no daemon": {refusal{
			errSystem, "Failed to connect socket to '/var/run/libvirt/virtstoraged-sock': No such file or directory",
		}, false, false},
		"no right": {refusal{errDenied, "access denied: 'connect' denied access"}, true, false},
		"a daemon that is down": {refusal{
			errSystem, "Failed to connect socket to '/var/run/libvirt/virtstoraged-sock': Connection refused",
		}, false, true},
		"another socket": {refusal{
			errSystem, "Failed to connect socket to '/var/run/libvirt/virtsecretd-sock': No such file or directory",
		}, false, true},
	} {
		w := newWorld(t, known, eastFSID, time.Minute)
		s, end := w.server(t.Context())
		o := s.newObject("libvirt_ceph_secret")
		s.apply(o, block{"hypervisor": "kvm1", "usage_name": "client.one", "key": goodKey})
		end()
		s, end = w.server(t.Context()) // as by the next terraform command
		w.host.refuses = map[uint32]refusal{procListStoragePools: c.refusal}
		diagnostics := s.remove(o)
		end()
		told := warningsIn(diagnostics)
		if warned := strings.Contains(told, "Storage pools not searched") && strings.Contains(told, c.refusal.words); warned != c.warned {
			t.Errorf("%s: the warnings are %q", what, told)
		}
		if failed := errorsIn(diagnostics); failed != "" != c.fails {
			t.Errorf("%s: the errors are %q", what, failed)
		}
		if there := len(w.host.secrets) == 2; there != c.fails { // the other one is the world's
			t.Errorf("%s: the secret is there: %v", what, there)
		}
	}
}

// To whom the host's policy doesn't give the value of secrets (secret.read-secure) a secret plans no change, and a disk is attached.
func TestSecretsWhoseValueIsDenied(t *testing.T) {
	w := newWorld(t, newServer(t, nil), eastFSID, time.Minute)
	cephSecret := block{"hypervisor": "kvm1", "usage_name": "client.one", "key": goodKey, "private": false, "ephemeral": false}
	volumeSecret := with(volumeSecretNamed("v"), block{"private": false, "ephemeral": false})
	s, end := w.server(t.Context())
	one, two := s.newObject("libvirt_ceph_secret"), s.newObject("libvirt_volume_secret")
	s.apply(one, cephSecret)
	s.apply(two, volumeSecret)
	end()

	w.host.refuses = map[uint32]refusal{procSecretValue: {errDenied, "access denied: 'secret' denied access"}}
	s, end = w.server(t.Context()) // as by the next terraform command
	defer end()
	for o, config := range map[*object]block{one: cephSecret, two: volumeSecret} {
		s.must("read", s.read(o))
		s.mustKeep(o, config)
	}
	s.apply(s.newObject("libvirt_rbd_disk"), diskOf("base"))
	if len(w.host.live) != 1 {
		t.Errorf("the guest has the disks %v", w.host.live)
	}
	// What can't be seen to be this resource's own is not taken over.
	again := s.newObject("libvirt_ceph_secret")
	failed := errorsIn(s.applyPlan(again, cephSecret, s.plan(again, cephSecret)))
	if !strings.Contains(failed, "already has a secret with the UUID") {
		t.Errorf("a secret that is there: %q", failed)
	}
}

// Before libvirt 9.0 the daemon may end without a thought for ephemeral secrets. The plan that makes one says so, and only that one.
func TestEphemeralSecretOnAnOldHost(t *testing.T) {
	known := newServer(t, nil)
	for typeName, config := range map[string]block{
		"libvirt_ceph_secret":   {"hypervisor": "kvm1", "usage_name": "client.one", "key": goodKey},
		"libvirt_volume_secret": volumeSecretNamed("v"),
	} {
		for version, warned := range map[uint32]bool{8_010_000: true, 9_000_000: false} {
			w := newWorld(t, known, eastFSID, time.Minute)
			w.host.libVersion = version
			o := known.newObject(typeName)
			plans := func(more block, apply bool) bool { // by a terraform command of its own
				t.Helper()
				s, end := w.server(t.Context())
				defer end()
				plan := s.plan(o, with(config, more))
				s.must("plan", plan.Diagnostics)
				if apply {
					s.must("apply", s.applyPlan(o, with(config, more), plan))
				}
				return strings.Contains(warningsIn(plan.Diagnostics), "Ephemeral secret may go by itself")
			}
			if plans(block{"ephemeral": false}, false) || plans(block{"ephemeral": true}, true) != warned {
				t.Errorf("%s on libvirt %d: the plan of a new one warns wrongly", typeName, version)
			}
			if plans(block{"ephemeral": true, "description": "changed"}, false) {
				t.Errorf("%s on libvirt %d: the plan of one that is there warns", typeName, version)
			}
		}
	}
}
