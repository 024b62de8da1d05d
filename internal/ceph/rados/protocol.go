//go:build cgo

package rados

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ceph/go-ceph/rados"
	"golang.org/x/sync/errgroup"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

const (
	bannerTimeout = 2 * time.Second
	retryTimeout  = 5 * time.Second
)

// connectWithRetry connects, and tries a second time beside the first if that takes long and a monitor listens nevertheless. At an address
// whose port is the usual one of neither protocol librados tries both, and waits for the one that isn't spoken there even when the monitor
// has refused the login by the other. The second attempt names the protocol. Both end within the time that is configured.
func connectWithRetry(ctx context.Context, cfg ceph.Config, key *ceph.Key) (*rados.Conn, error) {
	first, monitors, err := prepare(cfg, key)
	if err != nil {
		return nil, err
	}
	attempts := connecting{make(chan connected, 2), 0}
	attempts.begin(first)
	retryTime := min(cfg.ConnectTimeout/2, retryTimeout)
	slow := time.NewTimer(cfg.ConnectTimeout - retryTime)
	defer slow.Stop()
	retried := false
	for {
		select {
		case r := <-attempts.results:
			attempts.running--
			if !isErrno(r.err, ceph.ETIMEDOUT) || retried && attempts.running == 0 {
				attempts.abandon()
				return r.handle, r.err
			}
			err = r.err
		case <-slow.C:
		}
		if retried {
			continue
		}
		retried = true
		again := cfg
		again.MonHost, again.ConnectTimeout = addressesWithProtocol(ctx, monitors), retryTime
		if again.MonHost != "" {
			if second, _, failure := prepare(again, key); failure == nil {
				attempts.begin(second)
			}
		}
		if attempts.running == 0 {
			return nil, err
		}
	}
}

// connected is how an attempt has ended.
type connected struct {
	handle *rados.Conn
	err    error
}

// connecting are attempts under way.
type connecting struct {
	results chan connected
	running int
}

func (c *connecting) begin(handle *rados.Conn) {
	c.running++
	go func() {
		if err := handle.Connect(); err != nil {
			c.results <- connected{nil, err}
			return
		}
		c.results <- connected{handle, nil}
	}()
}

// abandon leaves the attempts that still run to their own end.
func (c *connecting) abandon() {
	for range c.running {
		go func() {
			if late := <-c.results; late.err == nil {
				late.handle.Shutdown()
			} else {
				releaseFailed()
			}
		}()
	}
}

// releaseFailed frees handles whose attempt has failed: librados keeps their threads and sockets until they are finalised.
func releaseFailed() { runtime.GC() }

func isErrno(err error, want ceph.Errno) bool {
	var code ceph.Errno
	return err != nil && errors.As(errno(err), &code) && code == want
}

// addressesWithProtocol returns those addresses of a mon_host that name no protocol and at which a monitor answers, each with the
// protocol that it speaks; empty if there is none.
func addressesWithProtocol(ctx context.Context, monHost string) string {
	var group errgroup.Group
	var spoken []*string // in the order of the addresses
	for _, address := range strings.FieldsFunc(monHost, func(r rune) bool { return strings.ContainsRune(",; \t", r) }) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || slices.Contains([]string{"", "v1", "v2", "any"}, host) || slices.Contains([]string{"3300", "6789"}, port) {
			continue
		}
		found := new(string)
		spoken = append(spoken, found)
		group.Go(func() error {
			if protocol, remote := banner(ctx, address); protocol != "" {
				*found = protocol + ":" + remote
			}
			return nil
		})
	}
	_ = group.Wait()
	var answering []string
	for _, address := range spoken {
		if *address != "" {
			answering = append(answering, *address)
		}
	}
	return strings.Join(answering, ",")
}

// banner connects to an address and reads what is sent first: a monitor begins with the name of its protocol.
func banner(ctx context.Context, address string) (protocol, remote string) {
	ctx, cancel := context.WithTimeout(ctx, bannerTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", ""
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(bannerTimeout))
	words := make([]byte, len("ceph v2\n"))
	if _, err := io.ReadFull(conn, words); err != nil {
		return "", ""
	}
	switch {
	case string(words) == "ceph v2\n":
		protocol = "v2"
	case strings.HasPrefix(string(words), "ceph v0"):
		protocol = "v1"
	}
	return protocol, conn.RemoteAddr().String()
}
