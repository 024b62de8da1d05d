// Package ceph manages pools, users and RBD images of one or more clusters. It knows neither Terraform nor cgo: the
// connection is the Conn interface, which package rados implements with librados and librbd. Every error is a
// *problem.Problem, and no error, log line or formatted value holds a key.
package ceph

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// failureMemory is how long a failed connection answers for the next callers, so that many resources of a dead cluster
// wait once, and not one after the other.
const failureMemory = 3 * time.Second

// Cluster is one cluster, connected on first use. It is safe for concurrent use.
type Cluster struct {
	cfg  Config
	dial Dial
	log  calllog.Logger
	now  func() time.Time

	listing poolListing

	mu       sync.Mutex
	conn     Conn
	fsid     string
	attempt  *attempt
	failure  error
	failedAt time.Time
	closed   bool
}

// attempt is a connection under way, shared by all who wait for it.
type attempt struct {
	done chan struct{}
	conn Conn
	err  error
}

// NewCluster returns a cluster that is not connected yet.
func NewCluster(cfg Config, dial Dial) *Cluster {
	return &Cluster{cfg: cfg.WithDefaults(), dial: dial, log: calllog.New("cluster", cfg.Label, cfg.Log), now: time.Now}
}

// Label returns the cluster's name in the provider block.
func (c *Cluster) Label() string { return c.cfg.Label }

// Entity returns the cephx entity that the provider itself uses, such as client.admin.
func (c *Cluster) Entity() string { return entityOf(c.cfg.User) }

// Pin returns the only fsid that the configuration accepts, empty where it accepts any.
func (c *Cluster) Pin() string { return c.cfg.FSID }

// Connected tells whether a connection exists, without making one.
func (c *Cluster) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn != nil
}

// FSID connects if needed, checks the pin, and returns the cluster's identity.
//
// Similar to: ceph fsid
func (c *Cluster) FSID(ctx context.Context) (string, error) {
	if _, err := c.connection(ctx); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fsid, nil
}

// Close ends the connection. The cluster can't be used afterwards.
func (c *Cluster) Close() {
	c.mu.Lock()
	conn := c.conn
	c.conn, c.closed = nil, true
	c.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
}

// connection returns the shared connection. Whoever comes while an attempt is under way waits for that one; a caller
// that gives up does not end the attempt for the others.
func (c *Cluster) connection(ctx context.Context) (Conn, error) {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return nil, &problem.Problem{Kind: problem.Unreachable, What: fmt.Sprintf("The connection to cluster %q is closed.", c.cfg.Label)}
	case c.conn != nil:
		conn := c.conn
		c.mu.Unlock()
		return conn, nil
	case c.failure != nil && c.now().Sub(c.failedAt) < failureMemory:
		err := c.failure
		c.mu.Unlock()
		return nil, problem.Copy(err)
	}
	current := c.attempt
	if current == nil {
		current = &attempt{done: make(chan struct{})}
		c.attempt = current
		go c.connect(context.WithoutCancel(ctx), current)
	}
	c.mu.Unlock()

	select {
	case <-current.done:
		return current.conn, problem.Copy(current.err)
	case <-ctx.Done():
		return nil, c.failed(fmt.Sprintf("Unable to connect to cluster %q.", c.cfg.Label), "", ctx.Err())
	}
}

func (c *Cluster) connect(ctx context.Context, current *attempt) {
	// librados ends the attempt itself after ConnectTimeout, with a better error; this is for what hangs all the same.
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout+10*time.Second)
	defer cancel()
	conn, fsid, err := c.dialPinned(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.closed {
		conn.Close()
		conn, err = nil, &problem.Problem{Kind: problem.Unreachable, What: fmt.Sprintf("The connection to cluster %q is closed.", c.cfg.Label)}
	}
	current.conn, current.err = conn, err
	c.attempt = nil
	c.failure, c.failedAt = err, c.now()
	if err == nil {
		c.conn, c.fsid = conn, fsid
	}
	close(current.done)
}

func (c *Cluster) dialPinned(ctx context.Context) (Conn, string, error) {
	what := fmt.Sprintf("Unable to connect to cluster %q.", c.cfg.Label)
	end := c.log.Start(ctx, calllog.Call{Name: "connect", Change: true, Object: calllog.Object{Entity: c.Entity()}})
	conn, err := c.dial(ctx, c.cfg)
	end(refusalOf(err))
	if err != nil {
		return nil, "", c.failed(what, "", err)
	}
	fsid, err := conn.FSID(ctx)
	if err != nil {
		conn.Close()
		return nil, "", c.failed(what, "", err)
	}
	if c.cfg.FSID != "" && c.cfg.FSID != fsid {
		conn.Close()
		return nil, "", &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("Cluster %q is not the cluster that its fsid names.", c.cfg.Label),
			Why: fmt.Sprintf("The configuration pins fsid %s, but the monitors belong to the cluster with fsid %s. Nothing was read or changed.",
				c.cfg.FSID, fsid),
			Do: "Correct mon_host or config_file so that they lead to the pinned cluster, or the pin if the other cluster is meant.",
		}
	}
	if c.cfg.Log != nil {
		conn = loggedConn{conn, c.log}
	}
	return conn, fsid, nil
}

// drop forgets a connection that can't be used any more, so that the next operation makes a new one.
func (c *Cluster) drop(conn Conn) {
	c.mu.Lock()
	stale := conn != nil && c.conn == conn
	if stale {
		c.conn = nil
	}
	c.mu.Unlock()
	if stale {
		conn.Close()
	}
}
