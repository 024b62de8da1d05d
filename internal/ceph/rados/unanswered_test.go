//go:build cgo

package rados_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// pausing is a connection under which the cluster stands still from the moment in which a command is sent until its time is over.
type pausing struct {
	ceph.Conn
	t       *testing.T
	cluster *testbed.Cluster
	command string
}

func (p *pausing) MonCommand(ctx context.Context, command, input []byte) ([]byte, string, error) {
	if p.command == "" || !strings.Contains(string(command), p.command) {
		return p.Conn.MonCommand(ctx, command, input)
	}
	p.command = ""
	expect.NoError(p.t, p.cluster.PauseMonitors())
	reply, status, err := p.Conn.MonCommand(ctx, command, input)
	expect.NoError(p.t, p.cluster.ResumeMonitors())
	return reply, status, err
}

// A cluster that stands still while it is asked to make something obeys later, and then what it has made counts as made.
func TestCreateCarriedOutAfterTheTimeout(t *testing.T) {
	needBed(t)
	c := bed.Cluster("west")
	late := func(command string) *ceph.Cluster {
		cfg := configOf(c)
		cfg.OperationTimeout = 2 * time.Second
		cluster := ceph.NewCluster(cfg, func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
			conn, err := rados.Dial(ctx, cfg)
			return &pausing{conn, t, c, command}, err
		})
		t.Cleanup(cluster.Close)
		return cluster
	}
	patient := connect(t, configOf(c))
	caps := map[string]string{"mon": "profile rbd"}

	user, err := late("auth get-or-create").CreateUser(limited(t), "late", caps, ceph.Key{})
	if err != nil || ask(t, c, "auth", "print-key", "client.late") != user.Key.Text() {
		t.Errorf("the user: %v", err)
	}
	former := user.Key.Text()
	// By an import up to 17; later releases have commands of their own, which the unit tests leave without an answer.
	user, err = late("auth import").RotateKey(limited(t), "late", "")
	if now := ask(t, c, "auth", "print-key", "client.late"); err != nil || now != user.Key.Text() || now == former {
		t.Errorf("the rotation: %v", err)
	}
	expect.NoError(t, patient.DeleteUser(limited(t), "late"))
	_, err = late("auth add").CreateUser(limited(t), "later", caps, ceph.GivenKey(chosenKey(t, c)))
	expect.NoError(t, err)
	expect.NoError(t, patient.DeleteUser(limited(t), "later"))

	made, err := late("osd pool create").CreatePool(limited(t), ceph.PoolSpec{Name: "late", PGNum: pointer[int64](4)})
	if !made.Created || !strings.Contains(ask(t, c, "osd", "pool", "ls"), "late") {
		t.Errorf("the pool: %+v, %v", made, err)
	}
	expect.NoError(t, patient.DeletePool(limited(t), "late", ""))
}
