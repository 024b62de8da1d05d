//go:build cgo

package acctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/serve"
)

// Factories returns what plugin-testing needs to serve the provider within the test's own process.
func Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"ceph": func() (tfprotov6.ProviderServer, error) {
			return serve.NewServer(recordStart(provider.New("test", dialShared)())), nil
		},
	}
}

// Provider returns the provider block for all clusters and hypervisors of the bed.
func Provider(t *testing.T) string {
	t.Helper()
	bed := Bed(t)
	var clusters, hypervisors []string
	for _, c := range bed.Clusters() {
		clusters = append(clusters, fmt.Sprintf("    %s = { mon_host = %q, key = %q, connect_timeout = \"30s\", operation_timeout = \"60s\" }",
			c.Name, c.MonHost, c.AdminKey))
	}
	for _, h := range bed.Hypervisors() {
		// On a busy host an encrypted image may need two minutes to be opened.
		hypervisors = append(hypervisors, fmt.Sprintf("    %s = { uri = %q, connect_timeout = \"30s\", operation_timeout = \"150s\" }",
			h.Name, h.URI))
	}
	return fmt.Sprintf("provider \"ceph\" {\n  clusters = {\n%s\n  }\n  hypervisors = {\n%s\n  }\n}\n",
		strings.Join(clusters, "\n"), strings.Join(hypervisors, "\n"))
}

// ProviderAs returns a provider block for one cluster, as a user that it makes with exactly these capabilities.
func ProviderAs(t *testing.T, cluster, user string, caps map[string]string) string {
	t.Helper()
	c := Bed(t).Cluster(cluster)
	args := []string{"auth", "get-or-create", "client." + user}
	for service, text := range caps {
		args = append(args, service, text)
	}
	Ceph(t, cluster, args...)
	t.Cleanup(func() { Ceph(t, cluster, "auth", "rm", "client."+user) })
	key := Ceph(t, cluster, "auth", "print-key", "client."+user)
	return fmt.Sprintf("provider \"ceph\" {\n  clusters = {\n    %s = { mon_host = %q, user = %q, key = %q, connect_timeout = \"30s\","+
		" operation_timeout = \"60s\" }\n  }\n}\n",
		cluster, c.MonHost, user, key)
}
