package libvirt

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const (
	procDomainLookupName  = 23
	procDomainControlInfo = 229
)

// Where a call about a domain gets no answer, the daemon is asked whether the domain is the reason, also after the operation's own time.
func TestACallThatItsDomainHolds(t *testing.T) {
	const daemon = "Check that the host is up"
	for name, c := range map[string]struct {
		state rpc.DomainControlState
		mute  bool // no answer to that question either
		over  bool // it is the operation's own time that is over
		word  string
		not   string
	}{
		"QEMU hangs":            {rpc.DomainControlOccupied, false, false, `QEMU of domain "web" has not answered it for 7s`, daemon},
		"QEMU hangs, late":      {rpc.DomainControlOccupied, false, true, `QEMU of domain "web" has not answered it for 7s`, daemon},
		"another call":          {rpc.DomainControlJob, false, false, `but another call holds domain "web"`, daemon},
		"no reason":             {rpc.DomainControlOk, false, false, daemon, "virsh domcontrol"},
		"a daemon that is mute": {rpc.DomainControlOccupied, true, false, daemon, "virsh domcontrol"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFakeDaemon(t)
			d.on(procHostname, func(int) ([]byte, uint32, bool) { return nil, 0, false })
			d.on(procDomainLookupName, func(int) ([]byte, uint32, bool) {
				return append(append(xdrString("web"), make([]byte, rpc.UUIDBuflen)...), xdrWord(1)...), 0, true
			})
			d.on(procDomainControlInfo, func(int) ([]byte, uint32, bool) {
				return binary.BigEndian.AppendUint64(append(xdrWord(uint32(c.state)), xdrWord(0)...), 7000), 0, !c.mute
			})
			h := host(t, Config{URI: d.uri()})
			if _, err := h.UUID(t.Context()); err != nil {
				t.Fatal(err)
			}
			op, ctx := operation{doing: "change it", changes: true, limit: 50 * time.Millisecond}, t.Context()
			if c.over {
				op.limit = 0
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			_, err := change(ctx, h, op, onDomain("ConnectGetHostname", "web"), func(l *rpc.Libvirt) (string, error) {
				return l.ConnectGetHostname()
			})
			expect.Problem(t, err, problem.Unreachable, c.word, "It isn't known whether it took effect")
			if !problem.Unanswered(err) {
				t.Error("it counts as answered")
			}
			if err != nil && strings.Contains(err.Error(), c.not) {
				t.Errorf("it says %q too: %v", c.not, err)
			}
		})
	}
}
