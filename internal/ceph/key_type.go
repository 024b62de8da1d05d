package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// cipher is a type of key by its name and by the number with which a key begins.
type cipher struct {
	Name  string `json:"name"`
	Value uint16 `json:"value"`
}

// allowedCiphers are the key types with which the cluster lets anybody log in, none where the release knows no key types.
// known is false where the provider's user may not ask: to manage users it needs no right to read the monitor map.
//
// Similar to: ceph mon dump
func (c *Cluster) allowedCiphers(ctx context.Context, what string) (allowed []cipher, known bool, err error) {
	dump, err := c.monDump(ctx, what)
	if problem.Is(err, problem.Denied) {
		return nil, false, nil
	}
	return dump.AllowedCiphers, true, err
}

// CheckKey tells whether the cluster would give a user this chosen key, or a key of this type; either is empty where it is not
// chosen. It is problem.Refused where the cluster doesn't allow the type, problem.Unsupported where it knows no
// such type, and changes nothing.
//
// Similar to: ceph mon dump
func (c *Cluster) CheckKey(ctx context.Context, name string, key Key, keyType string) error {
	what := fmt.Sprintf("User %s of cluster %q can't be given such a key.", entityOf(name), c.cfg.Label)
	if !key.IsZero() {
		return c.checkCipher(ctx, what, key)
	}
	return c.checkKeyTypeAllowed(ctx, what, keyType)
}

// checkCipher refuses a chosen key of a type that the cluster doesn't allow: the monitors store it without an error, and then refuse
// every client that uses it. A release that knows no key types can't read keys of other types than aes.
func (c *Cluster) checkCipher(ctx context.Context, what string, key Key) error {
	if err := key.Check(); err != nil {
		return err
	}
	allowed, known, err := c.allowedCiphers(ctx, what)
	switch {
	case err != nil || !known:
		return err
	case len(allowed) == 0 && key.cipher() != keyTypeAES:
		return cipherUnknown(what, key.Type())
	case len(allowed) == 0 || slices.ContainsFunc(allowed, func(a cipher) bool { return a.Value == key.cipher() }):
		return nil
	}
	return cipherNotAllowed(what, "The chosen key is", key.Type(), allowed)
}

// checkKeyTypeAllowed refuses a key type that the cluster would refuse or ignore, before anything is changed.
func (c *Cluster) checkKeyTypeAllowed(ctx context.Context, what, keyType string) error {
	if keyType == "" {
		return nil
	}
	allowed, known, err := c.allowedCiphers(ctx, what)
	switch {
	case err != nil || !known:
		return err
	case len(allowed) == 0 && keyType != typeNameAES:
		return keyTypeUnknown(what, keyType)
	case len(allowed) == 0 || slices.ContainsFunc(allowed, func(a cipher) bool { return a.Name == keyType }):
		return nil
	}
	return cipherNotAllowed(what, "The key was to be", keyType, allowed)
}

func cipherNotAllowed(what, subject, keyType string, allowed []cipher) error {
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = a.Name
	}
	if keyType == "" {
		keyType = "unknown"
	}
	return &problem.Problem{
		Kind: problem.Refused, What: what,
		Why: fmt.Sprintf("%s of type %s, and the cluster lets nobody log in with such a key: its auth_allowed_ciphers are %s. Nothing"+
			" was changed.",
			subject, keyType, strings.Join(names, ", ")),
		Do: fmt.Sprintf("Take a key of type %s, or leave the choice to the cluster (neither key, key_wo nor key_type)."+
			" To allow the type: ceph mon set auth_allowed_ciphers %s,%s.", names[0], keyType, strings.Join(names, ",")),
	}
}

const keyTypesNeed = "Key types need Ceph 19.2.6, 20.2.4 or newer on the monitors."

// chooseAES is what to do where the monitors know no key types.
const chooseAES = "Choose a key of type aes, or leave the choice to the cluster (neither key nor key_wo). " + keyTypesNeed

func cipherUnknown(what, keyType string) error {
	why := "The chosen key is of a type that is unknown here"
	if keyType != "" {
		why = fmt.Sprintf("The chosen key is of type %s", keyType)
	}
	return &problem.Problem{
		Kind: problem.Unsupported, What: what,
		Why: why + ", and the cluster's release does not know key types: it takes keys of type aes only. Nothing was changed.",
		Do:  chooseAES,
	}
}

// checkKeyType compares the key that the cluster made with the type that was asked for: older monitors ignore key_type.
func checkKeyType(what string, key Key, keyType string) error {
	if keyType == "" {
		return nil
	}
	if err := key.Check(); err != nil {
		return err
	}
	if key.Type() != keyType {
		return keyTypeUnknown(what, keyType)
	}
	return nil
}

func keyTypeUnknown(what, keyType string) error {
	return &problem.Problem{
		Kind: problem.Unsupported, What: what,
		Why: fmt.Sprintf("A key of type %s was asked for, and the cluster makes another one: its release does not know key types, or not"+
			" this one here.", keyType),
		Do: keyTypesNeed + " Upgrade the cluster, or leave key_type out.",
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
