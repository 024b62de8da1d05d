package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// rotatingCluster rotates keys, and then does not answer the read of the new key.
type rotatingCluster struct {
	*fakeCluster
	key        string
	rotations  int
	unanswered bool
}

func (r *rotatingCluster) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	switch command := string(text); {
	case strings.Contains(command, `"auth rotate"`):
		r.key, r.unanswered = "AQBbVQNrrmrbAxAA8l0oxoset90Fhg1f7I61sw==", true
		r.rotations++
		return nil, "", nil
	case strings.Contains(command, `"auth get"`) && r.unanswered:
		return nil, "", ceph.ETIMEDOUT
	case strings.Contains(command, `"auth get"`) && len(r.users) > 0:
		out, err := json.Marshal([]map[string]any{{"entity": "client.libvirt", "key": r.key, "caps": map[string]string{"mon": "profile rbd"}}})
		return out, "", err
	}
	return r.fakeCluster.MonCommand(ctx, text, input)
}

// A rotation after which the new key could not be read is an error, but it is recorded: the next refresh reads the key, and the next apply
// does not rotate it again.
func TestRotationIsRecordedWithoutTheKey(t *testing.T) {
	cluster := &rotatingCluster{fakeCluster: newFakeCluster(eastFSID), key: goodKey}
	s := newServer(t, func(context.Context, ceph.Config) (ceph.Conn, error) { return cluster, nil })
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	o := s.newObject("ceph_user")
	user := func(generation int64) block {
		return block{
			"cluster": "east", "name": "libvirt", "caps": block{"mon": "profile rbd"}, "key_generation": big.NewFloat(float64(generation)),
		}
	}
	s.apply(o, user(1))
	schema := s.schema.ResourceSchemas[o.typeName]
	typ := schema.ValueType()
	plan := s.plan(o, user(2))
	s.must("plan", plan.Diagnostics)
	resp, err := s.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), PlannedState: plan.PlannedState, Config: s.dynamic(schema, user(2)),
		PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := errorsIn(resp.Diagnostics); !strings.Contains(text, "The key was rotated; the next refresh reads the new one.") ||
		strings.Contains(text, cluster.key) {
		t.Errorf("told: %s", text)
	}
	o.state, o.private = s.decode(typ, resp.NewState), resp.Private
	cluster.unanswered = false
	s.must("read", s.read(o))
	s.apply(o, user(2))
	if cluster.rotations != 1 || s.text(o, "key") != cluster.key {
		t.Errorf("rotated %d times, and the state has the former key: %v", cluster.rotations, s.text(o, "key") == goodKey)
	}
}

// A user with another name is another user: what is asked of its key is no change of the former user's key.
func TestRenamedUserIsReplacedWhateverItsKey(t *testing.T) {
	cluster := newFakeCluster(eastFSID)
	s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
	s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
	o := s.newObject("ceph_user")
	user := func(name string, generation int64) block {
		return block{
			"cluster": "east", "name": name, "caps": block{"mon": "profile rbd"}, "key_generation": big.NewFloat(float64(generation)),
		}
	}
	s.apply(o, user("web-1", 3))
	for _, generation := range []int64{1, 4} {
		plan := s.plan(o, user("web-2", generation))
		replaced := fmt.Sprint(plan.RequiresReplace)
		if got := errorsIn(plan.Diagnostics); got != "" || replaced != `[AttributeName("name")]` {
			t.Errorf("generation %d: replaced because of %s, %s", generation, replaced, got)
		}
	}
	if got := errorsIn(s.plan(o, user("web-1", 1)).Diagnostics); !strings.Contains(got, "Key generation lowered") {
		t.Errorf("the key of the same user: %s", got)
	}
}
