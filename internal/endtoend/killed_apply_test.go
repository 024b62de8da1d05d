//go:build cgo

package endtoend_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// killedApplies is a flag: with it an apply of many users is killed again and again (make test-kills).
var killedApplies = flag.Bool("killed-applies", false, "kill an apply of 200 users five times")

const manyUsers = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
provider "ceph" {
  clusters = { east = { mon_host = %q, key = %q } }
}
resource "ceph_user" "u" {
  count = 200
  name  = "many-${count.index}"
  caps  = { mon = "profile rbd" }
}
`

// An apply of 200 users is killed five times in its midst, Terraform and provider by SIGKILL; the sixth comes to its end. Every user is
// there once, with the key of the state, and after the next refresh no record is left.
func TestAccKilledApplies(t *testing.T) {
	east := acctest.Bed(t).Cluster("east")
	if !*killedApplies {
		t.Skip("run by make test-kills")
	}
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(manyUsers, east.MonHost, east.AdminKey))
	for _, users := range []int{20, 50, 80, 110, 140} {
		killOnce(t, w, func() bool { return len(manyUsersSeen(t)) >= users })
		t.Logf("killed with %d users in the cluster and %d in the state", len(manyUsersSeen(t)), len(manyUsersInState(t, w)))
	}
	w.Apply(t)
	w.ExpectEmptyPlan(t)
	seen, state := manyUsersSeen(t), manyUsersInState(t, w)
	if len(seen) != 200 || len(state) != 200 {
		t.Errorf("%d users in the cluster, %d in the state", len(seen), len(state))
	}
	for entity, key := range seen {
		if state[entity] != key {
			t.Errorf("the state has another key of %s, or none", entity)
		}
	}
	if left := acctest.Ceph(t, "east", "config-key", "dump", "terraform-provider-ceph/"); strings.TrimSpace(left) != "{}" {
		t.Errorf("records are left: %s", left)
	}
	w.Destroy(t)
}

// killOnce applies, and kills Terraform and the provider once it is so.
func killOnce(t *testing.T, w *acctest.Workspace, isSo func() bool) {
	t.Helper()
	var out bytes.Buffer
	command := w.Command(context.WithoutCancel(t.Context()), &out, "apply", "-auto-approve", "-input=false")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // it is killed
	}()
	for !isSo() {
		select {
		case <-ended:
			t.Fatalf("the apply ended:\n%s", out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	signal := func(signal syscall.Signal) {
		if err := syscall.Kill(-command.Process.Pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	// Terraform writes its state in place: one that is killed in the midst of it has lost all resources, which is not what is tested.
	for signal(syscall.SIGSTOP); !json.Valid(w.State(t)); signal(syscall.SIGSTOP) {
		signal(syscall.SIGCONT)
		<-time.After(time.Millisecond)
	}
	signal(syscall.SIGKILL)
	<-ended
}

// manyUsersSeen are the users' keys in the cluster, by entity.
func manyUsersSeen(t *testing.T) map[string]string {
	t.Helper()
	var all struct {
		Dump []struct{ Entity, Key string } `json:"auth_dump"`
	}
	if err := json.Unmarshal([]byte(acctest.Ceph(t, "east", "auth", "ls", "--format", "json")), &all); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, user := range all.Dump {
		if strings.HasPrefix(user.Entity, "client.many-") {
			keys[user.Entity] = user.Key
		}
	}
	return keys
}

func manyUsersInState(t *testing.T, w *acctest.Workspace) map[string]string {
	t.Helper()
	var state struct {
		Resources []struct {
			Instances []struct {
				Attributes struct{ Entity, Key string }
			}
		}
	}
	if err := json.Unmarshal(w.State(t), &state); err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for _, r := range state.Resources {
		for _, instance := range r.Instances {
			keys[instance.Attributes.Entity] = instance.Attributes.Key
		}
	}
	return keys
}
