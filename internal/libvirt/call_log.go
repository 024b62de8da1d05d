package libvirt

import (
	"errors"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
)

// What the log has of a call: the procedure, by its name in libvirt's protocol, and the object.

func onHost(procedure string) calllog.Call { return calllog.Call{Name: procedure} }

func onDomain(procedure, domain string) calllog.Call {
	return calllog.Call{Name: procedure, Object: calllog.Object{Domain: domain}}
}

func onDisk(procedure, domain, target string) calllog.Call {
	return calllog.Call{Name: procedure, Object: calllog.Object{Domain: domain, Target: target}}
}

func onSecret(procedure, secret string) calllog.Call {
	return calllog.Call{Name: procedure, Object: calllog.Object{Secret: secret}}
}

func onStoragePool(procedure, pool string) calllog.Call {
	return calllog.Call{Name: procedure, Object: calllog.Object{StoragePool: pool}}
}

// changing marks a call that changes something.
func changing(call calllog.Call) calllog.Call {
	call.Change = true
	return call
}

// refusalOf is an error in the words of the log.
func refusalOf(err error) string {
	switch {
	case code(err) != rpc.ErrOk:
		return fmt.Sprintf("libvirt error %d", code(err))
	case errors.As(err, new(errTimeLimit)):
		return "timeout"
	case err != nil && broken(err):
		return "connection lost"
	}
	return calllog.Refusal(err)
}
