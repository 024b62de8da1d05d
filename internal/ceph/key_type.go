package ceph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The key types by name. A cluster of 19.2.6 or later knows both.
const (
	typeNameAES     = "aes"
	typeNameAES256K = "aes256k"
)

// KeyTypes are the key types that can be asked for.
var KeyTypes = []string{typeNameAES, typeNameAES256K}

// CreateUserOfType is CreateUser with a key that the cluster makes of the given type, aes or aes256k. A type that the cluster
// doesn't allow is problem.Refused. A cluster that knows no key types, and so makes another one than was asked for, is
// problem.Unsupported, and the user is not left behind.
//
// Similar to: ceph auth get-or-create --key-type
func (c *Cluster) CreateUserOfType(ctx context.Context, name string, caps map[string]string, keyType string) (User, error) {
	user, err := c.createUser(ctx, name, caps, "", keyType)
	if err != nil {
		return User{}, err
	}
	what := fmt.Sprintf("Unable to create user %s in cluster %q.", entityOf(name), c.cfg.Label)
	wrong := c.checkKeyType(what, user.Key, keyType)
	if wrong == nil {
		return user, nil
	}
	if err := c.DeleteUser(ctx, name); err != nil {
		var p *problem.Problem
		if errors.As(wrong, &p) {
			p.Do = fmt.Sprintf("%s The user that was made could not be removed again: ceph auth rm %s.", p.Do, user.Entity)
		}
	}
	return User{}, wrong
}

// checkKeyType compares what the cluster made with what was asked for: older monitors ignore the wish.
func (c *Cluster) checkKeyType(what, key, keyType string) error {
	if keyType == "" {
		return nil
	}
	raw, err := ParseKey(key)
	if err != nil {
		return err
	}
	if KeyType(raw) != keyType {
		return keyTypeUnknown(what, keyType)
	}
	return nil
}

func keyTypeUnknown(what, keyType string) error {
	return &problem.Problem{
		Kind: problem.Unsupported, What: what,
		Why: fmt.Sprintf("A key of type %s was asked for, and the cluster makes another one: its release does not know key types, or not"+
			" this one here.", keyType),
		Do: "Key types need Ceph 19.2.6, 20.2.4 or newer on the monitors. Upgrade the cluster, or leave key_type out.",
	}
}

// explainKeyType explains the monitors' refusal of a key type. All of them have the same number, so the text decides.
func explainKeyType(p *problem.Problem, status string) bool {
	switch {
	case strings.Contains(status, "insecure key type"):
		p.Kind = problem.Refused
		p.Why = "The cluster does not allow new keys of this type, which it counts as insecure."
	case strings.Contains(status, "cannot be used for auth"):
		p.Kind = problem.Refused
		p.Why = "A key of this type could not be used: it is not among the cluster's auth_allowed_ciphers."
	case strings.Contains(status, "key type") || strings.Contains(status, "key_type"):
		p.Kind = problem.Unsupported
		p.Why = "The cluster does not know this type of key."
	default:
		return false
	}
	p.Do = "Ask for a type that the cluster allows (ceph mon dump shows auth_allowed_ciphers), or allow this one:" +
		" ceph mon set auth_allowed_ciphers aes,aes256k; it takes up to half a minute to count. Every client, hypervisors included," +
		" must be able to use the type: aes256k needs librados of Ceph 19.2.6, 20.2.4 or newer."
	return true
}
