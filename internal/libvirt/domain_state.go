package libvirt

import (
	"context"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"
)

// domainStates are virsh's words for the states of a domain.
var domainStates = map[rpc.DomainState]string{
	rpc.DomainNostate: "no state", rpc.DomainRunning: "running", rpc.DomainBlocked: "idle", rpc.DomainPaused: "paused",
	rpc.DomainShutdown: "in shutdown", rpc.DomainShutoff: "shut off", rpc.DomainCrashed: "crashed", rpc.DomainPmsuspended: "pmsuspended",
}

// DomainState returns the state of a domain that was read, in virsh's words.
//
// Similar to: virsh domstate.
func (h *Host) DomainState(ctx context.Context, d Domain) (string, error) {
	_, id, ok := normalUUID(d.UUID)
	if !ok {
		return "", h.notUUID("domain", d.UUID)
	}
	op := operation{doing: fmt.Sprintf("read the state of domain %q", d.Name), absent: rpc.ErrNoDomain}
	state, err := read(ctx, h, op, onDomain("DomainGetState", d.Name), func(l *rpc.Libvirt) (int32, error) {
		state, _, err := l.DomainGetState(rpc.Domain{Name: d.Name, UUID: id}, 0)
		return state, err
	})
	if word := domainStates[rpc.DomainState(state)]; word != "" || err != nil {
		return word, err
	}
	return fmt.Sprintf("state %d", state), nil
}
