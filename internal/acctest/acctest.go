//go:build cgo

package acctest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// bed is the testbed of this test binary.
var bed *testbed.Bed

// Main runs the tests of a package on a bed of their own. Without TF_ACC there is none, and [Bed] skips.
func Main(m *testing.M, options testbed.Options) {
	if os.Getenv("TF_ACC") == "" {
		os.Exit(m.Run())
	}
	started, err := testbed.Start(context.Background(), options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	bed = started
	code := m.Run()
	if err := bed.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// Bed returns the testbed. A test that asks for it is an acceptance test, and skipped without TF_ACC.
func Bed(t *testing.T) *testbed.Bed {
	t.Helper()
	if bed == nil {
		t.Skip("acceptance test: set TF_ACC=1, or run make testacc")
	}
	return bed
}

// Factories serve the provider within the test's own process.
func Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"ceph": providerserver.NewProtocol6WithError(provider.New("test", dialShared)()),
	}
}

// Provider is the provider block for all clusters and hypervisors of the bed.
func Provider(t *testing.T) string {
	t.Helper()
	bed := Bed(t)
	var clusters, hypervisors []string
	for _, c := range bed.Clusters() {
		clusters = append(clusters, fmt.Sprintf("    %s = { mon_host = %q, key = %q, connect_timeout = \"5s\", operation_timeout = \"60s\" }",
			c.Name, c.MonHost, c.AdminKey))
	}
	for _, h := range bed.Hypervisors() {
		hypervisors = append(hypervisors, fmt.Sprintf("    %s = { uri = %q, connect_timeout = \"5s\", operation_timeout = \"60s\" }", h.Name,
			h.URI))
	}
	return fmt.Sprintf("provider \"ceph\" {\n  clusters = {\n%s\n  }\n  hypervisors = {\n%s\n  }\n}\n",
		strings.Join(clusters, "\n"), strings.Join(hypervisors, "\n"))
}

// commandTimeout limits one command of a second view.
const commandTimeout = time.Minute

// Ceph asks a cluster with the ceph command and returns what it says without the line's end.
func Ceph(t testing.TB, cluster string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Cluster(cluster).Ceph(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// RBD asks a cluster with the rbd command.
func RBD(t testing.TB, cluster string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Cluster(cluster).RBD(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// Virsh asks a hypervisor with the virsh command.
func Virsh(t testing.TB, hypervisor string, args ...string) string {
	t.Helper()
	return VirshIn(t, hypervisor, "", args...)
}

// VirshIn is Virsh with an input, which an argument calls /dev/stdin.
func VirshIn(t testing.TB, hypervisor, stdin string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	out, err := bed.Hypervisor(hypervisor).VirshIn(ctx, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}
