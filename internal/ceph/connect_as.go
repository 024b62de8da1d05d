package ceph

import (
	"context"
	"strings"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// userKey is a user with one of its keys.
type userKey struct{ name, fingerprint string }

// userConn is a connection as another user than the provider's own, for the checks that are under way at the same time.
type userConn struct {
	Conn

	mu     sync.Mutex
	checks int // 0 once it is closed
}

// connectAs connects as a user. Who asks with [readcache.Share] may get the connection of another check that is still under way: the
// monitors and OSDs then have one more client, not one for each image. mine tells that it is a new one. Call release when it is not needed
// any more.
func (c *Cluster) connectAs(ctx context.Context, cfg Config) (conn Conn, mine bool, release func(), err error) {
	shared, err := c.userConns.Get(ctx, userKey{cfg.User, cfg.Key.Fingerprint()}, func(ctx context.Context) (*userConn, error) {
		mine = true
		conn, err := c.dial(ctx, cfg)
		return &userConn{Conn: conn, checks: 1}, err
	})
	switch {
	case err != nil:
		return nil, mine, nil, err
	case !mine && !shared.join():
		return c.connectAs(readcache.Afresh(ctx), cfg)
	}
	return shared.Conn, mine, shared.leave, nil
}

// join reports false where the connection is closed already.
func (u *userConn) join() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.checks == 0 {
		return false
	}
	u.checks++
	return true
}

// leave closes the connection after the last check.
func (u *userConn) leave() {
	u.mu.Lock()
	u.checks--
	last := u.checks == 0
	u.mu.Unlock()
	if last {
		u.Close()
	}
}

// changesUsers tells whether a monitor command may change users: connections that are open keep the caps that these had.
func changesUsers(cmd command) bool {
	prefix, ok := cmd["prefix"].(string)
	return ok && strings.HasPrefix(prefix, "auth ") && prefix != "auth get"
}
