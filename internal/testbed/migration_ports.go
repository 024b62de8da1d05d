package testbed

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// migrationPorts is how many ports a hypervisor has for incoming guests.
const migrationPorts = 8

// chooseMigrationPorts finds a range of free ports and returns the first. The ports are above those of monitors and below those that
// the kernel takes for outgoing connections. The range is random, since each libvirtd looks for a free port only within its own: with
// the same range, those of two beds could choose the same port at the same time.
func chooseMigrationPorts() (int, error) {
	const lowest, rows, attempts = 30000, 345, 50
	for range attempts {
		first := lowest + migrationPorts*rand.IntN(rows)
		if rowFree(first) {
			return first, nil
		}
	}
	return 0, errors.New("can't find free ports for migrations")
}

func rowFree(first int) bool {
	for port := first; port < first+migrationPorts; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}
