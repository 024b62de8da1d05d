package ceph

import (
	"context"
	"fmt"
	"net"
	"regexp"
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
	V1       Endpoint // the legacy protocol, usually port 6789
	V2       Endpoint // the messenger v2 protocol, usually port 3300
	InQuorum bool
}

// Info describes a cluster.
type Info struct {
	FSID     string
	Release  string // such as "pacific"
	Version  string // such as "16.2.15"
	Monitors []Monitor
	Health   string // HEALTH_OK, HEALTH_WARN or HEALTH_ERR
}

var versionText = regexp.MustCompile(`^ceph version (\S+)(?: \([0-9a-f]+\))?(?: (\S+))?`)

// Info reads the cluster's identity, release, monitors and health.
//
// Similar to: ceph mon dump; ceph version; ceph health
func (c *Cluster) Info(ctx context.Context) (Info, error) {
	fsid, err := c.FSID(ctx)
	if err != nil {
		return Info{}, err
	}
	what := fmt.Sprintf("Unable to read the state of cluster %q.", c.cfg.Label)
	info := Info{FSID: fsid}
	if info.Monitors, err = c.Monitors(ctx); err != nil {
		return Info{}, err
	}
	var version struct {
		Version string `json:"version"`
	}
	if err := c.mon(ctx, what, command{"prefix": "version"}, &version); err != nil {
		return Info{}, err
	}
	if m := versionText.FindStringSubmatch(version.Version); m != nil {
		info.Version, info.Release = m[1], m[2]
	}
	var health struct {
		Status string `json:"status"`
	}
	if err := c.mon(ctx, what, command{"prefix": "health"}, &health); err != nil {
		return Info{}, err
	}
	info.Health = health.Status
	return info, nil
}

// Monitors reads the monitor map, in its own order.
//
// Similar to: ceph mon dump
func (c *Cluster) Monitors(ctx context.Context) ([]Monitor, error) {
	what := fmt.Sprintf("Unable to read the monitors of cluster %q.", c.cfg.Label)
	var dump struct {
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
	}
	if err := c.mon(ctx, what, command{"prefix": "mon dump"}, &dump); err != nil {
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
			switch addr.Type {
			case "v1":
				monitor.V1 = endpoint
			case "v2":
				monitor.V2 = endpoint
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
	number, err := strconv.Atoi(port)
	if err != nil {
		return Endpoint{}, fmt.Errorf("port of monitor address %q: %w", text, err)
	}
	return Endpoint{Host: host, Port: number}, nil
}
