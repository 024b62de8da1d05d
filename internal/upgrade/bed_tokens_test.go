//go:build cgo

package upgrade_test

import (
	"fmt"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// bedTokens are the tokens of the cluster and the hypervisor.
func bedTokens(t *testing.T) tokens {
	t.Helper()
	c := acctest.Bed(t).Cluster(cluster)
	return tokens{
		"${fsid}": c.FSID, "${host_uuid}": acctest.Bed(t).Hypervisor(hypervisor).UUID,
		"${mon.host}": c.Monitors[0].Host, "${mon.v1_port}": fmt.Sprint(c.Monitors[0].V1Port), "${mon.v2_port}": fmt.Sprint(c.Monitors[0].V2Port),
	}
}

// objectTokens are bedTokens and the tokens of the pools and images that exist now.
func objectTokens(t *testing.T) tokens {
	t.Helper()
	all, there := bedTokens(t), pools(t)
	for _, p := range there {
		all["${pool."+p.Name+"}"] = fmt.Sprint(p.ID)
	}
	for _, spec := range images(t, there) {
		all["${image."+spec+"}"] = fmt.Sprint(imageInfo(t, spec)["id"])
	}
	return all
}
