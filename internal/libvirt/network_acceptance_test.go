package libvirt

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// listening lets kvm2 listen until the end of the test.
func listening(t *testing.T, options testbed.ListenOptions) testbed.Ports {
	t.Helper()
	h := realDaemons(t).Hypervisor("kvm2")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { expect.NoError(t, h.Unlisten(ctx)) })
	return expect.Value(h.Listen(ctx, options))(t)
}

func TestAccSASLDemanded(t *testing.T) {
	ports := listening(t, testbed.ListenOptions{TCP: true, SASL: true})
	_, err := host(t, Config{URI: fmt.Sprintf("qemu+tcp://127.0.0.1:%d/session", ports.TCP)}).UUID(t.Context())
	expect.Problem(t, err, problem.Denied, "SASL", "qemu+ssh")
}

// What crosses a network in the open keeps keys back in both directions. Only a name that isn't loopback makes it a network,
// and here the host is told that it is one.
func TestAccKeysAreNotSentInPlaintext(t *testing.T) {
	ports := listening(t, testbed.ListenOptions{TCP: true})
	uri := fmt.Sprintf("qemu+tcp://127.0.0.1:%d/session", ports.TCP)
	plain := host(t, Config{URI: uri})
	// A key is sent over loopback, where nobody reads along.
	id := defineSecret(t, plain, []byte("a value"))
	network := func(allow bool) *Host {
		h := host(t, Config{URI: uri, AllowPlaintext: allow})
		h.endpoint.Plaintext = true
		return h
	}
	another := sensitive.New([]byte("another"))
	expect.Problem(t, network(false).SetSecretValue(t.Context(), id, another), problem.Refused, "tcp without TLS", "allow_plaintext")
	if value, state, err := network(false).SecretValue(t.Context(), id); !value.IsZero() || state != ValuePrivate || err != nil {
		t.Errorf("%q, %v, %v", value, state, err)
	}
	if value, state, err := plain.SecretValue(t.Context(), id); err != nil || state != ValueSet || string(value.Bytes()) != "a value" {
		t.Errorf("%q, %v, %v", value, state, err)
	}
	expect.NoError(t, network(true).SetSecretValue(t.Context(), id, another))
	if value, _, err := network(true).SecretValue(t.Context(), id); string(value.Bytes()) != "another" {
		t.Errorf("%q, %v", value, err)
	}
}
