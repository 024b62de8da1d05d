//go:build cgo

package rados_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// bed has one cluster whose three OSDs can hold erasure-coded pools with overwrites, and one without cephx.
var bed *testbed.Bed

var withoutCephx = map[string]string{"auth_cluster_required": "none", "auth_service_required": "none", "auth_client_required": "none"}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv("TF_ACC") == "" {
		return m.Run()
	}
	var err error
	bed, err = testbed.Start(context.Background(), testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", OSDs: 3, Store: testbed.BlueStore}, {Name: "west", Config: withoutCephx}},
		Hypervisors: []string{},
	})
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

func needBed(t *testing.T) {
	t.Helper()
	if bed == nil {
		t.Skip("TF_ACC is not set")
	}
}

// context limits one test: a hang must not become a hang of the suite.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func configOf(c *testbed.Cluster) ceph.Config {
	return ceph.Config{Label: c.Name, MonHost: c.MonHost, Key: ceph.GivenKey(c.AdminKey)}
}

func connect(t *testing.T, cfg ceph.Config) *ceph.Cluster {
	t.Helper()
	cluster := ceph.NewCluster(cfg, rados.Dial)
	t.Cleanup(cluster.Close)
	return cluster
}

func east(t *testing.T) (*ceph.Cluster, *testbed.Cluster) {
	t.Helper()
	needBed(t)
	c := bed.Cluster("east")
	return connect(t, configOf(c)), c
}

// ask runs the ceph command, the second view.
func ask(t *testing.T, c *testbed.Cluster, args ...string) string {
	t.Helper()
	out, err := c.Ceph(limited(t), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func rbd(t *testing.T, c *testbed.Cluster, args ...string) string {
	t.Helper()
	out, err := c.RBD(limited(t), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func pointer[T any](v T) *T { return &v }

// named is an image of which only the name is known.
func named(ref ceph.ImageRef) ceph.KnownImage { return ceph.KnownImage{ImageRef: ref} }

// newPool makes a pool for one test, with the rbd application.
func newPool(t *testing.T, cluster *ceph.Cluster, name string) {
	t.Helper()
	made, err := cluster.CreatePool(limited(t), ceph.PoolSpec{
		Name: name, PGNum: pointer[int64](4), PGAutoscaleMode: "off",
		Applications: []string{"rbd"},
	})
	if !made.Created || err != nil {
		t.Fatalf("%+v, %v", made, err)
	}
	t.Cleanup(func() { expect.NoError(t, cluster.DeletePool(limited(t), name, "")) })
}
