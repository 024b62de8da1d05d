package transport_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// bed has one hypervisor, for the tests on real daemons.
var bed *testbed.Bed

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("TF_ACC") == "" {
		return m.Run()
	}
	var err error
	bed, err = testbed.Start(context.Background(), testbed.Options{Clusters: []testbed.ClusterOptions{}, Hypervisors: []string{"kvm1"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := bed.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// kvm1 is the hypervisor. A test that asks for it is skipped without TF_ACC.
func kvm1(t *testing.T) *testbed.Hypervisor {
	t.Helper()
	if bed == nil {
		t.Skip("TF_ACC is not set: real daemons are not started")
	}
	return bed.Hypervisor("kvm1")
}

// host is libvirt's client of a hypervisor, in which a transport meets what it is for.
func host(t *testing.T, cfg libvirt.Config) *libvirt.Host {
	t.Helper()
	cfg.Label = "kvm1"
	h := expect.Value(libvirt.NewHost(cfg))(t)
	t.Cleanup(h.Close)
	return h
}

// connects asks a URI's host for its identity.
func connects(t *testing.T, uri string) error {
	t.Helper()
	h := host(t, libvirt.Config{URI: uri})
	defer h.Close()
	return expect.Return(t, func() error {
		id, err := h.UUID(context.Background())
		if want := kvm1(t).UUID; err == nil && id != want {
			t.Errorf("%s leads to %s instead of %s", uri, id, want)
		}
		return err
	})
}

func listenUnix(t *testing.T, path string) string {
	t.Helper()
	expect.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	listener := expect.Value(net.Listen("unix", path))(t)
	t.Cleanup(func() { _ = listener.Close() })
	return path
}
