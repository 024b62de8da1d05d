package ceph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// UserEntry is a user in a listing, without its key.
type UserEntry struct {
	Name           string // without "client."
	Entity         string // with it
	Caps           map[string]string
	KeyType        string // empty for one that has no name here
	KeyFingerprint string // empty where what the cluster keeps is not a key
}

// Users lists all users of type client, sorted by name, without their keys.
//
// Similar to: ceph auth ls
func (c *Cluster) Users(ctx context.Context) ([]UserEntry, error) {
	var all struct {
		Dump []struct {
			Entity string            `json:"entity"`
			Key    Key               `json:"key"`
			Caps   map[string]string `json:"caps"`
		} `json:"auth_dump"`
	}
	what := fmt.Sprintf("Unable to list the users of cluster %q.", c.cfg.Label)
	if err := c.mon(ctx, what, command{"prefix": "auth ls"}, &all); err != nil {
		return nil, err
	}
	var users []UserEntry
	for _, r := range all.Dump {
		if name, isClient := strings.CutPrefix(r.Entity, entityOf("")); isClient {
			users = append(users, UserEntry{name, r.Entity, r.Caps, r.Key.Type(), r.Key.Fingerprint()})
		}
	}
	slices.SortFunc(users, func(a, b UserEntry) int { return cmp.Compare(a.Name, b.Name) })
	return users, nil
}
