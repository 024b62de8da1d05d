package ceph

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// SetCaps replaces all caps of a user; its key stays.
//
// Similar to: ceph auth caps
func (c *Cluster) SetCaps(ctx context.Context, name string, caps map[string]string) error {
	if err := checkUser(caps, Key{}); err != nil {
		return err
	}
	what := fmt.Sprintf("Unable to change the caps of user %s of cluster %q.", entityOf(name), c.cfg.Label)
	denied, err := c.monStatus(ctx, what, command{"prefix": "auth caps", "entity": entityOf(name), "caps": capsList(caps)}, nil)
	return explainUser(err, denied)
}

// SetKey gives a user another key and keeps its caps. Whoever holds the old key can't open a new connection
// from then on; connections that are open go on, and break one by one. A key with which nobody could log in is
// problem.Refused. changed tells that the user has the key, also where what comes after that failed.
//
// Similar to: ceph auth import
func (c *Cluster) SetKey(ctx context.Context, name string, key Key) (changed bool, err error) {
	if err := checkUser(nil, key); err != nil {
		return false, err
	}
	what := fmt.Sprintf("Unable to change the key of user %s of cluster %q.", entityOf(name), c.cfg.Label)
	user, err := c.User(ctx, name)
	if err != nil {
		return false, err
	}
	if user.Key.Equal(key) {
		return true, nil
	}
	if err := c.checkCipher(ctx, what, key); err != nil {
		return false, err
	}
	failure := c.importKey(ctx, what, user, key)
	if failure != nil && !problem.Unanswered(failure) {
		return false, failure
	}
	after, err := recheck(ctx, func(ctx context.Context) (User, error) {
		after, err := c.User(ctx, name)
		if err == nil && !after.Key.Equal(key) {
			err = failure
		}
		return after, err
	})
	if err != nil {
		return failure == nil, cmp.Or(failure, err)
	}
	if !equalCapsMaps(user.Caps, after.Caps) {
		return true, c.SetCaps(ctx, name, user.Caps)
	}
	return true, nil
}

// importKey replaces the key and all caps of a user in one command.
func (c *Cluster) importKey(ctx context.Context, what string, user User, key Key) error {
	caps := user.Caps
	if len(caps) == 0 {
		caps = map[string]string{"mon": ""} // the monitors import no user without any, and these allow nothing
	}
	denied, err := c.monKeyring(ctx, what, command{"prefix": "auth import"}, user.Name, key, caps)
	return explainUser(err, denied)
}
