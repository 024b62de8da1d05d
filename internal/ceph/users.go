package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// User is a cephx user of type client.
type User struct {
	Name   string // without "client."
	Entity string // with it
	Key    Key
	Caps   map[string]string
}

func entityOf(name string) string { return "client." + name }

type authRecord struct {
	Entity string `json:"entity"`
	Key    Key    `json:"key"`
	// Pending is a second key that works too, from 18 on, and replaces the first one when a client uses it.
	Pending Key               `json:"pending_key"`
	Caps    map[string]string `json:"caps"`
}

func (r authRecord) user() User {
	caps := r.Caps
	if caps == nil {
		caps = map[string]string{}
	}
	return User{Name: strings.TrimPrefix(r.Entity, "client."), Entity: r.Entity, Key: r.Key, Caps: caps}
}

// User reads a user with its key. It answers problem.NotFound only when the listing of all entities doesn't have it.
//
// Similar to: ceph auth get
func (c *Cluster) User(ctx context.Context, name string) (User, error) {
	record, err := c.authRecord(ctx, name)
	if err != nil {
		return User{}, err
	}
	return record.user(), nil
}

func (c *Cluster) authRecord(ctx context.Context, name string) (authRecord, error) {
	what := fmt.Sprintf("Unable to read user %s of cluster %q.", entityOf(name), c.cfg.Label)
	var records []authRecord
	denied, err := c.monStatus(ctx, what, command{"prefix": "auth get", "entity": entityOf(name)}, nil, &records)
	if denied.is(ENOENT) {
		if missing := c.userMissing(ctx, what, name); missing != nil {
			return authRecord{}, missing
		}
	}
	if err != nil {
		return authRecord{}, err
	}
	for _, r := range records {
		if r.Entity == entityOf(name) {
			return r, nil
		}
	}
	return authRecord{}, c.failed(what, "", errors.New("the reply does not hold the user"))
}

// userMissing answers NotFound if the listing of all entities doesn't have the user, and nil if it has.
func (c *Cluster) userMissing(ctx context.Context, what, name string) error {
	var all struct {
		// The keys of the listing are not decoded.
		Dump []struct {
			Entity string `json:"entity"`
		} `json:"auth_dump"`
	}
	if err := c.mon(ctx, what, command{"prefix": "auth ls"}, &all); err != nil {
		return err
	}
	for _, r := range all.Dump {
		if r.Entity == entityOf(name) {
			return nil
		}
	}
	return &problem.Problem{
		Kind: problem.NotFound,
		What: fmt.Sprintf("Cluster %q has no user %s.", c.cfg.Label, entityOf(name)),
		Do:   "Create the user, or correct its name or the cluster.",
	}
}

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
			p.Do = fmt.Sprintf("%s The user that was made could not be removed again: ceph auth rm %s.", p.Do, user.Entity)
		}
	}
	return User{}, wrong
}

func (c *Cluster) createUser(ctx context.Context, name string, caps map[string]string, key Key, keyType string) (User, error) {
	what := fmt.Sprintf("Unable to create user %s in cluster %q.", entityOf(name), c.cfg.Label)
	if err := checkUser(caps, key); err != nil {
		return User{}, err
	}
	release, err := c.claim(ctx, what, "user", name)
	if err != nil {
		return User{}, err
	}
	defer release()
	switch _, err := c.User(ctx, name); {
	case err == nil:
		return User{}, &problem.Problem{
			Kind: problem.Exists,
			What: what,
			Why:  "A user of this name exists already. Its key and caps were left as they are.",
			Do: fmt.Sprintf("To manage that user, import it: terraform import ceph_user.NAME %s/%s. Otherwise choose another name.",
				c.cfg.Label, name),
		}
	case !problem.Is(err, problem.NotFound):
		return User{}, err
	}

	if !key.IsZero() {
		if err := c.checkCipher(ctx, what, key); err != nil {
			return User{}, err
		}
	}
	if err := c.addUser(ctx, what, name, caps, key, keyType); err != nil {
		return c.addedAfterAll(ctx, name, caps, key, err)
	}
	if !key.IsZero() {
		return User{Name: name, Entity: entityOf(name), Key: key, Caps: caps}, nil
	}
	return askAgain(ctx, func(ctx context.Context) (User, error) { return c.User(ctx, name) })
}

// addUser sends the one command that makes a user.
func (c *Cluster) addUser(ctx context.Context, what, name string, caps map[string]string, key Key, keyType string) error {
	cmd, input := command{"prefix": "auth get-or-create", "entity": entityOf(name), "caps": capsList(caps)}, []byte(nil)
	if !key.IsZero() {
		cmd["prefix"], input = "auth add", keyring(name, key, nil).Bytes()
	} else if keyType != "" {
		cmd["key_type"] = keyType
	}
	denied, err := c.monStatus(ctx, what, cmd, input, nil)
	return explainUser(err, denied)
}

// addedAfterAll looks for a user whose creation got no answer. It was not there before, so one with these caps and this key is the
// one that was to be made.
func (c *Cluster) addedAfterAll(ctx context.Context, name string, caps map[string]string, key Key, failure error) (User, error) {
	if !problem.Unanswered(failure) {
		return User{}, failure
	}
	user, err := askAgain(ctx, func(ctx context.Context) (User, error) { return c.User(ctx, name) })
	if err == nil && equalCapsMaps(user.Caps, caps) && (key.IsZero() || user.Key.Equal(key)) {
		return user, nil
	}
	return User{}, notKnown(failure, fmt.Sprintf("The user may still be made: if the next apply finds that %s exists, import it, or remove"+
		" it with: ceph auth rm %s.",
		entityOf(name), entityOf(name)))
}

// SetCaps replaces all caps of a user; its key stays.
//
// Similar to: ceph auth caps
func (c *Cluster) SetCaps(ctx context.Context, name string, caps map[string]string) error {
	if err := checkUser(caps, Key{}); err != nil {
		return err
	}
	what := fmt.Sprintf("Unable to change the caps of user %s of cluster %q.", entityOf(name), c.cfg.Label)
	denied, err := c.monStatus(ctx, what, command{"prefix": "auth caps", "entity": entityOf(name), "caps": capsList(caps)}, nil, nil)
	return explainUser(err, denied)
}

// SetKey gives a user another key and keeps its caps. Whoever holds the old key can't open a new connection
// from then on; connections that are open go on, and break one by one. A key with which nobody could log in is
// problem.Refused.
//
// Similar to: ceph auth import
func (c *Cluster) SetKey(ctx context.Context, name string, key Key) error {
	if err := checkUser(nil, key); err != nil {
		return err
	}
	what := fmt.Sprintf("Unable to change the key of user %s of cluster %q.", entityOf(name), c.cfg.Label)
	user, err := c.User(ctx, name)
	if err != nil {
		return err
	}
	if user.Key.Equal(key) {
		return nil
	}
	if err := c.checkCipher(ctx, what, key); err != nil {
		return err
	}
	failure := c.importKey(ctx, what, user, key)
	if failure != nil && !problem.Unanswered(failure) {
		return failure
	}
	after, err := askAgain(ctx, func(ctx context.Context) (User, error) {
		after, err := c.User(ctx, name)
		if err == nil && !after.Key.Equal(key) {
			err = failure
		}
		return after, err
	})
	if err != nil {
		return cmp.Or(failure, err)
	}
	if !equalCapsMaps(user.Caps, after.Caps) {
		return c.SetCaps(ctx, name, user.Caps)
	}
	return nil
}

// DeleteUser removes a user. One that is gone already is no error.
//
// Similar to: ceph auth rm
func (c *Cluster) DeleteUser(ctx context.Context, name string) error {
	what := fmt.Sprintf("Unable to delete user %s of cluster %q.", entityOf(name), c.cfg.Label)
	return c.mon(ctx, what, command{"prefix": "auth rm", "entity": entityOf(name)}, nil)
}

func checkUser(caps map[string]string, key Key) error {
	if !key.IsZero() {
		if err := key.Check(); err != nil {
			return err
		}
	}
	for service, text := range caps {
		if err := ValidateCaps(service, text); err != nil {
			return err
		}
	}
	return nil
}

func explainUser(err error, denied refusal) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	switch {
	case denied.is(EINVAL) && strings.Contains(denied.status, "capability parse failed"):
		p.Why, p.Do = "The monitors can't parse the caps.", "Correct the caps at the place that the reply names."
	case denied.is(EINVAL) && explainKeyType(p, denied.status):
	case denied.is(EINVAL) && strings.Contains(denied.status, "exists but"):
		p.Kind, p.Why = problem.Exists, "Somebody created the user in this moment, with another key or other caps."
		p.Do = "Apply again, or import the user."
	case denied.is(ENOENT):
		p.Why, p.Do = "The user does not exist any more.", "Apply again: the next refresh notices it."
	}
	return err
}

// capsList returns service, caps, service, caps, ordered by service.
func capsList(caps map[string]string) []string {
	services := make([]string, 0, len(caps))
	for service := range caps {
		services = append(services, service)
	}
	sort.Strings(services)
	list := make([]string, 0, 2*len(services))
	for _, service := range services {
		list = append(list, service, caps[service])
	}
	return list
}
