package tfkit

import (
	"context"
	"errors"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// someHost is a host that counts how often it is asked for its name.
type someHost struct {
	label, uuid, name string
	err               error
	asked             int
}

func (h *someHost) Label() string                        { return h.label }
func (h *someHost) UUID(context.Context) (string, error) { return h.uuid, nil }
func (h *someHost) Hostname(context.Context) (string, error) {
	h.asked++
	return h.name, h.err
}

func TestHostsWithOneUUID(t *testing.T) {
	identities := &hostIdentities[*someHost]{}
	one := &someHost{label: "kvm1", uuid: "a", name: "kvm1.example.net"}
	again := &someHost{label: "first", uuid: "a", name: "kvm1.example.net"}
	two := &someHost{label: "kvm2", uuid: "a", name: "kvm2.example.net"}
	three := &someHost{label: "kvm3", uuid: "b", name: "kvm3.example.net"}
	silent := &someHost{label: "kvm4", uuid: "a", err: errors.New("no answer")}
	for range 2 {
		for host, want := range map[*someHost]string{one: "a", again: "a", three: "b"} {
			if host != one {
				identities.must(t, one, "a") // which is the first one then
			}
			identities.must(t, host, want)
		}
		_, err := identities.identity(t.Context(), two)
		expect.Problem(t, err, problem.WrongIdentity, `"kvm1" and "kvm2" both have the host_uuid a`, "kvm1.example.net and kvm2.example.net",
			"libvirtd.conf")
		if _, err := identities.identity(t.Context(), silent); !errors.Is(err, silent.err) {
			t.Errorf("a host that can't be told from another one: %v", err)
		}
	}
	if three.asked > 0 || again.asked > 1 {
		t.Errorf("asked for names %d and %d times", three.asked, again.asked)
	}
}

func (i *hostIdentities[H]) must(t *testing.T, host H, want string) {
	t.Helper()
	if got, err := i.identity(t.Context(), host); got != want || err != nil {
		t.Errorf("%s: got %q, %v", host.Label(), got, err)
	}
}
