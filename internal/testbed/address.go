package testbed

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
)

// The monitors' default ports of the two messenger protocols.
const (
	defaultV1Port = 6789
	defaultV2Port = 3300
)

// MonAddr is the address of a monitor.
type MonAddr struct {
	Name   string // such as a
	Host   string // an IPv4 or bare IPv6 address
	V1Port int
	V2Port int
}

// String returns the address as in ceph.conf and in a monmap: [v2:192.0.2.1:3300,v1:192.0.2.1:6789].
func (m MonAddr) String() string {
	return fmt.Sprintf("[v2:%s,v1:%s]",
		net.JoinHostPort(m.Host, strconv.Itoa(m.V2Port)), net.JoinHostPort(m.Host, strconv.Itoa(m.V1Port)))
}

// monHost returns the value of mon_host. An address with both default ports is written without ports, as most people do.
func monHost(monitors []MonAddr) string {
	var addresses []string
	for _, m := range monitors {
		if m.V1Port == defaultV1Port && m.V2Port == defaultV2Port {
			addresses = append(addresses, m.Host)
		} else {
			addresses = append(addresses, m.String())
		}
	}
	return strings.Join(addresses, ",")
}

// HasIPv6 reports whether this machine has an IPv6 loopback address.
func HasIPv6() bool {
	content, err := os.ReadFile("/proc/net/if_inet6")
	return err == nil && strings.Contains(string(content), "00000000000000000000000000000001")
}

// chooseAddresses finds free addresses for n monitors: on the given host, or each at an IP address of its own. These are from a random
// part of 127.0.0.0/8, so that several beds can run at the same time.
func chooseAddresses(n int, host string, defaultPorts bool) ([]MonAddr, error) {
	const attempts = 50
	for range attempts {
		base := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(254), rand.IntN(255))
		monitors := make([]MonAddr, n)
		for i := range monitors {
			monitors[i] = MonAddr{Name: string(rune('a' + i)), Host: base + strconv.Itoa(i+1), V1Port: defaultV1Port, V2Port: defaultV2Port}
			if host != "" {
				monitors[i].Host = host
			}
			if !defaultPorts {
				// Below the range from which the kernel takes the ports of outgoing connections.
				monitors[i].V1Port = 10000 + 2*rand.IntN(10000)
				monitors[i].V2Port = monitors[i].V1Port + 1
			}
		}
		if allFree(monitors) {
			return monitors, nil
		}
	}
	return nil, fmt.Errorf("can't find free loopback addresses for %d monitors", n)
}

func allFree(monitors []MonAddr) bool {
	for _, m := range monitors {
		for _, port := range []int{m.V1Port, m.V2Port} {
			listener, err := net.Listen("tcp", net.JoinHostPort(m.Host, strconv.Itoa(port)))
			if err != nil {
				return false
			}
			// Kept until the others are checked, so that two monitors don't get the same port.
			defer listener.Close()
		}
	}
	return true
}
