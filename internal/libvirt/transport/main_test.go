package transport_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
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
	h := must(libvirt.NewHost(cfg))(t)
	t.Cleanup(h.Close)
	return h
}

// connects asks a URI's host for its identity.
func connects(t *testing.T, uri string) error {
	t.Helper()
	h := host(t, libvirt.Config{URI: uri})
	defer h.Close()
	return ends(t, func() error {
		id, err := h.UUID(context.Background())
		if want := kvm1(t).UUID; err == nil && id != want {
			t.Errorf("%s leads to %s instead of %s", uri, id, want)
		}
		return err
	})
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const hang = time.Minute // long beside every limit that the tests set

// ends fails the test when f takes a minute: what is tested hangs then.
func ends(t *testing.T, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(hang):
		t.Fatal("the call did not end")
		return nil
	}
}

// soon waits for something, for a minute at most.
func soon(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hang); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what + " did not come")
		}
	}
}

func wants(t *testing.T, err error, kind problem.Kind, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !problem.Is(err, kind) {
		t.Fatalf("not of kind %v: %v", kind, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in: %v", word, err)
		}
	}
}

func listenUnix(t *testing.T, path string) string {
	t.Helper()
	ok(t, os.MkdirAll(filepath.Dir(path), 0o700))
	listener := must(net.Listen("unix", path))(t)
	t.Cleanup(func() { _ = listener.Close() })
	return path
}
