package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	what := c.unableToReadUser(name)
	record, denied, err := c.authGet(ctx, what, name)
	if denied.is(ENOENT) {
		if missing := c.userMissing(ctx, what, name); missing != nil {
			return authRecord{}, missing
		}
	}
	return record, err
}

func (c *Cluster) unableToReadUser(name string) string {
	return fmt.Sprintf("Unable to read user %s of cluster %q.", entityOf(name), c.cfg.Label)
}

// authGet asks for one user. That it is refused with ENOENT is enough to create the user, but not to take it out of a state.
func (c *Cluster) authGet(ctx context.Context, what, name string) (authRecord, refusal, error) {
	var records []authRecord
	denied, err := c.monStatus(ctx, what, command{"prefix": "auth get", "entity": entityOf(name)}, &records)
	if err != nil {
		return authRecord{}, denied, err
	}
	for _, r := range records {
		if r.Entity == entityOf(name) {
			return r, denied, nil
		}
	}
	return authRecord{}, denied, c.failed(what, "", errors.New("the reply does not hold the user"))
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
	case denied.is(EINVAL) && strings.Contains(denied.status, "error decoding keyring"):
		p.Kind, p.Why = problem.Unsupported, "The monitors can't read the key: their release does not know its type."
		p.Do = chooseAES
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
	slices.Sort(services)
	list := make([]string, 0, 2*len(services))
	for _, service := range services {
		list = append(list, service, caps[service])
	}
	return list
}
