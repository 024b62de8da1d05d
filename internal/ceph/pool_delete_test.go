package ceph

import (
	"context"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestDeletePoolExplains(t *testing.T) {
	for status, word := range map[string]string{
		"pool deletion is disabled; you must first set the mon_allow_pool_delete config option to true before you can" +
			" destroy a pool": "mon_allow_pool_delete true",
		"pool deletion is disabled; you must unset nodelete flag for the pool first": "nodelete false",
	} {
		answers := poolAnswers(t)
		answers["osd pool delete"] = answer{errno: EPERM, status: status}
		cluster, conn := withFake(answers)
		expect.Problem(t, cluster.DeletePool(context.Background(), "ecp", ""), problem.Denied, word)
		if len(conn.sent("osd crush rule rm")) != 0 {
			t.Error("the rule of a pool that stayed was removed")
		}
	}
}
