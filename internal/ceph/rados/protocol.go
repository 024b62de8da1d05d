//go:build cgo

package rados

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

const (
	bannerTimeout = 2 * time.Second
	retryTimeout  = 5 * time.Second
)

// connectWithRetry connects, and tries once more after a timeout if a monitor listens nevertheless. At an address whose port is the usual
// one of neither protocol librados tries both, and waits for the one that isn't spoken there even when the monitor has refused the login
// by the other. The second attempt names the protocol.
func connectWithRetry(ctx context.Context, cfg ceph.Config, key *ceph.Key) (*rados.Conn, error) {
	monitors := cfg.MonHost
	handle, err := connect(cfg, key, &monitors)
	if !isErrno(err, ceph.ETIMEDOUT) {
		return handle, err
	}
	spoken := addressesWithProtocol(ctx, monitors)
	if spoken == "" {
		return nil, err
	}
	cfg.MonHost, cfg.ConnectTimeout = spoken, min(cfg.ConnectTimeout, retryTimeout)
	handle, again := connect(cfg, key, &monitors)
	if isErrno(again, ceph.ETIMEDOUT) {
		return nil, err
	}
	return handle, again
}

func isErrno(err error, want ceph.Errno) bool {
	var code ceph.Errno
	return err != nil && errors.As(errno(err), &code) && code == want
}

// addressesWithProtocol returns those addresses of a mon_host that name no protocol and at which a monitor answers, each with the
// protocol that it speaks; empty if there is none.
func addressesWithProtocol(ctx context.Context, monHost string) string {
	var spoken []string
	for _, address := range strings.FieldsFunc(monHost, func(r rune) bool { return strings.ContainsRune(",; \t", r) }) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || slices.Contains([]string{"", "v1", "v2", "any"}, host) || slices.Contains([]string{"3300", "6789"}, port) {
			continue
		}
		if protocol, remote := banner(ctx, address); protocol != "" {
			spoken = append(spoken, protocol+":"+remote)
		}
	}
	return strings.Join(spoken, ",")
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
