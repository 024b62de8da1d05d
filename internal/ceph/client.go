package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// Client is a connection of a cephx entity to the monitors.
type Client struct {
	Addr string // "192.0.2.7:0/1234", as watchers have it
}

// Clients lists who is connected as this entity (such as client.libvirt) to any monitor of the quorum, without this
// provider's own connection. A release whose monitors tell that to nobody but their own machine is problem.Unsupported.
//
// Similar to: ceph tell mon.* sessions
func (c *Cluster) Clients(ctx context.Context, entity string) ([]Client, error) {
	what := fmt.Sprintf("Unable to list the clients of cluster %q.", c.cfg.Label)
	own, _, err := read(ctx, c, what, func(ctx context.Context, conn Conn) (string, error) {
		return conn.Addr(ctx)
	})
	if err != nil {
		return nil, err
	}
	sessions, err := c.sessions(ctx, what)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{own: true}
	var clients []Client
	for _, s := range sessions {
		if s.entity == entity && !seen[s.addr] {
			seen[s.addr] = true
			clients = append(clients, Client{Addr: s.addr})
		}
	}
	slices.SortFunc(clients, func(a, b Client) int { return cmp.Compare(a.Addr, b.Addr) })
	return clients, nil
}

// errConnected stands for the clients that RemainingClients has found.
var errConnected = errors.New("clients are connected")

// RemainingClients waits until no client of an entity is connected, and returns those that are still connected after the timeout. The
// monitors list a client for a while after it has closed its connection.
//
// Similar to: ceph tell mon.* sessions, again and again
func (c *Cluster) RemainingClients(ctx context.Context, entity string, timeout time.Duration) (clients []Client, err error) {
	progress := c.log.Wait(ctx, "clients to go", calllog.Object{Entity: entity})
	err = awaitRelease(ctx, timeout, progress, func() (held, err error) {
		now, err := c.Clients(ctx, entity)
		if err != nil {
			return nil, err // clients keeps what was found before
		}
		if clients = now; len(clients) == 0 {
			return nil, nil
		}
		return errConnected, nil
	})
	if errors.Is(err, errConnected) {
		return clients, nil
	}
	return nil, err
}

type session struct{ entity, addr, caps string } // the caps are those for monitors

// quorumAttempts is how often the monitors are asked for their sessions when one of them leaves the quorum at that time.
const quorumAttempts = 3

// sessions lists the sessions of all monitors of the quorum, of all clients: a long list, which serves all who ask before it begins.
func (c *Cluster) sessions(ctx context.Context, what string) ([]session, error) {
	general := fmt.Sprintf("Unable to list the sessions of the monitors of cluster %q.", c.cfg.Label)
	sessions, err := c.sessionCache.Get(readcache.Afresh(ctx), struct{}{}, func(ctx context.Context) ([]session, error) {
		return c.readSessions(ctx, general)
	})
	return sessions, replaceWhat(err, general, what)
}

// readSessions asks the monitors. The clients of one that has left the quorum are with the others, so these are asked again then.
func (c *Cluster) readSessions(ctx context.Context, what string) ([]session, error) {
	for attempt := 1; ; attempt++ {
		monitors, err := c.Monitors(ctx)
		if err != nil {
			return nil, err
		}
		sessions, denied, err := c.sessionsAt(ctx, what, monitors)
		if !denied.is(ENXIO) || attempt == quorumAttempts {
			return sessions, err
		}
		select {
		case <-time.After(recheckInterval):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (c *Cluster) sessionsAt(ctx context.Context, what string, monitors []Monitor) (sessions []session, denied refusal, err error) {
	for _, monitor := range monitors {
		if !monitor.InQuorum {
			continue
		}
		var reply []struct {
			Entity string `json:"entity_name"`
			Addrs  struct {
				Addrvec []struct {
					Addr  string `json:"addr"`
					Nonce uint64 `json:"nonce"`
				} `json:"addrvec"`
			} `json:"addrs"`
			Caps struct {
				Text string `json:"text"`
			} `json:"caps"`
		}
		denied, err := c.send(ctx, what, command{"prefix": "sessions"}, &reply,
			func(ctx context.Context, conn Conn, text []byte) ([]byte, string, error) {
				return conn.MonCommandTo(ctx, monitor.Name, text)
			})
		p := (*problem.Problem)(nil)
		if problem.Is(err, problem.Unsupported) && errors.As(err, &p) {
			p.Why = "The monitors of this release don't tell a client who is connected to them. Those of Ceph 14.2 don't."
			p.Do = "Ask each monitor on its own machine: ceph daemon mon.NAME sessions."
		}
		if denied.is(ENXIO) && errors.As(err, &p) {
			p.Kind = problem.Unreachable
			p.Why = fmt.Sprintf("Monitor %q is in the quorum, and can't be reached from this machine.", monitor.Name)
			p.Do = "Check that it runs (ceph -s), the network and firewalls (ports 3300 and 6789). Then apply again."
		}
		if err != nil {
			return nil, denied, err
		}
		for _, s := range reply {
			for _, a := range s.Addrs.Addrvec {
				sessions = append(sessions, session{s.Entity, fmt.Sprintf("%s/%d", a.Addr, a.Nonce), s.Caps.Text})
			}
		}
	}
	return sessions, refusal{}, nil
}
