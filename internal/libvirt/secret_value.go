package libvirt

import (
	"context"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// ValueState is what is known of a secret's value.
type ValueState int

// The states of a secret's value.
const (
	// ValueMissing means that the secret has no value.
	ValueMissing ValueState = iota
	// ValueSet means that the value was read.
	ValueSet
	// ValuePrivate means that it may not be read, so that it isn't known whether there is one: the secret is private, the host's policy
	// gives its value to others only (secret.read-secure), or the connection is unencrypted and AllowPlaintext is not set.
	ValuePrivate
)

// SetSecretValue stores the value that libvirt gives to QEMU: for a cephx key the decoded bytes, not the base64 text. Running
// QEMUs keep the value that they were started with. Over tcp without TLS to another machine it is problem.Refused, unless
// AllowPlaintext is set.
//
// Similar to: virsh secret-set-value.
func (h *Host) SetSecretValue(ctx context.Context, uuid string, value sensitive.Value) error {
	if err := h.MaySendKeys(); err != nil {
		return err
	}
	op := operation{doing: fmt.Sprintf("set the value of secret %s", uuid), absent: rpc.ErrNoSecret, changes: true}
	found, err := h.lookupSecret(ctx, op, uuid)
	if err != nil {
		return err
	}
	_, err = change(ctx, h, op, onSecret("SecretSetValue", uuid), nothing(func(l *rpc.Libvirt) error {
		return l.SecretSetValue(found, value.Bytes(), 0)
	}))
	return err
}

// MakeSecret defines a secret and gives it its value. The value of a private secret can't be read, so it becomes private only after it has
// one: what was interrupted can be told from somebody else's. made tells that the secret exists, also beside an error.
//
// Similar to: virsh secret-define; virsh secret-set-value.
func (h *Host) MakeSecret(ctx context.Context, s Secret, value sensitive.Value) (made bool, err error) {
	readable := s
	readable.Private = false
	if err := h.DefineSecret(ctx, readable); err != nil {
		return false, err
	}
	err = h.SetSecretValue(ctx, s.UUID, value)
	if err == nil && s.Private {
		err = h.DefineSecret(ctx, s)
	}
	return true, err
}

// SecretValue reads the value. A secret that isn't there is problem.NotFound; one without a value is no error.
//
// Similar to: virsh secret-get-value.
func (h *Host) SecretValue(ctx context.Context, uuid string) (sensitive.Value, ValueState, error) {
	op := operation{doing: fmt.Sprintf("read the value of secret %s", uuid), absent: rpc.ErrNoSecret}
	found, err := h.lookupSecret(ctx, op, uuid)
	if err != nil {
		return sensitive.Value{}, ValueMissing, err
	}
	if h.withholdsKeys() {
		return sensitive.Value{}, ValuePrivate, nil
	}
	value, err := repeat(ctx, h, op, onSecret("SecretGetValue", uuid), func(l *rpc.Libvirt) (sensitive.Value, error) {
		value, err := l.SecretGetValue(found, 0)
		return sensitive.New(value), err
	})
	switch code(err) {
	case rpc.ErrInvalidSecret, rpc.ErrAccessDenied:
		return sensitive.Value{}, ValuePrivate, nil
	case rpc.ErrNoSecret:
		// The same code for "no value" and "no secret": only a look-up tells whether it was removed just now.
		_, err = h.lookupSecret(ctx, op, uuid)
		return sensitive.Value{}, ValueMissing, err
	}
	if err != nil {
		return sensitive.Value{}, ValueMissing, h.fail(operation{doing: op.doing}, err)
	}
	return value, ValueSet, nil
}

// MaySendKeys is nil where keys may be sent to the host, and otherwise the refusal of SetSecretValue, before the attempt.
func (h *Host) MaySendKeys() error {
	if !h.withholdsKeys() {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("No key is sent to %s.", h.name()),
		Why:  "The connection is tcp without TLS: everybody on the way could read the key.",
		Do:   "Use qemu+tls or qemu+ssh in the uri, or set allow_plaintext = true for this hypervisor if the network is trusted.",
	}
}

// withholdsKeys reports whether a key on this connection could be read on the way.
func (h *Host) withholdsKeys() bool {
	return h.endpoint.Plaintext && !h.config.AllowPlaintext
}
