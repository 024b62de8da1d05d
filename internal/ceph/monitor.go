package ceph

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Endpoint is where a monitor listens. The zero value means that it doesn't speak this protocol.
type Endpoint struct {
	Host string // an address without brackets
	Port int
}

// Monitor is one monitor of the monitor map.
type Monitor struct {
	Name     string
	V1       Endpoint   // the legacy protocol, usually port 6789
	V2       Endpoint   // the messenger v2 protocol, usually port 3300
	Others   []Endpoint // further ones of these protocols, as of a monitor that has an address of IPv4 and one of IPv6
	InQuorum bool
}

// monDump is the monitor map in the reply to "mon dump".
type monDump struct {
	Mons []struct {
		Rank        int    `json:"rank"`
		Name        string `json:"name"`
		PublicAddrs struct {
			Addrvec []struct {
				Type string `json:"type"`
				Addr string `json:"addr"`
			} `json:"addrvec"`
		} `json:"public_addrs"`
	} `json:"mons"`
	Quorum []int `json:"quorum"`
	// AllowedCiphers are the key types that may log in; none where the release knows no key types.
	AllowedCiphers []cipher `json:"auth_allowed_ciphers"`
}

func (c *Cluster) monDump(ctx context.Context, what string) (dump monDump, err error) {
	err = c.mon(ctx, what, command{"prefix": "mon dump"}, &dump)
	return dump, err
}

// Monitors reads the monitor map, in its own order.
//
// Similar to: ceph mon dump
func (c *Cluster) Monitors(ctx context.Context) ([]Monitor, error) {
	return c.monitorMap.Get(ctx, struct{}{}, c.readMonitors)
}

func (c *Cluster) readMonitors(ctx context.Context) ([]Monitor, error) {
	what := fmt.Sprintf("Unable to read the monitors of cluster %q.", c.cfg.Label)
	dump, err := c.monDump(ctx, what)
	if err != nil {
		return nil, err
	}
	quorum := make(map[int]bool, len(dump.Quorum))
	for _, rank := range dump.Quorum {
		quorum[rank] = true
	}
	monitors := make([]Monitor, 0, len(dump.Mons))
	for _, m := range dump.Mons {
		monitor := Monitor{Name: m.Name, InQuorum: quorum[m.Rank]}
		for _, addr := range m.PublicAddrs.Addrvec {
			endpoint, err := parseEndpoint(addr.Addr)
			if err != nil {
				return nil, c.failed(what, "", err)
			}
			first := map[string]*Endpoint{"v1": &monitor.V1, "v2": &monitor.V2}[addr.Type]
			switch {
			case first == nil:
			case *first == Endpoint{}:
				*first = endpoint
			default:
				monitor.Others = append(monitor.Others, endpoint)
			}
		}
		monitors = append(monitors, monitor)
	}
	return monitors, nil
}

func parseEndpoint(text string) (Endpoint, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Endpoint{}, fmt.Errorf("monitor address: %w", err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Endpoint{}, fmt.Errorf("port of monitor address %q: %w", text, err)
	}
	return Endpoint{Host: host, Port: int(number)}, nil
}
