// Package ceph manages pools, users and RBD images of one or more clusters. It knows neither Terraform nor cgo: the
// connection is the Conn interface, which package rados implements with librados and librbd. Every error is a
// *problem.Problem, and no error, log line or formatted value holds a key.
package ceph

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// Cluster is one cluster, connected on first use. It is safe for concurrent use.
type Cluster struct {
	cfg  Config
	dial Dial
	log  calllog.Logger
	now  func() time.Time

	poolCache    readcache.Cache[struct{}, []Pool]
	monitorMap   readcache.Cache[struct{}, []Monitor]
	sessionCache readcache.Cache[struct{}, []session]
	dataPools    readcache.Cache[struct{}, map[int64][]poolImage] // the images that have a data pool, by its id
	directories  readcache.Cache[directoryOf, directory]
	snapshots    readcache.Cache[imageKey, ImageSnapshots]
	namespaces   readcache.Cache[int64, []string] // by the id of their pool
	ruleCache    readcache.Cache[struct{}, []crushRule]
	served       readcache.Cache[servedObject, struct{}]
	userConns    readcache.Cache[userKey, *userConn]
	intents      intentStore
	breaker      *breaker.Breaker[*identifiedConn]
}

// identifiedConn is a connection with the fsid of its cluster.
type identifiedConn struct {
	Conn
	fsid string
}

// NewCluster returns a cluster that is not connected yet.
func NewCluster(cfg Config, dial Dial) *Cluster {
	c := &Cluster{cfg: cfg.WithDefaults(), dial: dial, log: calllog.New("cluster", cfg.Label, cfg.Log), now: time.Now}
	c.intents.load = make(chan struct{}, 1)
	c.poolCache.Burst = poolBurst
	c.breaker = breaker.New(breaker.Config[*identifiedConn]{
		Dial: c.connect, Check: c.check, Close: func(conn *identifiedConn) { conn.Close() }, Explain: c.notConnected,
		DialToEnd: true, // librados can't be interrupted
	})
	return c
}

// Label returns the cluster's name in the provider block.
func (c *Cluster) Label() string { return c.cfg.Label }

// Entity returns the cephx entity that the provider itself uses, such as client.admin.
func (c *Cluster) Entity() string { return entityOf(c.cfg.User) }

// Pin returns the only fsid that the configuration accepts, empty where it accepts any.
func (c *Cluster) Pin() string { return c.cfg.FSID }

// FSID connects if needed, checks the pin, and returns the cluster's identity.
//
// Similar to: ceph fsid
func (c *Cluster) FSID(ctx context.Context) (string, error) {
	conn, err := c.breaker.Acquire(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Release(ctx)
	return conn.Conn.fsid, nil
}

// Close ends the connection. The cluster can't be used afterwards.
func (c *Cluster) Close() { c.breaker.Close() }

// notConnected makes the error for callers who get no connection.
func (c *Cluster) notConnected(err error) error {
	switch {
	case errors.Is(err, net.ErrClosed):
		return &problem.Problem{Kind: problem.Unreachable, What: fmt.Sprintf("The connection to cluster %q is closed.", c.cfg.Label)}
	case errors.As(err, new(breaker.TimeLimit)):
		return c.failed(fmt.Sprintf("Unable to ask cluster %q.", c.cfg.Label), "", err)
	}
	return c.failed(fmt.Sprintf("Unable to connect to cluster %q.", c.cfg.Label), "", err)
}

// check asks the monitors for their version. A refusal is an answer too, and a lost connection is left to the next call.
func (c *Cluster) check(ctx context.Context, conn *identifiedConn) error {
	_, err := c.version(ctx, conn, c.cfg.ConnectTimeout)
	return err
}

// version asks the monitors, for so long at most, for their release, which is empty where they don't tell it, or where the connection is
// lost. It is an error where no answer comes.
func (c *Cluster) version(ctx context.Context, conn Conn, limit time.Duration) (release, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	reply, _, err := conn.MonCommand(ctx, []byte(`{"prefix": "version", "format": "json"}`), nil)
	switch {
	case err == nil:
		return releaseOf(reply), nil
	case !unanswered(err) || lost(err):
		return release{}, nil
	}
	if ctx.Err() == nil {
		return release{}, c.failed(fmt.Sprintf("Unable to ask cluster %q.", c.cfg.Label), "", err)
	}
	return release{}, &problem.Problem{
		Kind: problem.Unreachable, Unanswered: true,
		What: fmt.Sprintf("Unable to ask cluster %q.", c.cfg.Label),
		Why:  fmt.Sprintf("Cluster %q did not answer within its connect_timeout of %s.", c.cfg.Label, limit),
		Do:   "Check that the monitors have a quorum (ceph -s). If the cluster is only slow, raise its connect_timeout.",
	}
}

// connectGrace is how much longer than its configured time a client library may take to end an attempt by itself, with the better error: it
// counts in whole seconds.
const connectGrace = time.Second

// releaseLimit is for how long a new connection is asked for the monitors' release.
const releaseLimit = time.Second

func (c *Cluster) connect(ctx context.Context) (*identifiedConn, error) {
	// librados ends the attempt itself after ConnectTimeout, with a better error; this ends an attempt that hangs in spite of that.
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout+connectGrace)
	defer cancel()
	end := c.log.Start(ctx, calllog.Call{Name: "connect", Change: true, Object: calllog.Object{Entity: c.Entity()}})
	conn, err := c.dial(ctx, c.cfg)
	end(refusalOf(err))
	if err != nil {
		return nil, c.notConnected(err)
	}
	fsid, err := conn.FSID(ctx)
	if err != nil {
		conn.Close()
		return nil, c.notConnected(err)
	}
	if c.cfg.FSID != "" && c.cfg.FSID != fsid {
		conn.Close()
		return nil, &problem.Problem{
			Kind: problem.WrongIdentity,
			What: fmt.Sprintf("Cluster %q is not the cluster that its fsid names.", c.cfg.Label),
			Why: fmt.Sprintf("The configuration pins fsid %s, but the monitors belong to the cluster with fsid %s. Nothing was read or changed.",
				c.cfg.FSID, fsid),
			Do: "Correct mon_host or config_file so that they lead to the pinned cluster, or the pin if the other cluster is meant.",
		}
	}
	// Monitors that let the client in, and then don't answer, are left to the next call, which has a time limit and an error of its own.
	// Its time does not begin much later because of this question.
	if release, err := c.version(ctx, conn, min(releaseLimit, c.cfg.ConnectTimeout)); err == nil && release.tooOld() {
		conn.Close()
		return nil, c.releaseTooOld(release)
	}
	if c.cfg.Log != nil {
		conn = loggedConn{conn, c.log}
	}
	return &identifiedConn{conn, fsid}, nil
}
