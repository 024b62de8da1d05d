package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// RotateKey gives a user a new key and keeps its caps, by the best way that the cluster's release has: `auth rotate` (19.2.3 and later),
// a pending key that is committed (18 and later), or an import of a key made here (16 and 17). keyType is aes, aes256k, or empty for the
// type of the present key; a release that doesn't know key types takes aes only. What is refused changes nothing. The user has a working
// key at every moment, also when the operation is interrupted: each way ends with one command that puts the new key in the place of the
// old one. From then on no other key opens a connection, neither the old one nor a pending one that somebody else had made. If the key
// was rotated, the user is returned even with an error, and without a key where the new one could not be read.
//
// Similar to: ceph auth rotate
func (c *Cluster) RotateKey(ctx context.Context, name, keyType string) (User, error) {
	what := fmt.Sprintf("Unable to rotate the key of user %s of cluster %q.", entityOf(name), c.cfg.Label)
	record, err := c.authRecord(ctx, name)
	if err != nil {
		return User{}, err
	}
	if err := c.checkKeyTypeAllowed(ctx, what, keyType); err != nil {
		return User{}, err
	}
	// Before the rotation, not after it: a client could use the pending key in between and so make it the only one.
	if !record.Pending.IsZero() {
		if err := c.clearPending(ctx, what, record.Entity); err != nil {
			return User{}, err
		}
	}
	before, known := record.user(), false
	if keyType == "" {
		// What the cluster prefers may be too new for the clients that have to use the key.
		keyType = before.Key.Type()
	}
	for _, way := range []func(context.Context, string, User, string) (bool, error){c.rotateAtOnce, c.rotatePending, c.rotateByImport} {
		if known, err = way(ctx, what, before, keyType); known {
			break
		}
	}
	if err != nil && !problem.Unanswered(err) {
		return User{}, err
	}
	after, unread := recheck(ctx, func(ctx context.Context) (User, error) {
		after, unread := c.User(ctx, name)
		if unread == nil && after.Key.Equal(before.Key) {
			unread = err
		}
		return after, unread
	})
	switch {
	case unread != nil && err == nil:
		return User{Name: name, Entity: before.Entity, Caps: before.Caps},
			outcomeUnknown(unread, "The key was rotated; the next refresh reads the new one.")
	case unread != nil:
		return User{}, outcomeUnknown(err, "The key may still be rotated: the next refresh shows it.")
	}
	if after.Key.Equal(before.Key) {
		return User{}, &problem.Problem{
			Kind: problem.Other, What: what,
			Why: "The cluster accepted the commands, and the user still has its former key.",
			Do:  "Apply again. If it happens again, rotate by hand and let the next plan take it over.",
		}
	}
	if !equalCapsMaps(before.Caps, after.Caps) {
		if err := c.SetCaps(ctx, name, before.Caps); err != nil {
			return after, err
		}
		after.Caps = before.Caps
	}
	return after, checkKeyType(what, after.Key, keyType)
}

// rotateAtOnce leaves the work to the monitors. known is false where they don't have the command.
func (c *Cluster) rotateAtOnce(ctx context.Context, what string, user User, keyType string) (known bool, err error) {
	cmd := command{"prefix": "auth rotate", "entity": user.Entity}
	if keyType != "" {
		cmd["key_type"] = keyType
	}
	// The reply holds the key, in a form that differs between releases; it is read by itself afterwards.
	denied, err := c.monStatus(ctx, what, cmd, nil)
	if denied.unknownCommand() {
		return false, err
	}
	return true, explainUser(err, denied)
}

// rotatePending makes a second key, which works beside the first one, and commits it if it is of the type that was asked for:
// no release takes a type here. After an interruption in between, the next attempt clears the pending key and makes another one.
func (c *Cluster) rotatePending(ctx context.Context, what string, user User, keyType string) (known bool, err error) {
	var records []authRecord
	cmd := command{"prefix": "auth get-or-create-pending", "entity": user.Entity}
	denied, err := c.monStatus(ctx, what, cmd, &records)
	if denied.unknownCommand() {
		return false, err
	}
	if err != nil {
		return true, explainUser(err, denied)
	}
	pending := Key{}
	for _, r := range records {
		if r.Entity == user.Entity {
			pending = r.Pending
		}
	}
	if err := checkKeyType(what, pending, keyType); err != nil {
		return true, errors.Join(err, c.clearPending(ctx, what, user.Entity))
	}
	denied, err = c.monStatus(ctx, what, command{"prefix": "auth commit-pending", "entity": user.Entity}, nil)
	return true, explainUser(err, denied)
}

// clearPending takes a pending key away, if there is one.
//
// Similar to: ceph auth clear-pending
func (c *Cluster) clearPending(ctx context.Context, what, entity string) error {
	denied, err := c.monStatus(ctx, what, command{"prefix": "auth clear-pending", "entity": entity}, nil)
	return explainUser(err, denied)
}

// rotateByImport makes the key here and imports it together with the caps, in one command.
func (c *Cluster) rotateByImport(ctx context.Context, what string, user User, keyType string) (known bool, err error) {
	if keyType != "" && keyType != typeNameAES {
		return true, keyTypeUnknown(what, keyType)
	}
	key, err := newAESKey()
	if err != nil {
		return true, c.failed(what, "", err)
	}
	return true, c.importKey(ctx, what, user, key)
}
