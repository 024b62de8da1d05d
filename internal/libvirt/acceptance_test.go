package libvirt

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	mebibyte   = 1 << 20
	testPool   = "vms"
	testUser   = "libvirt"
	imageBytes = 64 * mebibyte
)

// startBed is one cluster and two hypervisors, started for the first real test.
var startBed = sync.OnceValues(func() (*testbed.Bed, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	bed, err := testbed.Start(ctx, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east"}},
		Hypervisors: []string{"kvm1", "kvm2"},
	})
	if err != nil {
		return nil, err
	}
	east := bed.Cluster("east")
	for _, argv := range [][]string{
		{"osd", "pool", "create", testPool, "8"},
		{"osd", "pool", "application", "enable", testPool, "rbd"},
		{"auth", "add", "client." + testUser, "mon", "profile rbd", "osd", "profile rbd pool=" + testPool},
	} {
		if _, err := east.Ceph(ctx, argv...); err != nil {
			return bed, err
		}
	}
	return bed, nil
})

var started bool

func TestMain(m *testing.M) {
	code := m.Run()
	if started {
		if bed, _ := startBed(); bed != nil {
			if err := bed.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// realDaemons skips a test without TF_ACC, and gives it the laboratory otherwise.
func realDaemons(t *testing.T) *testbed.Bed {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: real daemons are not started")
	}
	started = true
	bed, err := startBed()
	if err != nil {
		t.Fatal(err)
	}
	return bed
}

// kvm is a client of one of the laboratory's hypervisors.
func kvm(t *testing.T, bed *testbed.Bed, name string, cfg Config) *Host {
	t.Helper()
	cfg.Label, cfg.URI = name, bed.Hypervisor(name).URI
	return host(t, cfg)
}

func makeImage(t *testing.T, bed *testbed.Bed, name string) {
	t.Helper()
	east := bed.Cluster("east")
	expect.Value(east.RBD(t.Context(), "create", "--size", "64M", testPool+"/"+name))(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		// The guest's watcher stays for a while after it was killed.
		for {
			_, err := east.RBD(ctx, "rm", "--no-progress", testPool+"/"+name)
			if err == nil {
				return
			}
			if ctx.Err() != nil {
				t.Error(err)
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	})
}

func userKey(t *testing.T, bed *testbed.Bed, user string) []byte {
	t.Helper()
	text := expect.Value(bed.Cluster("east").Ceph(t.Context(), "auth", "print-key", "client."+user))(t)
	return expect.Value(base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))))(t)
}

// defineSecret defines a secret with a value and removes it at the end.
func defineSecret(t *testing.T, h *Host, value []byte) string {
	t.Helper()
	s := Secret{UUID: uuid.NewString(), UsageType: UsageCeph, UsageName: "client.libvirt@" + uuid.NewString()}
	expect.NoError(t, h.DefineSecret(t.Context(), s))
	t.Cleanup(func() { _ = h.UndefineSecret(context.Background(), s.UUID) })
	if value != nil {
		expect.NoError(t, h.SetSecretValue(t.Context(), s.UUID, sensitive.New(value)))
	}
	return s.UUID
}

func rbdDisk(bed *testbed.Bed, image, target, secret string) Disk {
	disk := Disk{
		Target: target, Bus: "virtio", Device: "disk", Alias: "ua-ceph-" + target, Pool: testPool, Image: image, User: testUser,
		SecretUUID: secret, Cache: "none", Discard: "unmap", Serial: target + "-serial",
	}
	for _, m := range bed.Cluster("east").Monitors {
		disk.Monitors = append(disk.Monitors, Monitor{Host: m.Host, Port: m.V2Port})
	}
	return disk
}

func guest(t *testing.T, bed *testbed.Bed, hypervisor string, options testbed.GuestOptions, start bool) *testbed.Guest {
	t.Helper()
	options.Name = strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	g := expect.Value(bed.Hypervisor(hypervisor).DefineGuest(t.Context(), options))(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		_ = g.Destroy(ctx)
		_ = g.Undefine(ctx)
	})
	if start {
		expect.NoError(t, g.Start(t.Context()))
	}
	return g
}
