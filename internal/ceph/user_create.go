package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// CreateUser creates a user with these caps, and with the chosen key, or one that the cluster makes if key is zero. A user of that
// name is problem.Exists and stays as it is. A chosen key with which nobody could log in is problem.Refused.
//
// Similar to: ceph auth get-or-create; ceph auth add
func (c *Cluster) CreateUser(ctx context.Context, name string, caps map[string]string, key Key) (User, error) {
	return c.createUser(ctx, name, caps, key, "")
}

// CreateUserOfType is CreateUser with a key that the cluster makes of the given type, aes or aes256k. A type that the cluster
// doesn't allow is problem.Refused. A cluster that knows no key types, and so makes another one than was asked for, is
// problem.Unsupported, and the user is not left behind.
//
// Similar to: ceph auth get-or-create --key-type
func (c *Cluster) CreateUserOfType(ctx context.Context, name string, caps map[string]string, keyType string) (User, error) {
	user, err := c.createUser(ctx, name, caps, Key{}, keyType)
	if err != nil {
		return User{}, err
	}
	what := fmt.Sprintf("Unable to create user %s in cluster %q.", entityOf(name), c.cfg.Label)
	wrong := checkKeyType(what, user.Key, keyType)
	if wrong == nil {
		return user, nil
	}
	if err := c.DeleteUser(ctx, name); err != nil {
		var p *problem.Problem
		if errors.As(wrong, &p) {
			p.Do = fmt.Sprintf("%s The user that was made could not be removed again: ceph auth rm %s.", p.Do,
				problem.Word(user.Entity))
		}
	}
	return User{}, wrong
}

func (c *Cluster) createUser(ctx context.Context, name string, caps map[string]string, key Key, keyType string) (User, error) {
	what := fmt.Sprintf("Unable to create user %s in cluster %q.", entityOf(name), c.cfg.Label)
	if err := checkUser(caps, key); err != nil {
		return User{}, err
	}
	release, err := c.claim(ctx, what, userKind, name)
	if err != nil {
		return User{}, err
	}
	defer release()
	in := userIntent(name, caps, key, keyType)
	switch record, denied, err := c.authGet(ctx, c.unableToReadUser(name), name); {
	case err == nil:
		found := record.user()
		takenUp, remark := c.takesUp(ctx, in, func() bool { return found.isAsWanted(caps, key) })
		if takenUp {
			return found, nil
		}
		return User{}, c.userExists(what, name, remark)
	case !denied.is(ENOENT):
		return User{}, err
	}

	if !key.IsZero() {
		if err := c.checkCipher(ctx, what, key); err != nil {
			return User{}, err
		}
	}
	if err := c.intendUser(ctx, what, in); err != nil {
		return User{}, err
	}
	if err := c.addUser(ctx, what, name, caps, key, keyType); err != nil {
		if !problem.Unanswered(err) {
			c.forget(ctx, in)
		}
		user, err := c.confirmUser(ctx, name, caps, key, err)
		if err == nil {
			c.recordMade(ctx, in)
		}
		return user, err
	}
	c.recordMade(ctx, in)
	if !key.IsZero() {
		return User{Name: name, Entity: entityOf(name), Key: key, Caps: caps}, nil
	}
	return recheck(ctx, func(ctx context.Context) (User, error) { return c.User(ctx, name) })
}

// userIntent is the intent to create a user. A chosen key is in it by its fingerprint.
func userIntent(name string, caps map[string]string, key Key, keyType string) intent {
	return newIntent(userKind, name, fmt.Sprintf("%q %q %q", capsList(caps), key.Fingerprint(), keyType))
}

// intendUser writes the intent and asks once more for the user, which was not there before.
func (c *Cluster) intendUser(ctx context.Context, what string, in intent) error {
	if !c.intend(ctx, in) {
		return nil
	}
	// An error says mostly that there is none; what else it may say the create meets too.
	if found := c.mon(ctx, what, command{"prefix": "auth get", "entity": entityOf(in.Name)}, nil) == nil; !found {
		return nil
	}
	c.forget(ctx, in)
	return c.userExists(what, in.Name, "")
}

func (c *Cluster) userExists(what, name, remark string) error {
	const why = "A user of this name exists already. Its key and caps were left as they are."
	return withRemark(c.exists(what, why, "user", "ceph_user", name), remark)
}

// isAsWanted tells whether the user is what a create with these caps, and this key unless it is zero, would make.
func (u User) isAsWanted(caps map[string]string, key Key) bool {
	return equalCapsMaps(u.Caps, caps) && (key.IsZero() || u.Key.Equal(key))
}

// addUser sends the one command that makes a user.
func (c *Cluster) addUser(ctx context.Context, what, name string, caps map[string]string, key Key, keyType string) error {
	cmd := command{"prefix": "auth get-or-create", "entity": entityOf(name), "caps": capsList(caps)}
	if !key.IsZero() {
		cmd["prefix"] = "auth add"
		denied, err := c.monKeyring(ctx, what, cmd, name, key, nil)
		return explainUser(err, denied)
	}
	if keyType != "" {
		cmd["key_type"] = keyType
	}
	denied, err := c.monStatus(ctx, what, cmd, nil)
	return explainUser(err, denied)
}

// confirmUser looks for a user whose creation got no answer. It was not there before, so one with these caps and this key is the
// one that was to be made.
func (c *Cluster) confirmUser(ctx context.Context, name string, caps map[string]string, key Key, failure error) (User, error) {
	if !problem.Unanswered(failure) {
		return User{}, failure
	}
	user, err := recheck(ctx, func(ctx context.Context) (User, error) { return c.User(ctx, name) })
	if err == nil && user.isAsWanted(caps, key) {
		return user, nil
	}
	return User{}, outcomeUnknown(failure, mayStillBe("user"))
}
