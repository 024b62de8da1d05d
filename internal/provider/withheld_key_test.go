package provider_test

import (
	"testing"
	"time"
)

// A secret that was made over a connection that nobody can read plans no change over one on which its value isn't asked for. That another
// key is to be written is still planned.
func TestSecretOverAReadableConnection(t *testing.T) {
	w := newWorld(t, newServer(t, nil), eastFSID, time.Minute)
	config := block{"hypervisor": "kvm1", "usage_name": "client.one", "key": goodKey, "private": false, "ephemeral": false}
	s, end := w.server(t.Context())
	o := s.newObject("libvirt_ceph_secret")
	s.apply(o, config)
	end()

	w.uri = "qemu+tcp://kvm1.example.com/system"
	for range 2 {
		s, end = w.server(t.Context()) // as by the next terraform command
		s.must("read", s.read(o))
		s.mustKeep(o, config)
		end()
	}
	s, end = w.server(t.Context())
	defer end()
	plan := s.plan(o, with(config, block{"key": goodKey[:len(goodKey)-4] + "HQ=="}))
	s.must("plan", plan.Diagnostics)
	typ := s.schema.ResourceSchemas[o.typeName].ValueType()
	if planned := s.members(s.decode(typ, plan.PlannedState))["key_fingerprint"]; planned.Equal(s.members(o.state)["key_fingerprint"]) {
		t.Error("another key has the fingerprint of the recorded one")
	}
}
