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
