package ceph

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// OtherNetworks lists the networks to which grants are bound and in which this machine's own address is not: what a client there may do
// can't be tried from here.
func (c *Cluster) OtherNetworks(ctx context.Context, caps map[string]string) ([]string, error) {
	if len(networksWithout(caps, netip.Addr{})) == 0 {
		return nil, nil
	}
	own, _, err := read(ctx, c, fmt.Sprintf("Unable to learn this machine's address from cluster %q.", c.cfg.Label),
		func(ctx context.Context, conn Conn) (string, error) { return conn.Addr(ctx) })
	if err != nil {
		return nil, err
	}
	return networksWithout(caps, clientAddress(own)), nil
}

// networksWithout lists the networks of grants that don't contain an address. A text that is not a network contains none.
func networksWithout(caps map[string]string, address netip.Addr) []string {
	var list []string
	for _, text := range caps {
		clauses, _ := splitClauses(text)
		for _, clause := range clauses {
			if network := networkOf(tokenise(clause)); network != "" {
				if prefix, err := netip.ParsePrefix(network); err != nil || !prefix.Contains(address) {
					list = append(list, network)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// networkOf returns the network of a grant, "network 192.0.2.0/24" or "network=192.0.2.0/24"; empty where the grant is bound to none.
func networkOf(tokens []string) string {
	for i, token := range tokens {
		name, value, assigned := strings.Cut(token, "=")
		switch {
		case name != "network":
		case assigned:
			return value
		case i+1 < len(tokens):
			return tokens[i+1]
		}
	}
	return ""
}

// withoutNetwork returns the normal form of a grant without its network.
func withoutNetwork(grant string) string {
	words := strings.Fields(grant)
	if i := slices.Index(words, "network"); i >= 0 && i+1 < len(words) {
		words = slices.Delete(words, i, i+2)
	}
	return strings.Join(words, " ")
}

// clientAddress is the address in "192.0.2.7:0/1234".
func clientAddress(text string) netip.Addr {
	text, _, _ = strings.Cut(text, "/")
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
