//go:build cgo

package endtoend_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// entries are those of a provider block: the clusters and hypervisors of the bed by their labels.
type entries struct {
	clusters, hypervisors map[string]string
}

// defaultLimit is long enough for a cluster that was paused and answers again only just now.
const defaultLimit = "60s"

// block returns the provider block, after the block terraform.
func (e entries) block(t *testing.T) string {
	t.Helper()
	return e.blockWithLimits(t, nil)
}

// blockWithLimits is block with other time limits for some clusters and hypervisors, by their names in the bed.
func (e entries) blockWithLimits(t *testing.T, limits map[string]string) string {
	t.Helper()
	bed := acctest.Bed(t)
	limit := func(name string) string {
		chosen := cmp.Or(limits[name], defaultLimit)
		return fmt.Sprintf("connect_timeout = %q, operation_timeout = %q", chosen, chosen)
	}
	var b strings.Builder
	b.WriteString("terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\nprovider \"ceph\" {\n " +
		" clusters = {\n")
	for label, name := range e.clusters {
		c := bed.Cluster(name)
		fmt.Fprintf(&b, "    %s = { mon_host = %q, key = %q, %s }\n", label, c.MonHost, c.AdminKey, limit(name))
	}
	b.WriteString("  }\n  hypervisors = {\n")
	for label, name := range e.hypervisors {
		fmt.Fprintf(&b, "    %s = { uri = %q, %s }\n", label, bed.Hypervisor(name).URI, limit(name))
	}
	b.WriteString("  }\n}\n")
	return b.String()
}

// resourcesFor returns a pool, an image and a user on one cluster, and the user's secret on one hypervisor. The resources are named
// after the ID, which stays when the labels change. An empty label is left out.
func resourcesFor(id, cluster, hypervisor string) string {
	label := func(argument, label string) string {
		if label == "" {
			return ""
		}
		return fmt.Sprintf("  %s = %q\n", argument, label)
	}
	return strings.NewReplacer("ID", id, "  CLUSTER\n", label("cluster", cluster), "  HYPERVISOR\n", label("hypervisor", hypervisor)).Replace(`
resource "ceph_pool" "ID" {
  CLUSTER
  name         = "identity"
  applications = ["rbd"]

  # so that the cluster itself changes nothing meanwhile
  pg_num            = 8
  pg_autoscale_mode = "off"
}
resource "ceph_rbd_image" "ID" {
  CLUSTER
  pool = ceph_pool.ID.name
  name = "data"
  size = "8MiB"
}
resource "ceph_user" "ID" {
  CLUSTER
  name = "identity"
  caps = { mon = "profile rbd", osd = "profile rbd pool=${ceph_pool.ID.name}" }
}
resource "libvirt_ceph_secret" "ID" {
  provider   = ceph
  HYPERVISOR
  usage_name = "client.identity@${ceph_user.ID.fsid}"
  key        = ceph_user.ID.key
}
`)
}

// targetsOf returns the flags that pick the resources of resourcesFor.
func targetsOf(id string) []string {
	return []string{"-target=ceph_pool." + id, "-target=ceph_rbd_image." + id, "-target=ceph_user." + id, "-target=libvirt_ceph_secret." + id}
}
